/** The app in the production build, watched from inside its page: when a person would see what. */
import type { Page } from 'playwright'

/** Milliseconds since the file was chosen (or the button pressed), by what was on screen first then. */
export interface Seen {
  readonly layers?: number
  readonly trees?: number
  readonly waste?: number
  readonly verified?: number
  readonly kept?: number
  readonly exported?: number
}

/** Watches the page's own words; call before the page is loaded. */
export async function watch(page: Page): Promise<void> {
  await page.addInitScript(() => {
    // Without the picker, exports come as downloads, which can be waited for.
    Object.defineProperty(globalThis, 'showSaveFilePicker', { value: undefined })
    const seen: Record<string, number> = {}
    let start = 0
    const mark = (name: string, there: boolean): void => {
      if (there && !(name in seen)) seen[name] = performance.now() - start
    }
    const now = (): void => {
      const status = document.querySelector('footer')?.textContent ?? ''
      const counts = /verified (\d+)\/(\d+)/.exec(status)
      const rows = document.querySelector(
        '[role=treegrid][aria-label=Files][aria-busy=false] [role=row][aria-level]',
      )
      mark(
        'layers',
        document.querySelector('[aria-label=Layers] li, ol[aria-label=Layers], ul[aria-label=Layers]') !==
          null,
      )
      mark('trees', rows !== null)
      mark('verified', counts !== null && counts[1] === counts[2] && counts[2] !== '0')
      mark('kept', /(^|[^y] )kept in this browser/.test(status) && !/partly|keeping|not kept/.test(status))
    }
    const begin = (): void => {
      for (const name of Object.keys(seen)) delete seen[name]
      start = performance.now()
    }
    // The file input's own event is the moment the person has chosen; of an image that is kept, the click.
    addEventListener('change', (event) => (event.target as HTMLInputElement).type === 'file' && begin(), true)
    addEventListener(
      'click',
      (event) => (event.target as HTMLElement).closest('[aria-labelledby=recents]') && begin(),
      true,
    )
    addEventListener('DOMContentLoaded', () =>
      new MutationObserver(now).observe(document, {
        subtree: true,
        childList: true,
        characterData: true,
        attributes: true,
        attributeFilter: ['aria-busy', 'aria-label'],
      }),
    )
    Object.assign(globalThis, { bench: { seen, mark } })
  })
}

/** Of a page that is watched: turns to the waste the moment the trees are on screen, and sees its first paths. */
export async function turnToWaste(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const { bench } = globalThis as unknown as {
      bench: { seen: object; mark(name: string, there: boolean): void }
    }
    let turned = false
    const look = (): void => {
      if (!turned && 'trees' in bench.seen) {
        turned = true
        const tabs = [...document.querySelectorAll<HTMLElement>('[role=tab]')]
        tabs.find(({ textContent }) => textContent.trim() === 'Waste')!.click()
      }
      bench.mark(
        'waste',
        document.querySelector('[aria-label="Wasted paths"][aria-rowcount] [role=row] button') !== null,
      )
    }
    addEventListener('DOMContentLoaded', () =>
      new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true }),
    )
  })
}

/** Waits until `what` was seen, and answers all that was. */
export async function until(page: Page, what: keyof Seen, seconds = 600): Promise<Seen> {
  await page.waitForFunction(
    (name) => name in (globalThis as unknown as { bench: { seen: object } }).bench.seen,
    what,
    { timeout: seconds * 1000, polling: 50 },
  )
  return page.evaluate(() => ({ ...(globalThis as unknown as { bench: { seen: object } }).bench.seen }))
}

export async function openFile(page: Page, path: string): Promise<void> {
  await page.getByLabel('Open image archive').setInputFiles(path)
}

/** Longest and 99th percentile of the gaps between frames, in ms, while `act` goes on. */
export async function frames(
  page: Page,
  act: () => Promise<void>,
): Promise<{ worst: number; p99: number; mean: number }> {
  await page.evaluate(() => {
    const gaps: number[] = []
    let last = 0
    let going = true
    const tick = (at: number): void => {
      if (last) gaps.push(at - last)
      last = at
      if (going) requestAnimationFrame(tick)
    }
    requestAnimationFrame(tick)
    Object.assign(globalThis, { frameGaps: () => ((going = false), gaps) })
  })
  await act()
  const gaps = await page.evaluate(() => (globalThis as unknown as { frameGaps(): number[] }).frameGaps())
  const sorted = gaps.sort((a, b) => a - b)
  return {
    worst: sorted.at(-1) ?? 0,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    mean: gaps.reduce((sum, gap) => sum + gap, 0) / Math.max(1, gaps.length),
  }
}
