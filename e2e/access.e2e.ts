/** For everyone: what axe finds on each screen, light and dark, and a narrow window. */
import { drawnArchive, fileWith } from './files'
import { expectAccessible } from './axe'
import type { Locator } from 'playwright/test'
import { expect, test } from './peel'

test('axe finds nothing on start, on what is no image, and on every tab of an image with changes', async ({
  peel,
}) => {
  const { page } = peel
  await expectAccessible(page)
  await peel.choose(fileWith('notes.zip', 'PK\x03\x04 and so on'))
  await expect(page.getByRole('alert')).toBeVisible()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Try a sample image' }).click()
  await peel.whole()
  await peel.remove('/etc/motd')
  await peel.choosePath('/etc/os-release')
  await expectAccessible(page)
  await page.getByRole('tab', { name: 'Life' }).click()
  await expectAccessible(page)
  for (const tab of ['Config', 'Dockerfile', 'Anatomy', 'Waste', 'Changes']) {
    await peel.tab(tab)
    await expectAccessible(page)
  }
  await peel.tab('Anatomy')
  await page.getByText('What will engines do with this archive?').click()
  await expectAccessible(page)
  await peel.exportDialog({})
  await expectAccessible(page)
})

test('at 360 pixels one pane at a time, and nothing sticks out', async ({ peel }) => {
  await peel.page.setViewportSize({ width: 360, height: 740 })
  await peel.page.getByRole('button', { name: 'Try a sample image' }).click()
  await expect(peel.page.getByRole('navigation', { name: 'Panes' })).toBeVisible()
  for (const pane of ['Layers', 'Image', 'Inspector']) {
    await peel.page.getByRole('navigation', { name: 'Panes' }).getByRole('button', { name: pane }).click()
    const width = await peel.page.evaluate(() => document.documentElement.scrollWidth)
    expect(width, pane).toBeLessThanOrEqual(360)
    await expectAccessible(peel.page)
  }
  // However long the dialog is, what it is for is in sight.
  const dialog = await peel.exportDialog({ build: 'Add a layer' })
  await expect(dialog.getByRole('button', { name: 'Save', exact: true })).toBeInViewport()
})

test('what the image is called is read to its end, and toolbars are one line, where there is little room', async ({
  peel,
}) => {
  const { page } = peel
  const name = 'registry.example.com:5000/a-team-with-a-name/and-more/service:2026.11.26'
  await peel.open(drawnArchive(`image ${name}\nlayer COPY . /\n  f a "1"`))
  await peel.whole()
  const title = page.getByRole('heading', { level: 1 })
  const isWhole = (locator: Locator) => locator.evaluate((it) => it.scrollWidth <= it.clientWidth)
  for (const [width, height] of [
    [360, 740],
    [768, 900],
    [1280, 760],
  ]) {
    await page.setViewportSize({ width, height })
    await expect(title).toHaveText(name)
    expect(await isWhole(title.getByText('service:2026.11.26')), `${width}`).toBe(true)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    await expectAccessible(page)
  }
  const isOneLine = async (locator: Locator) => {
    const tops = await locator.locator('button, label').evaluateAll((all) =>
      all.map((it) => {
        const box = it.getBoundingClientRect()
        return box.top + box.height / 2
      }),
    )
    expect(Math.max(...tops) - Math.min(...tops)).toBeLessThan(4)
  }
  await isOneLine(page.getByRole('radiogroup', { name: 'View' }).locator('..'))
  await peel.tab('Changes')
  await isOneLine(page.getByRole('toolbar', { name: 'Changes' }))
})

test('every dialog: axe finds nothing, it fits 360 pixels, Escape closes it, and the focus is where it was', async ({
  peel,
}) => {
  const { page } = peel
  const fits = async (): Promise<void> => {
    await page.setViewportSize({ width: 360, height: 740 })
    const box = await page.locator('dialog[open]').boundingBox()
    expect(box!.x).toBeGreaterThanOrEqual(0)
    expect(box!.x + box!.width).toBeLessThanOrEqual(360)
    expect(await page.locator('dialog[open]').evaluate((it) => it.scrollWidth - it.clientWidth)).toBe(0)
    await page.setViewportSize({ width: 1440, height: 1000 })
  }
  const walk = async (command: string, name: string, from: Locator): Promise<void> => {
    await from.focus()
    await page.keyboard.press('ControlOrMeta+k')
    await page.keyboard.type(`>${command}`)
    await expect(page.getByRole('option').first()).toContainText(command)
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name, exact: true })
    await expect(dialog).toBeVisible()
    await expectAccessible(page)
    await fits()
    await page.keyboard.press('Escape')
    await expect(dialog).toBeHidden()
    await expect(from).toBeFocused()
  }
  await page.getByRole('button', { name: 'Try a sample image' }).click()
  await peel.whole()
  await peel.choosePath('/etc/os-release')
  for (const [command, name] of [
    ['New file', 'New file'],
    ['Rename', 'Rename'],
    ['New symbolic link…', 'New symbolic link'],
    ['New device or pipe…', 'New device or pipe'],
    ['Copy to…', 'Copy'],
    ['Attributes…', 'Attributes'],
    ['Remove from every layer…', 'Remove from every layer'],
    ['Show all keys', 'Keys'],
  ])
    await walk(command, name, peel.files)
  const layer = peel.layers.getByRole('button', { name: /^2 / })
  await layer.click()
  for (const [command, name] of [
    ['Drop layer…', 'Drop layer 2'],
    ['Squash layers…', 'Squash layers'],
    ['Edit history line…', 'Edit the history line'],
    ['Move down…', 'Move layer 2'],
    ['Rebase from layer 2', 'Rebase'],
  ])
    await walk(command, name, layer)
})

test('where less motion is asked for, nothing moves', async ({ peel }) => {
  const { page } = peel
  const moving = () => page.evaluate(() => document.getAnimations().length)
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.getByRole('button', { name: 'Try a sample image' }).click()
  await peel.whole()
  await peel.choosePath('/etc/os-release')
  await peel.inspector.getByRole('button', { name: 'Edit' }).hover()
  expect(await moving()).toBe(0)
  await peel.inspector.getByRole('button', { name: 'Edit' }).click()
  await page.getByRole('textbox', { name: 'Editor' }).click()
  expect(await moving()).toBe(0)
  await page.getByText('Treemap', { exact: true }).click()
  await expect(page.getByRole('treeitem').nth(1)).toBeAttached()
  await page.getByRole('button', { name: 'Delete', exact: true }).hover()
  expect(await moving()).toBe(0)
})
