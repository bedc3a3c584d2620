/** For everyone: what axe finds on each screen, light and dark, and a narrow window. */
import { fileWith } from './files'
import { expectAccessible } from './axe'
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
})
