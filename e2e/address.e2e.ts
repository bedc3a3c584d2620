/** The address carries what is looked at: through a reload, back and forward, and into another browser. And the app is installed from the start screen. */
import { drawnArchive } from './files'
import { beLate, expect, Peel, test, withoutPicker } from './peel'

const drawing = `
  image view:1
  layer COPY . /
    d etc/
    f etc/a.conf "one\\n"
    f etc/b.conf 3000 bytes
    f etc/c.txt "three\\n"
    f bin 9000 bytes
  layer RUN edit
    f etc/a.conf "two\\n"`

test('filter, shape, order, and how a path is looked at: there after a reload, and by back and forward', async ({
  peel,
}) => {
  const { page } = peel
  const filter = page.getByRole('textbox', { name: 'Filter paths' })
  const shape = (name: string) => page.getByRole('radiogroup', { name: 'Shape' }).getByRole('radio', { name })
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.kept()
  await shape('Flat').check({ force: true })
  await peel.filter('*.conf')
  await page.getByRole('button', { name: 'Size', exact: true }).click()
  await peel.settled()
  await peel.files.getByRole('row').filter({ hasText: 'etc/a.conf' }).click()
  await peel.inspector.getByRole('tab', { name: 'Life' }).click()
  await expect(page).toHaveURL(/shape=flat&filter=\*\.conf&sort=-size&path=\/etc\/a\.conf&facet=life$/)

  await page.reload()
  await peel.whole()
  await expect(filter).toHaveValue('*.conf')
  await expect(shape('Flat')).toBeChecked()
  await expect(page.getByRole('columnheader', { name: 'Size' })).toHaveAttribute('aria-sort', 'descending')
  await expect(peel.files.getByRole('row')).toHaveText([/Name/, /b\.conf/, /a\.conf/])
  await expect(peel.inspector.getByRole('tab', { name: 'Life' })).toHaveAttribute('aria-selected', 'true')

  await shape('Treemap').check({ force: true })
  await expect(page.getByRole('tree')).toBeVisible()
  await page.goBack()
  await expect(shape('Flat')).toBeChecked()
  await expect(filter).toHaveValue('*.conf')
  await page.goForward()
  await expect(shape('Treemap')).toBeChecked()
})

test('back and forward, each before the engine has answered: it ends where the last one led', async ({
  peel,
}) => {
  const { page } = peel
  const shape = (name: string) => page.getByRole('radiogroup', { name: 'Shape' }).getByRole('radio', { name })
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.choosePath('/etc/a.conf')
  await peel.choosePath('/etc/c.txt')
  await shape('Treemap').check({ force: true })
  await expect(page).toHaveURL(/shape=treemap.*path=\/etc\/c\.txt$/)
  const last = page.url()
  await page.evaluate(beLate, 400)
  /** Until the page has been told, which is long before the engine has answered. */
  const go = (by: number) =>
    page.evaluate((by) => {
      const told = new Promise((resolve) => addEventListener('popstate', resolve, { once: true }))
      history.go(by)
      return told.then(() => {})
    }, by)
  for (const by of [-1, -1, 1, 1]) await go(by)
  await peel.settled()
  await expect(page).toHaveURL(last)
  await expect(shape('Treemap')).toBeChecked()
  await expect(peel.inspector.getByRole('heading').first()).toHaveText('/etc/c.txt')
  // And no page of the history was written over on the way.
  await go(-2)
  await expect(peel.inspector.getByRole('heading').first()).toHaveText('/etc/a.conf')
  await expect(page).toHaveURL(/path=\/etc\/a\.conf$/)
})

test('what is done while the engine is still on the way to the address is a page of the history', async ({
  peel,
}) => {
  const { page } = peel
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.kept()
  await peel.choosePath('/etc/a.conf')
  const before = page.url()
  await page.addInitScript(beLate, 1000)
  await page.reload()
  await expect(peel.files.getByRole('row').nth(1)).toBeVisible()
  const pages = () => page.evaluate(() => history.length)
  const many = await pages()
  await peel.tab('Config')
  await expect(page).toHaveURL(/tab=config/)
  expect(await pages()).toBe(many + 1)
  await page.goBack()
  await expect(page).toHaveURL(before)
  await expect(peel.inspector.getByRole('heading').first()).toHaveText('/etc/a.conf')
})

test('a path that was found from another tab: back leads to that tab', async ({ peel }) => {
  const { page } = peel
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.filter('a.conf')
  await peel.tab('Config')
  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.type('c.txt')
  await page.getByRole('option', { name: /^\/etc\/c\.txt/ }).click()
  await expect(peel.inspector.getByRole('heading').first()).toHaveText('/etc/c.txt')
  await page.goBack()
  await expect(page.getByRole('tab', { name: 'Config', exact: true })).toHaveAttribute(
    'aria-selected',
    'true',
  )
})

test('zoom and colours of the treemap: there after a reload, and by back and forward', async ({ peel }) => {
  const { page } = peel
  const way = page.getByRole('navigation', { name: 'Zoom' })
  const item = (name: RegExp) => page.getByRole('tree', { name: 'Treemap' }).getByRole('treeitem', { name })
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.kept()
  await page.getByRole('radio', { name: 'Treemap' }).check({ force: true })
  await item(/^etc /).dblclick({ position: { x: 8, y: 6 } })
  await expect(way).toContainText('etc')
  await page.getByLabel('Colour by').selectOption('kind')
  await expect(page).toHaveURL(/shape=treemap&zoom=\/etc&colour=kind/)

  await page.reload()
  await peel.whole()
  await expect(way).toContainText('etc')
  await expect(item(/^bin/)).toHaveCount(0)
  await expect(page.getByLabel('Colour by')).toHaveValue('kind')

  await page.goBack()
  await expect(page.getByLabel('Colour by')).toHaveValue('layer')
  await expect(way).toContainText('etc')
  await page.goBack()
  await expect(item(/^bin/)).toBeVisible()
  await page.goForward()
  await expect(item(/^bin/)).toHaveCount(0)
})

test('an address of somebody else waits for its archive, and leads to the same place in it', async ({
  peel,
  browser,
}) => {
  const archive = drawnArchive(drawing)
  await peel.open(archive)
  await peel.whole()
  await peel.choosePath('/etc/c.txt')
  const address = peel.page.url()

  const context = await browser.newContext()
  await withoutPicker(context)
  const other = new Peel(await context.newPage())
  await other.page.goto(address)
  await expect(other.page.getByText('This address leads into an image')).toBeVisible()
  expect(other.page.url()).toBe(address)
  await other.open(archive)
  await other.whole()
  await expect(other.inspector.getByRole('heading').first()).toHaveText('/etc/c.txt')
  await expect(other.page.getByRole('textbox', { name: 'Filter paths' })).toHaveValue('/etc/c.txt')
  await context.close()
})

test('where the browser offers it, the start screen installs the app', async ({ peel }) => {
  const { page } = peel
  const install = page.getByRole('button', { name: 'Install as an app…' })
  await expect(install).toBeHidden()
  await page.evaluate(() => {
    const offer = Object.assign(new Event('beforeinstallprompt', { cancelable: true }), {
      prompt: async () => document.body.setAttribute('data-asked', ''),
    })
    dispatchEvent(offer)
  })
  await install.click()
  await expect(page.locator('body')).toHaveAttribute('data-asked', '')
  await expect(install).toBeHidden()
})
