/**
 * npm run smoke: the built app in browsers that are not Chromium, driven as a person would: open, save unchanged, edit,
 * reload, save, open what was saved. Firefox by WebDriver BiDi, WebKitGTK by WebDriver; the journey is one for both.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildArchive } from '../src/testkit/archive'
import { sampleNamed } from '../src/testkit/samples'
import { root, say, which } from './ensure.mjs'
import { serve } from './serve.mjs'
import { startFirefox } from './smoke/firefox'
import type { Browser } from './smoke/browser'
import { startWebKit, webKitParts } from './smoke/webkit'

const scratch = join(root, 'test-results/smoke')
const totals = { passed: 0, failed: 0, skipped: 0 }

/** Runs in the page: finds things by role or element and accessible name, and notes what is saved. */
const helpers = `
  globalThis.smoke ??= (() => {
    const labelled = (element) => document.getElementById(element.getAttribute('aria-labelledby') ?? '')?.textContent
    const words = (element) => (element.getAttribute('aria-label') || labelled(element) || element.labels?.[0]?.textContent
      || element.textContent || '').replace(/\\s+/g, ' ').trim()
    const all = (kind) => [...document.querySelectorAll(kind)]
    const find = (kind, name) => all(kind).find((element) => words(element) === name || words(element).startsWith(name + ' '))
    const saved = []
    const make = URL.createObjectURL.bind(URL)
    URL.createObjectURL = (blob) => (blob instanceof Blob && saved.push(blob), make(blob))
    const digest = async (blob) => [...new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()))]
      .map((byte) => byte.toString(16).padStart(2, '0')).join('')
    return { words, all, find, saved, digest }
  })();`

class Journey {
  readonly browser: Browser
  constructor(browser: Browser) {
    this.browser = browser
  }

  /** The value of an expression in the page. */
  ask<T>(expression: string): Promise<T> {
    return this.browser.evaluate<T>(`${helpers} return (${expression})`)
  }

  async until(what: string, expression: string, seconds = 40): Promise<void> {
    const end = Date.now() + seconds * 1000
    while (!(await this.ask<boolean>(`Boolean(${expression})`))) {
      if (Date.now() > end)
        throw new Error(`${what}: waited ${seconds} seconds. On screen: ${await this.onScreen()}`)
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
  }

  async onScreen(): Promise<string> {
    return (await this.ask<string>('document.body.innerText')).replace(/\s+/g, ' ').slice(0, 600)
  }

  async press(kind: string, name: string): Promise<void> {
    const found = `smoke.find(${JSON.stringify(kind)}, ${JSON.stringify(name)})`
    await this.until(`${kind} "${name}"`, `${found} && !${found}.disabled`)
    await this.ask(`(${found}.click(), true)`)
  }

  async whole(): Promise<void> {
    await this.until(
      'the tree',
      `smoke.find('[role=treegrid]', 'Files')?.getAttribute('aria-busy') === 'false'`,
    )
  }

  /** Types as fields hear it: the value, then the events. */
  async type(name: string, text: string, enter = false): Promise<void> {
    const field = `smoke.find('input, textarea', ${JSON.stringify(name)})`
    await this.until(`field "${name}"`, field)
    await this.ask(`((field) => {
      field.focus()
      field.value = ${JSON.stringify(text)}
      field.dispatchEvent(new InputEvent('input', { bubbles: true }))
      field.dispatchEvent(new Event('change', { bubbles: true }))
      ${enter ? "field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))" : ''}
      return true
    })(${field})`)
  }

  /** Saves by the dialog; answers the digest of what the browser was given to save. */
  async export(): Promise<string> {
    const before = await this.ask<number>('smoke.saved.length')
    await this.press('header button', 'Export…')
    await this.press('dialog button', 'Save')
    await this.until('the export', `smoke.saved.length > ${before} && smoke.find('dialog button', 'Done')`)
    await this.press('dialog button', 'Done')
    return this.ask<string>('smoke.digest(smoke.saved.at(-1))')
  }
}

async function journey(page: Journey, url: string, archive: string, digest: string): Promise<string> {
  await page.browser.go(url)
  await page.until('the start page', `smoke.find('button', 'Open image…')`)
  await page.browser.setFile('input[aria-label="Open image archive"]', archive)
  await page.until('the layers', `smoke.find('ul, ol, [role=list]', 'Layers')`)
  await page.whole()
  if ((await page.export()) !== digest) throw new Error('What was saved without changes is not the archive.')

  await page.type('Filter paths', '/etc/motd')
  await page.until('the row', `smoke.all('[role=row] bdi').some((name) => name.textContent === 'motd')`)
  await page.ask(`(smoke.all('[role=row] bdi').find((name) => name.textContent === 'motd').click(), true)`)
  await page.press('[role=toolbar] button', 'Delete')
  await page.until('one change', `smoke.find('button', '1 change')`)
  await page.press('[role=tab]', 'Config')
  await page.type('WorkingDir', '/smoke', true)
  await page.until('two changes', `smoke.find('button', '2 changes')`)

  await page.until('storage', `/kept in this browser|stores nothing|no room/.test(document.body.innerText)`)
  const storage = await page.ask<string>(
    `/stores nothing|no room/.test(document.body.innerText) ? 'none' : 'kept'`,
  )
  if (storage === 'kept') {
    await page.until('keeping', `!/keeping/.test(document.querySelector('footer').innerText)`)
    await page.browser.reload()
    await page.until('the edits after a reload', `smoke.find('button', '2 changes')`)
    await page.press('[role=tab]', 'Files')
    await page.whole()
  }

  await page.export()
  await page.ask(`(() => {
    const transfer = new DataTransfer()
    transfer.items.add(new File([smoke.saved.at(-1)], 'again.tar'))
    const input = document.querySelector('input[aria-label="Open image archive"]')
    input.files = transfer.files
    input.dispatchEvent(new Event('change', { bubbles: true }))
    return true
  })()`)
  await page.until('the export, opened', `smoke.find('button', '0 changes')`)
  await page.whole()
  await page.press('[role=tab]', 'Config')
  await page.until('the edit in it', `smoke.find('input', 'WorkingDir')?.value === '/smoke'`)
  await page.press('[role=tab]', 'Files')
  await page.type('Filter paths', '/etc/motd')
  await page.until('the deletion in it', `/0 matches/.test(document.body.innerText)`)
  await page.until('digests', `/verified (\\d+)\\/\\1/.test(document.body.innerText)`)
  const alerts = await page.ask<string[]>(`smoke.all('[role=alert]').map(smoke.words)`)
  if (alerts.length > 0) throw new Error(`On screen: ${alerts.join(' | ')}`)
  const network = await page.ask<string>(
    `/network blocked/.test(document.body.innerText) ? 'blocked' : 'open'`,
  )
  return `storage ${storage}, network ${network}`
}

async function prove(name: string, missing: string, start: () => Promise<Browser>): Promise<void> {
  if (missing !== '') {
    totals.skipped++
    console.log(`NOT THERE ${name}: ${missing}`)
    return
  }
  const archive = join(scratch, 'sample.tar')
  const bytes = buildArchive(sampleNamed('demo').drawing)
  writeFileSync(archive, bytes)
  const server = await serve({ folder: join(root, 'dist'), port: 0 })
  let browser: Browser | null = null
  try {
    browser = await start()
    const digest = createHash('sha256').update(bytes).digest('hex')
    const facts = await journey(new Journey(browser), `${server.url}/`, archive, digest)
    totals.passed++
    console.log(`ok ${name} ${browser.version}: open, save, edit, reload, save, open again; ${facts}`)
  } catch (thrown) {
    totals.failed++
    console.log(`FAILED ${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  } finally {
    await browser?.close()
    await server.close()
  }
}

mkdirSync(scratch, { recursive: true })
if (!existsSync(join(root, 'dist/index.html'))) {
  say('dist/ is not there: npm run build makes it.')
  totals.failed++
} else {
  const firefox = which('firefox-esr') ?? which('firefox')
  const noSocket = typeof WebSocket === 'undefined' ? 'this Node has no WebSocket' : ''
  await prove('firefox', firefox ? noSocket : 'firefox-esr is not installed', () =>
    startFirefox(firefox!, join(scratch, 'firefox')),
  )
  const webkit = webKitParts()
  await prove('webkit', webkit.missing, () => startWebKit(webkit))
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exit(totals.failed > 0 ? 1 : 0)
