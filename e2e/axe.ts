/** What axe-core says of the page as it stands, in the theme that it has. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, type Page } from 'playwright/test'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

/** No violation, in light and in dark. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.evaluate(source) // By the debugger: the page's own policy lets no script in.
    const violations = await page.evaluate(async () => {
      // Colours on their way from the other theme are neither's: what began before motion was reduced goes on.
      const ending = document
        .getAnimations()
        .filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity)
      await Promise.all(ending.map(({ finished }) => finished.catch(() => {})))
      const { axe } = globalThis as unknown as {
        axe: { run(at: Document, options: object): Promise<{ violations: Violation[] }> }
      }
      return (await axe.run(document, { resultTypes: ['violations'] })).violations
    })
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes[0].html} ${nodes[0].failureSummary ?? ''}`),
      colorScheme,
    ).toEqual([])
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null })
}
