/** For everyone: what axe finds on each screen, light and dark, and a narrow window; and the picture of the README. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright/test'
import { expect, test } from './peel'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  readonly id: string
  readonly help: string
  readonly nodes: readonly { readonly target: readonly string[] }[]
}

/** Violations of WCAG 2.2 A and AA, one line for each; the debugger puts axe in, which no policy of the page forbids. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: Finding[] }> }
    }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
    return (await axe.run({ runOnly: tags })).violations
  })
  return found.map(
    ({ id, help, nodes }) => `${id}: ${help} (${nodes.map(({ target }) => target.join(' ')).join(', ')})`,
  )
}

for (const colorScheme of ['light', 'dark'] as const)
  test(`axe finds nothing on start, workbench, config, anatomy and export (${colorScheme})`, async ({
    peel,
  }) => {
    await peel.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    expect(await findings(peel.page), 'start').toEqual([])
    await peel.page.getByRole('button', { name: 'Try a sample image' }).click()
    await peel.whole()
    await peel.choosePath('/etc/os-release')
    expect(await findings(peel.page), 'files').toEqual([])
    for (const tab of ['Config', 'Dockerfile', 'Anatomy']) {
      await peel.tab(tab)
      expect(await findings(peel.page), tab).toEqual([])
    }
    await peel.exportDialog({})
    expect(await findings(peel.page), 'export').toEqual([])
  })

test('at 360 pixels one pane at a time, and nothing sticks out', async ({ peel }) => {
  await peel.page.setViewportSize({ width: 360, height: 740 })
  await peel.page.getByRole('button', { name: 'Try a sample image' }).click()
  await expect(peel.page.getByRole('navigation', { name: 'Panes' })).toBeVisible()
  for (const pane of ['Layers', 'Image', 'Inspector']) {
    await peel.page.getByRole('navigation', { name: 'Panes' }).getByRole('button', { name: pane }).click()
    const width = await peel.page.evaluate(() => document.documentElement.scrollWidth)
    expect(width, pane).toBeLessThanOrEqual(360)
  }
})
