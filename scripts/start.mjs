/** npm start: everything from a fresh clone to the app in a browser. */
import { spawn, spawnSync } from 'node:child_process'
import { ensurePackages, root, say, which } from './ensure.mjs'
import { serve } from './serve.mjs'
import { isStale } from './stale.mjs'

const sources = [
  'src',
  'workers',
  'public',
  'scripts',
  'index.html',
  'vite.config.ts',
  'svelte.config.js',
  'package-lock.json',
]

/** Opens the address in the person's own browser; where there is no screen, the printed address must do. */
function openBrowser(/** @type {string} */ url) {
  const command =
    { darwin: 'open', win32: 'explorer' }[/** @type {string} */ (process.platform)] ?? 'xdg-open'
  const hasScreen = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY
  if (process.env.CI || !hasScreen || !which(command)) return
  spawn(command, [url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref()
}

try {
  ensurePackages()
  if (isStale('dist/index.html', sources)) {
    say('Building …')
    const built = spawnSync(
      process.execPath,
      ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn'],
      {
        cwd: root,
        stdio: ['ignore', 2, 2],
      },
    )
    if (built.status !== 0) throw new Error('The build failed; its words are above.')
  }
  const { url } = await serve()
  process.stdout.write(`\nPeel is at ${url}   (Ctrl+C stops it)\n`)
  openBrowser(url)
} catch (thrown) {
  say(thrown instanceof Error ? thrown.message : String(thrown))
  process.exitCode = 1
}
