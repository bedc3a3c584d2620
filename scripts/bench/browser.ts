/** Rows measured in Chromium, on the production build. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { chromium, type BrowserContext, type Page } from 'playwright'
import { BUFFER_LIMIT } from '../../src/core/digest/sha256'
import { FileSource } from '../../src/cli/file-source'
import { openArchiveIn, openSource } from '../../src/jobs/open'
import { chromiumFlags, root } from '../ensure.mjs'
import { serve } from '../serve.mjs'
import { imageOf, SIZES, type Compression } from './images'
import { chooseFile, digestAll, gunzipAll, scanAll, streamOnce, type Blobs } from './limits'
import { frames, openFile, turnToWaste, until, watch, type Seen } from './page'
import { diveOf } from './peers'
import { largestBelow } from './process'
import { median, row, type BenchRow } from './table'

export interface Case {
  readonly key: keyof typeof SIZES
  readonly compression: Compression
  readonly runs: number
  /** Also: keep it, and open it again from this browser's storage. */
  readonly reopen?: boolean
  /** Also: delete a file, export. */
  readonly edit?: boolean
  /** Also: the file is chosen the moment the button is there, on a first visit. */
  readonly atOnce?: boolean
}

/** A browser with a profile of its own on disk: private ones keep IndexedDB in memory, which is not what people have. */
async function fresh<T>(executablePath: string, job: (context: BrowserContext) => Promise<T>): Promise<T> {
  const profile = mkdtempSync(join(tmpdir(), 'peel-bench-profile-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: [...chromiumFlags, '--js-flags=--expose-gc'],
    viewport: { width: 1440, height: 1000 },
  })
  try {
    return await job(context)
  } finally {
    await context.close()
    rmSync(profile, { recursive: true, force: true })
  }
}

async function withApp<T>(job: (url: string) => Promise<T>): Promise<T> {
  const server = await serve({ folder: join(root, 'dist'), port: 0 })
  try {
    return await job(server.url)
  } finally {
    await server.close()
  }
}

async function rangesOf(path: string): Promise<Blobs[]> {
  const { tar } = await openSource(FileSource.open(path))
  const archive = await openArchiveIn(tar)
  return archive.images[0].layers.map(({ memberIndex }) => {
    const member = archive.members.list[memberIndex]
    return { at: member.bodyAt, size: member.size }
  })
}

const pick = (seen: readonly Seen[], what: keyof Seen): number =>
  median(seen.map((one) => one[what] ?? Number.NaN))

export async function browserRows(executablePath: string, cases: readonly Case[]): Promise<BenchRow[]> {
  return withApp(async (url) => {
    const rows: BenchRow[] = [...(await startRows(executablePath, url))]
    for (const one of cases) rows.push(...(await caseRows(executablePath, url, one)))
    return rows
  })
}

async function caseRows(executablePath: string, url: string, one: Case): Promise<BenchRow[]> {
  const { key, compression, runs } = one
  const path = imageOf(key, SIZES[key], compression)
  if (!path) return []
  const ranges = await rangesOf(path)
  const what = `${SIZES[key].name}, ${compression}`
  const limits: { stream: number; gunzip: number; digest: number; scan: number }[] = []
  const script = `${url}/assets/${readdirSync(join(root, 'dist', 'assets')).find((name) => /^layer-.*\.js$/.test(name))!}`
  const opened: Seen[] = []
  const reopened: number[] = []
  const exported: number[] = []
  const memory = { page: 0, all: 0, base: 0 }
  for (let run = 0; run < runs; run++) {
    await fresh(executablePath, async (context) => {
      const page = context.pages()[0]
      await chooseFile(page, url, path)
      await streamOnce(page) // The limits, too, are those of a browser that has read this file before.
      limits.push({
        stream: await streamOnce(page),
        gunzip: compression === 'gzip' ? await gunzipAll(page, ranges) : Number.NaN,
        digest: await digestAll(page, ranges),
        scan: await scanAll(page, ranges, script, compression === 'plain' ? 'none' : compression),
      })
      // Its memory is not the app's.
      const app = await context.newPage()
      await page.close()
      await watch(app)
      await app.goto(url)
      await ready(app)
      memory.base = largestBelow(process.pid, '--type=renderer')
      const sampler = setInterval(
        () => (memory.all = Math.max(memory.all, largestBelow(process.pid, '--type=renderer'))),
        250,
      )
      try {
        await openFile(app, path)
        opened.push(await until(app, 'verified'))
        if (one.edit) exported.push(await exportOf(app))
        // The first time caches of the code that has just been loaded are still being made.
        for (let again = 0; one.reopen && again < 2; again++) reopened.push(await reopenOf(app, url))
      } finally {
        clearInterval(sampler)
      }
      memory.page = Math.max(memory.page, await heapOf(app))
    })
  }
  const inPieces = ranges.filter(({ size }) => size > BUFFER_LIMIT).length
  const hurried: Seen[] = []
  for (let run = 0; one.atOnce && run < runs; run++)
    await fresh(executablePath, async (context) => {
      const page = context.pages()[0]
      await watch(page)
      await page.goto(url)
      await page.getByRole('button', { name: 'Open image…' }).waitFor()
      await openFile(page, path)
      hurried.push(await until(page, 'trees'))
    })
  const limit = (name: 'stream' | 'gunzip' | 'digest' | 'scan'): number =>
    median(limits.map((one) => one[name]))
  const rows = [
    row(`first useful screen: ${what}`, pick(opened, 'layers'), 'ms', {
      peer: 'a second',
      value: 1000,
      bar: 1,
    }),
    row(
      `scanning: ${what}`,
      limit('scan'),
      'ms',
      compression === 'gzip'
        ? { peer: 'DecompressionStream, all cores', value: limit('gunzip'), bar: 1.3 }
        : { peer: 'File.stream() once', value: limit('stream'), bar: compression === 'plain' ? 1.3 : null },
    ),
    row(`all trees on screen: ${what}`, pick(opened, 'trees'), 'ms', {
      peer: 'scanning',
      value: limit('scan'),
    }),
    // The platform takes whole buffers only: of layers beyond one, the row says how far JavaScript is from it.
    row(
      `verification, behind the trees: ${what}${inPieces > 0 ? ` (${inPieces} of ${ranges.length} layers in pieces)` : ''}`,
      pick(opened, 'verified') - pick(opened, 'trees'),
      'ms',
      {
        peer: 'crypto.subtle, all cores',
        value: limit('digest'),
        bar: compression === 'plain' && inPieces === 0 ? 1.3 : null,
      },
    ),
    row(`page heap: ${what}`, memory.page / 1e6, 'MB', { peer: '60 MB', value: 60, bar: 1 }),
    row(`renderer with its workers, at most: ${what}`, memory.all / 1e6, 'MB', {
      peer: '600 MB',
      value: 600,
      bar: 1,
    }),
    row(`renderer before anything is opened`, memory.base / 1e6, 'MB'),
  ]
  if (hurried.length > 0)
    rows.push(
      row(
        `first useful screen, chosen before the page has said anything: ${what}`,
        pick(hurried, 'layers'),
        'ms',
        {
          peer: 'a second',
          value: 1000,
          bar: 1,
        },
      ),
    )
  if (reopened.length > 0)
    rows.push(
      row(`reopened from this browser: ${what}`, median(reopened), 'ms', {
        peer: '300 ms, and no more for each 500,000 entries',
        value: 300 * Math.max(1, SIZES[key].entries / 500_000),
        bar: 1,
      }),
    )
  if (exported.length > 0)
    rows.push(
      row(`small edit exported, until the browser saves: ${what}`, median(exported), 'ms', {
        peer: 'a second',
        value: 1000,
        bar: 1,
      }),
    )
  return rows
}

/** From choosing the file until its trees and what is wasted have both been on screen, beside dive's analysis. */
export async function wasteRows(executablePath: string, cases: readonly Case[]): Promise<BenchRow[]> {
  return withApp(async (url) => {
    const rows: BenchRow[] = []
    for (const { key, compression, runs } of cases) {
      const path = compression === 'plain' ? imageOf(key, SIZES[key]) : null
      if (!path) continue
      const dive = diveOf(path, SIZES[key])
      if (dive) await dive.check()
      const ours: number[] = []
      const theirs: number[] = []
      for (let run = 0; run < runs; run++) {
        await fresh(executablePath, async (context) => {
          const page = context.pages()[0]
          await watch(page)
          await turnToWaste(page)
          await page.goto(url)
          await ready(page)
          await openFile(page, path)
          ours.push((await until(page, 'waste')).waste!)
        })
        if (dive) theirs.push((await dive.analyse()).ms)
      }
      const name = `all trees and waste on screen: ${SIZES[key].name}, ${compression}`
      rows.push(
        row(name, median(ours), 'ms', dive ? { peer: 'dive', value: median(theirs), bar: 1 } : undefined),
      )
    }
    return rows
  })
}

/** Deletes a directory some steps down in the tree, and exports that as one more layer. Milliseconds from Save to the download. */
async function exportOf(page: Page): Promise<number> {
  const tree = page.getByRole('treegrid', { name: 'Files' })
  await tree.getByRole('row').nth(1).click()
  for (let level = 0; level < 3; level++) {
    await page.keyboard.press('ArrowRight')
    // The directory is open once its rows are here.
    await page.locator('[role=treegrid][aria-label=Files][aria-busy=false]').waitFor()
    await page.keyboard.press('ArrowDown')
  }
  await page.getByRole('toolbar', { name: 'Files' }).getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('button', { name: '1 change' }).waitFor()
  await page.getByRole('button', { name: 'Export…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Export image' })
  await dialog.getByRole('radio', { name: 'Add a layer' }).check()
  const save = dialog.getByRole('button', { name: 'Save', exact: true })
  await save.waitFor()
  const start = performance.now()
  const [download] = await Promise.all([page.waitForEvent('download', { timeout: 600_000 }), save.click()])
  const ms = performance.now() - start
  await download.cancel()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Undo', exact: true }).click()
  return ms
}

/** Until the page says whether the network is blocked: its engine is there. A person takes longer to choose a file. */
async function ready(page: Page): Promise<void> {
  await page.getByText(/network: blocked/i).waitFor()
}

/** Milliseconds from choosing it among the recent images to its trees. */
async function reopenOf(page: Page, url: string): Promise<number> {
  await until(page, 'kept')
  await page.goto(`${url}/#`)
  await page.reload()
  const recent = page
    .getByRole('region', { name: /recent/i })
    .getByRole('button')
    .first()
  await recent.waitFor()
  await ready(page)
  await recent.click()
  return (await until(page, 'trees')).trees!
}

async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return usedSize
}

/** Start-up: bytes of JavaScript by what needs them, first paint, and the button that can be pressed. */
async function startRows(executablePath: string, url: string): Promise<BenchRow[]> {
  const html = readFileSync(join(root, 'dist', 'index.html'), 'utf8')
  const first = [...html.matchAll(/(?:src|href)="\.?\/?([^"]+\.js)"/g)].map((match) => match[1])
  const loaded: string[] = []
  const paints: number[] = []
  const usable: number[] = []
  for (let run = 0; run < 5; run++)
    await fresh(executablePath, async (context) => {
      const page = context.pages()[0]
      if (run === 0)
        page.on('response', (response) => {
          const { pathname } = new URL(response.url())
          if (pathname.endsWith('.js')) loaded.push(pathname.slice(1))
        })
      // The last script that is asked for before an image is open: the page starts the pool once the engine is there.
      const pool = run === 0 ? page.waitForResponse(/\/assets\/layer-[^/]*\.js$/) : null
      await page.goto(url)
      await page.getByRole('button', { name: 'Open image…' }).waitFor()
      const times = await page.evaluate(() => ({
        paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
        ready: (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming)
          .domContentLoadedEventEnd,
      }))
      paints.push(times.paint)
      usable.push(times.ready)
      await pool
    })
  const compressed = (names: readonly string[]): number =>
    [...new Set(names)].reduce(
      (sum, name) => sum + gzipSync(readFileSync(join(root, 'dist', name))).length,
      0,
    )
  const workers = loaded.filter((name) => /worker|engine|layer|service/.test(name))
  const page = loaded.filter((name) => !workers.includes(name))
  return [
    row('JavaScript in index.html, compressed', compressed(first) / 1e3, 'kB', {
      peer: '60 kB',
      value: 60,
      bar: 1,
    }),
    row('JavaScript the page has loaded before an image is open, compressed', compressed(page) / 1e3, 'kB', {
      peer: '60 kB',
      value: 60,
      bar: 1,
    }),
    row('JavaScript of the workers, compressed', compressed(workers) / 1e3, 'kB'),
    row('first contentful paint', median(paints), 'ms'),
    row('the page can be used', median(usable), 'ms'),
  ]
}

/** Frames while a million rows scroll past. */
export async function scrollRows(executablePath: string, key: keyof typeof SIZES): Promise<BenchRow[]> {
  const path = imageOf(key, SIZES[key])!
  return withApp((url) =>
    fresh(executablePath, async (context) => {
      const page = context.pages()[0]
      await page.setContent('<p>nothing</p>')
      const idle = await frames(page, () => page.waitForTimeout(2000))
      await watch(page)
      await page.goto(url)
      await openFile(page, path)
      await until(page, 'trees')
      // A filter that lets all through opens every directory.
      await page.getByRole('textbox', { name: 'Filter paths' }).fill('*o*')
      await page.waitForTimeout(3000)
      const tree = page.getByRole('treegrid', { name: 'Files' })
      const count = Number(await tree.getAttribute('aria-rowcount'))
      await tree.hover()
      const scrolling = await frames(page, async () => {
        for (let i = 0; i < 120; i++) {
          await page.mouse.wheel(0, i % 40 === 39 ? 500_000 : 700)
          await page.waitForTimeout(16)
        }
      })
      const what = `${count.toLocaleString('en')} rows`
      return [
        row(`a frame while ${what} scroll, mean`, scrolling.mean, 'ms', {
          peer: 'an empty page’s',
          value: idle.mean,
          bar: 1.3,
        }),
        row(`a frame while ${what} scroll, 99th of a hundred`, scrolling.p99, 'ms', {
          peer: 'an empty page’s',
          value: idle.p99,
        }),
      ]
    }),
  )
}
