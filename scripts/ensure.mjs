/**
 * What a fresh machine lacks: npm packages, a Chromium, Debian packages. Needs nothing but Node itself, since it runs
 * before anything is installed. Everything it prints goes to stderr: stdout belongs to the program that called it.
 *
 *   node scripts/ensure.mjs [packages] [chromium] [browsers]
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** @param {string} words */
export const say = (words) => process.stderr.write(`${words}\n`)

/** @param {string} command @returns {string | null} its path */
export function which(command) {
  for (const folder of (process.env.PATH ?? '').split(':')) {
    const path = join(folder || '.', command)
    if (existsSync(path)) return path
  }
  return null
}

/**
 * Runs a command with its output on stderr.
 * @param {string} command @param {readonly string[]} args @param {Record<string, string>} [env]
 */
function run(command, args, env = {}) {
  return (
    spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, ...env } })
      .status === 0
  )
}

// ---------------------------------------------------------------- npm packages

/** @typedef {{ version?: string, optional?: boolean, devOptional?: boolean, link?: boolean }} Locked */

/** @param {string} path @returns {Record<string, Locked>} */
const locked = (path) => JSON.parse(readFileSync(path, 'utf8')).packages

/** Compared by content, not by date: a fresh checkout makes every lock file look new. */
function packagesFit() {
  const installed = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(installed)) return false
  const here = locked(installed)
  return Object.entries(locked(join(root, 'package-lock.json'))).every(
    ([path, entry]) =>
      path === '' || here[path]?.version === entry.version || (!here[path] && entry.optional),
  )
}

/** npm ci, where node_modules is missing or is not what the lock file says. */
export function ensurePackages() {
  if (packagesFit()) return
  say('Installing the npm packages (npm ci) …')
  if (!run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']))
    throw new Error('npm ci failed; its words are above.')
}

// ---------------------------------------------------------------- Debian packages

let listsAreFresh = false

/**
 * Installs Debian packages where apt-get and root are there.
 * @param {readonly string[]} names @returns {boolean} whether it could
 */
export function ensureDebian(names) {
  if (names.length === 0) return true
  if (process.getuid?.() !== 0 || !which('apt-get')) return false
  say(`Installing from Debian: ${names.join(' ')} …`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  if (!listsAreFresh) run('apt-get', ['-qq', 'update'], env)
  listsAreFresh = true
  return run(
    'apt-get',
    ['-qq', '-y', '-o=Dpkg::Use-Pty=0', 'install', '--no-install-recommends', ...names],
    env,
  )
}

/**
 * Commands by the Debian package that has each; installs what is missing.
 * @param {Record<string, string>} packages command → package @returns {string[]} commands that are still missing
 */
export function ensureCommands(packages) {
  const missing = () => Object.keys(packages).filter((command) => !which(command))
  const wanted = [...new Set(missing().map((command) => packages[command]))]
  // One at a time where all at once fails: one package that is not to be had must not take the others with it.
  if (wanted.length > 0 && !ensureDebian(wanted)) for (const name of wanted) ensureDebian([name])
  return missing()
}

// ---------------------------------------------------------------- Firefox and WebKit, for npm run smoke

const otherBrowsers = {
  'firefox-esr': 'firefox-esr',
  WebKitWebDriver: 'webkit2gtk-driver',
  Xvfb: 'xvfb',
}

// ---------------------------------------------------------------- Chromium

/** What Chromium needs to be driven, and not to look for the net; without a sandbox only where root leaves no other way. */
export const chromiumFlags = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** @returns {string | null} */
export function findChromium() {
  const named = process.env.PEEL_CHROMIUM
  if (named) {
    if (!existsSync(named)) throw new Error(`PEEL_CHROMIUM names ${named}, and there is no such file.`)
    return named
  }
  for (const command of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    const path = which(command)
    if (path) return path
  }
  return null
}

/** Playwright's own download, where an earlier run fetched it. @returns {Promise<string | null>} */
async function playwrightsOwn() {
  try {
    const { chromium } = await import('playwright')
    const path = chromium.executablePath()
    return existsSync(path) ? path : null
  } catch {
    return null // Playwright has no build for this system, or is not installed yet.
  }
}

/** @returns {Promise<string>} path of a Chromium, which is also put into PEEL_CHROMIUM for the programs started from here */
export async function ensureChromium() {
  let path = findChromium() ?? (await playwrightsOwn())
  if (!path && ensureDebian(['chromium'])) path = findChromium()
  if (!path && run('npx', ['playwright', 'install', 'chromium'])) path = await playwrightsOwn()
  if (!path)
    throw new Error(
      'No Chromium was found, and none could be installed. Install one (Debian: apt-get install chromium), or name one: PEEL_CHROMIUM=/path/to/chrome.',
    )
  process.env.PEEL_CHROMIUM = path
  return path
}

/** @param {string} path @returns {string} "Chromium 156.0 …", or "" */
export function versionOf(path) {
  try {
    return execFileSync(path, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const wanted = process.argv.length > 2 ? process.argv.slice(2) : ['packages', 'chromium']
  try {
    if (wanted.includes('packages')) ensurePackages()
    if (wanted.includes('browsers')) ensureCommands(otherBrowsers)
    if (wanted.includes('chromium')) say(`Chromium: ${await ensureChromium()}`)
  } catch (thrown) {
    say(thrown instanceof Error ? thrown.message : String(thrown))
    process.exitCode = 1
  }
}
