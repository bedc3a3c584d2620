/** The treemap: what the tree shows by size, zoomed, walked through by keyboard, and in the words of assistive tools. */
import { expectAccessible } from './axe'
import { drawnArchive, real } from './files'
import { expect, size, test, type Peel } from './peel'

const map = (peel: Peel) => peel.page.getByRole('tree', { name: 'Treemap' })

async function drawMap(peel: Peel): Promise<void> {
  await peel.page.getByRole('radio', { name: 'Treemap' }).check({ force: true })
  await expect(map(peel).getByRole('treeitem').first()).toBeVisible()
}

const drawing = `image big:1
layer COPY . /
  f 755 usr/bin/app 400000 bytes
  f usr/lib/liba.so 300000 bytes
  f usr/lib/libb.so 100000 bytes
  f etc/hosts 5000 bytes
layer RUN grow
  f var/cache/huge.bin 600000 bytes`

test('two clicks to the biggest file, with its layer and share', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await drawMap(peel)
  const biggest = map(peel).getByRole('treeitem', { name: /^huge\.bin/ })
  await expect(biggest).toHaveAccessibleName(/huge\.bin 600kB ?, 42.7\s?%, file, layer 1/)
  await biggest.click()
  await expect(peel.inspector.getByRole('heading').first()).toHaveText('/var/cache/huge.bin')
  await expect(peel.page.getByRole('list', { name: 'Colours' })).toContainText('layer 1')
  await expectAccessible(peel.page)
})

test('zoomed by double click and by keyboard, walked with the arrows, and back', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await drawMap(peel)
  const item = (name: RegExp) => map(peel).getByRole('treeitem', { name })
  await item(/^usr /).focus()
  await peel.page.keyboard.press('ArrowDown')
  await expect(item(/^bin |^lib /).and(peel.page.locator(':focus'))).toHaveCount(1)
  await peel.page.keyboard.press('ArrowUp')
  await expect(item(/^usr /)).toBeFocused()
  await peel.page.keyboard.press('Enter')
  const way = peel.page.getByRole('navigation', { name: 'Zoom' })
  await expect(way).toContainText('usr')
  await expect(item(/^huge/)).toHaveCount(0)
  await expect(item(/^app 400kB ?, 50\s?%, file/)).toBeVisible()
  await item(/^lib /).dblclick({ position: { x: 8, y: 6 } })
  await expect(item(/^app /)).toHaveCount(0)
  await expect(item(/^liba\.so 300kB ?, 75\s?%/)).toBeVisible()
  await item(/^liba\.so/).focus()
  await peel.page.keyboard.press('Backspace')
  await expect(item(/^app /)).toBeVisible()
  await expect(item(/^lib /)).toBeFocused()
  await way.getByRole('button', { name: '/', exact: true }).click()
  await expect(item(/^huge/)).toBeVisible()
})

test('it follows view, filter and edits, and is coloured by what is asked', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await drawMap(peel)
  const item = (name: RegExp) => map(peel).getByRole('treeitem', { name })
  await peel.page.getByRole('textbox', { name: 'Filter paths' }).fill('*.so')
  await expect(item(/^app /)).toHaveCount(0)
  await expect(item(/^liba\.so/)).toHaveAccessibleName(/75\s?%/)
  await peel.page.getByRole('textbox', { name: 'Filter paths' }).fill('')
  await expect(item(/^app /)).toBeVisible()
  const view = (name: string) =>
    peel.page.getByRole('radiogroup', { name: 'View' }).getByRole('radio', { name })
  await view('Only layer 1').check({ force: true })
  await expect(item(/^app /)).toHaveCount(0)
  await expect(item(/^huge/)).toBeVisible()
  await view('Final').check({ force: true })
  await peel.page.getByLabel('Colour by').selectOption('kind')
  await expect(item(/^app /)).toHaveAccessibleName(/programs/)
  await expect(item(/^liba/)).toHaveAccessibleName(/libraries/)
  await peel.page.getByLabel('Colour by').selectOption('change')
  await item(/^liba\.so/).click()
  await peel.page.getByRole('toolbar', { name: 'Files' }).getByRole('button', { name: 'Delete' }).click()
  await expect(item(/^liba\.so/)).toHaveCount(0)
  await peel.page.getByRole('button', { name: 'Undo' }).click()
  await expect(item(/^liba\.so/)).toBeVisible()
})

test('it stands beside the list: what is chosen in one is chosen in the other', async ({ peel }) => {
  const { page } = peel
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  const item = (name: RegExp) => map(peel).getByRole('treeitem', { name })
  await peel.row('/etc').click()
  await drawMap(peel)
  await expect(peel.files).toBeVisible()
  await expect(item(/^etc /)).toHaveAttribute('aria-selected', 'true')

  await item(/^liba\.so/).click()
  await expect(peel.inspector.getByRole('heading').first()).toHaveText('/usr/lib/liba.so')
  await expect(peel.row('/usr/lib/liba.so')).toHaveAttribute('aria-selected', 'true')

  await peel.row('/usr/lib/libb.so').click()
  await expect(item(/^libb\.so/)).toHaveAttribute('aria-selected', 'true')
  await item(/^lib /).dblclick({ position: { x: 8, y: 6 } })
  await expect(item(/^app /)).toHaveCount(0)
  await peel.row('/etc').click()
  await expect(item(/^app /)).toBeVisible()
  await expect(item(/^etc /)).toHaveAttribute('aria-selected', 'true')

  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.type('huge.bin')
  await page.keyboard.press('Enter')
  await expect(item(/^huge\.bin/)).toHaveAttribute('aria-selected', 'true')
  await expect(peel.row('/var/cache/huge.bin')).toHaveAttribute('aria-selected', 'true')
})

test('the line between list and map moves by keys and pointer, and stays where it was put', async ({
  peel,
}) => {
  const { page } = peel
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.kept()
  await drawMap(peel)
  const line = page.getByRole('separator', { name: 'Room for the treemap' })
  const height = async () => (await map(peel).boundingBox())!.height
  await expect(line).toHaveAttribute('aria-orientation', 'horizontal')
  await expect(line).toHaveAttribute('aria-valuenow', '50')
  const before = await height()
  await line.focus()
  await page.keyboard.press('Shift+ArrowUp')
  await expect(line).toHaveAttribute('aria-valuenow', '58')
  expect(await height()).toBeGreaterThan(before)
  const box = (await line.boundingBox())!
  await page.mouse.move(box.x + 100, box.y)
  await page.mouse.down()
  await page.mouse.move(box.x + 100, box.y + 200)
  await page.mouse.up()
  expect(await height()).toBeLessThan(before)
  const put = await line.getAttribute('aria-valuenow')
  await page.reload()
  await peel.whole()
  await expect(line).toHaveAttribute('aria-valuenow', put!)

  // Where the pane is wide, they stand side by side.
  await page.setViewportSize({ width: 1920, height: 1000 })
  await expect(line).toHaveAttribute('aria-orientation', 'vertical')
  const [list, field] = [(await peel.files.boundingBox())!, (await map(peel).boundingBox())!]
  expect(field.x).toBeGreaterThanOrEqual(list.x + list.width)
  await expectAccessible(page)
})

for (const colorScheme of ['light', 'dark'] as const)
  test(`redis: its bytes add up, and axe finds nothing (${colorScheme})`, async ({ peel }) => {
    await peel.page.emulateMedia({ colorScheme })
    await peel.open(real('built/redis-7-docker28-save.tar.zst'))
    await peel.whole()
    await drawMap(peel)
    await expect(map(peel).getByRole('treeitem', { name: /^usr .*directory/ })).toBeVisible()
    const blocks = await map(peel).getByRole('treeitem').count()
    expect(blocks).toBeGreaterThan(50)
    expect(blocks).toBeLessThanOrEqual(500)
    await expect(peel.page.getByRole('navigation', { name: 'Zoom' })).toContainText(size('94.1 MB'))
    await expectAccessible(peel.page)
  })

test('at 360 pixels it is there too', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.page.setViewportSize({ width: 360, height: 740 })
  await drawMap(peel)
  await expect(map(peel).getByRole('treeitem', { name: /^huge\.bin/ })).toBeVisible()
  await expect(peel.files).toBeHidden()
  expect(await peel.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
})
