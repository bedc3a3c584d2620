/**
 * npm run hosts: the built page behind nginx and Caddy, set up word for word as the README says, at the root and at a
 * sub-path: the headers are those of dist/_headers, the policy is in force, workers and the service worker run, an image
 * is changed and exported, and all of it works with the server gone. What is not installed is skipped, and said.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type BrowserContext } from 'playwright'
import { chromiumFlags, ensureChromium, root, say, which } from './ensure.mjs'
import { startHost, type Host, type HostName } from './hosts/servers'
import { parseHeaders } from './serve.mjs'

if (!existsSync(join(root, 'dist/index.html'))) throw new Error('dist/ is not there: npm run build makes it.')
const rules = parseHeaders(readFileSync(join(root, 'dist/_headers'), 'utf8'))
const totals = { passed: 0, failed: 0, skipped: 0 }
const wait = 30_000

/** Each header that dist/_headers asks for, on the page, on a script, on the service worker. */
async function checkHeaders({ url }: Host): Promise<void> {
  const page = await (await fetch(url)).text()
  const script = /src="\.\/(assets\/[^"]+\.js)"/.exec(page)?.[1]
  if (script === undefined) throw new Error('The page names no script of its own.')
  for (const path of ['', 'index.html', script, 'service-worker.js']) {
    const answer = await fetch(url + path)
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
    for (const rule of rules.filter(({ fits }) => fits(`/${path}`)))
      for (const [name, value] of rule.headers)
        if (answer.headers.get(name) !== value)
          throw new Error(`${path || '/'} has ${name}: ${answer.headers.get(name)}; due is ${value}`)
  }
}

/** As a person: twice there, then without the server. */
async function walk(host: Host, context: BrowserContext): Promise<void> {
  const page = await context.newPage()
  const broken: string[] = []
  page.on('pageerror', ({ message }) => broken.push(message))
  page.on('console', (line) => line.type() === 'error' && broken.push(line.text()))
  const row = (name: string) => page.getByRole('treegrid', { name: 'Files' }).getByText(name, { exact: true })
  await page.goto(host.url)
  await page.getByText('network: blocked').waitFor({ timeout: wait })
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null, null, { timeout: wait })
  await page.getByRole('button', { name: 'Try a sample image' }).click()
  await row('etc').click({ timeout: wait })
  await page.getByRole('toolbar', { name: 'Files' }).getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('button', { name: '1 change', exact: true }).waitFor({ timeout: wait })
  await page.getByRole('button', { name: 'Export…' }).click()
  const [download] = await Promise.all([
    page.waitForEvent('download', { timeout: wait }),
    page
      .getByRole('dialog', { name: 'Export image' })
      .getByRole('button', { name: 'Save', exact: true })
      .click(),
  ])
  if (await download.failure()) throw new Error('The export did not arrive.')
  await page.getByText('docker load -i').first().waitFor({ timeout: wait })
  await host.close()
  await page.reload()
  await page.getByRole('button', { name: '1 change', exact: true }).waitFor({ timeout: wait })
  if (broken.length > 0) throw new Error(`The page complains: ${broken.join(' | ')}`)
}

async function prove(name: HostName, path: '/peel' | ''): Promise<void> {
  const browser = await chromium.launch({ executablePath: await ensureChromium(), args: [...chromiumFlags] })
  const host = await startHost(name, path)
  try {
    const context = await browser.newContext()
    await context.addInitScript(() =>
      Object.defineProperty(globalThis, 'showSaveFilePicker', { value: undefined }),
    )
    await checkHeaders(host)
    await walk(host, context)
  } finally {
    await browser.close()
    await host.close()
  }
}

for (const name of ['nginx', 'caddy'] as const) {
  if (!which(name)) {
    say(`skipped ${name}: it is not installed (Debian: apt-get install ${name})`)
    totals.skipped++
    continue
  }
  for (const path of ['', '/peel'] as const)
    try {
      await prove(name, path)
      say(`passed ${name} at ${path}/`)
      totals.passed++
    } catch (thrown) {
      say(`FAILED ${name} at ${path}/: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
      totals.failed++
    }
}
process.stdout.write(
  `${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}\n`,
)
process.exitCode = totals.failed > 0 ? 1 : 0
