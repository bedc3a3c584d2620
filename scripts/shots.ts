/** npm run shots: the pictures of docs/, made anew from the built app. To be looked at before they are committed. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright'
import { corpus, corpusFile, unzstd } from '../src/testkit/corpus'
import { chromiumFlags, ensureChromium, ensureCommands, root, say } from './ensure.mjs'
import { serve } from './serve.mjs'

const docs = join(root, 'docs')
mkdirSync(docs, { recursive: true })
if (!corpus) throw new Error('The pictures show real images, and the corpus is not there.')
const alpine = corpusFile('built/alpine-3.20-docker28-save.tar')
const redis = unzstd('built/redis-7-docker28-save.tar.zst')
if (ensureCommands({ pngquant: 'pngquant', optipng: 'optipng' }).length > 0)
  throw new Error('The pictures are made lean by pngquant and optipng, which Debian has; they are not there.')
const server = await serve({ folder: join(root, 'dist'), port: 0 })
const browser = await chromium.launch({ executablePath: await ensureChromium(), args: [...chromiumFlags] })

async function fresh(width = 1280, height = 760): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height },
    locale: 'en-GB',
    timezoneId: 'UTC',
  })
  await context.addInitScript(() => {
    // Hints are for the first time; pictures are of the second.
    localStorage.setItem('peel.hints', 'layers files config dockerfile anatomy waste changes')
    Object.defineProperty(globalThis, 'showSaveFilePicker', { value: undefined })
  })
  const page = await context.newPage()
  await page.goto(server.url)
  await page.getByRole('button', { name: 'Open image…' }).waitFor()
  return page
}

async function open(page: Page, path: string): Promise<void> {
  await page.getByLabel('Open image archive').setInputFiles(path)
  await page.locator('[role=treegrid][aria-busy=false]').waitFor({ timeout: 60_000 })
  await page.getByText(/verified (\d+)\/\1/).waitFor({ timeout: 60_000 })
  await page.getByText('kept in this browser').waitFor({ timeout: 60_000 })
}

async function shot(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(600)
  const path = join(docs, `${name}.png`)
  await page.screenshot({ path, animations: 'disabled' })
  lean(path)
  say(`${name}.png ${Math.round(statSync(path).size / 1000)} kB`)
}

/** A screen of lines and letters has few colours: a palette of them is a third of the bytes, and no eye sees it. */
function lean(path: string): void {
  execFileSync('pngquant', ['--force', '--skip-if-larger', '--speed=1', '--output', path, '64', path])
  execFileSync('optipng', ['-quiet', '-o5', '-strip', 'all', path])
}

/** Finds a path by the search, as people do. */
async function look(page: Page, path: string): Promise<void> {
  await page.keyboard.press('Control+k')
  await page.keyboard.type(path)
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: 'Inspector' }).getByRole('heading', { name: path }).waitFor()
}

const tab = (page: Page, name: string) => page.getByRole('tab', { name, exact: true }).click()

try {
  const start = await fresh()
  await start.getByText('network: blocked').waitFor()
  await shot(start, 'start')
  await start.getByLabel('Open image archive').setInputFiles({
    name: 'holiday.zip',
    mimeType: 'application/zip',
    buffer: Buffer.from('PK\x03\x04 not an image'.padEnd(64)),
  })
  await start.getByRole('alert').waitFor()
  await shot(start, 'error')

  const small = await fresh()
  await open(small, alpine)
  await look(small, '/etc/os-release')
  await shot(small, 'alpine')
  await small.getByRole('toolbar', { name: 'Files' }).getByRole('button', { name: 'Delete' }).click()
  await look(small, '/sbin/apk')
  await small.getByRole('toolbar', { name: 'Files' }).getByRole('button', { name: 'Delete' }).click()
  await tab(small, 'Changes')
  await small
    .getByRole('button', { name: /os-release/ })
    .first()
    .click()
  await shot(small, 'changes')
  await small.getByRole('button', { name: 'Export…' }).click()
  await small.getByRole('dialog', { name: 'Export image' }).waitFor()
  await small.waitForTimeout(2500)
  await shot(small, 'export')

  const big = await fresh()
  await open(big, redis)
  await shot(big, 'redis')
  await tab(big, 'Config')
  await shot(big, 'config')
  await tab(big, 'Waste')
  await big
    .getByText(/reclaim/i)
    .first()
    .waitFor()
  await shot(big, 'waste')
  await tab(big, 'Files')
  await look(big, '/etc/passwd')
  await tab(big, 'Life')
  await big.getByRole('button', { name: 'Show differences' }).click()
  await big.getByRole('textbox', { name: /Differences/ }).waitFor()
  await shot(big, 'life')
  await big.keyboard.press('Control+k')
  await big.keyboard.type('redis')
  await big.getByRole('option').nth(3).waitFor()
  await shot(big, 'search')
  await big.keyboard.press('Escape')
  await big.getByText('Treemap', { exact: true }).click()
  await big.getByRole('treeitem').nth(20).waitFor({ state: 'attached' })
  await shot(big, 'treemap')

  const narrow = await fresh(390, 780)
  await open(narrow, alpine).catch(() => undefined)
  await shot(narrow, 'narrow')
} finally {
  await browser.close()
  await server.close()
}
