/** One search for everything: commands with their keys, names, layers, config, and contents down to the byte. */
import { expectAccessible } from './axe'
import { drawnArchive, real } from './files'
import { beLate, expect, test } from './peel'

const redis = 'built/redis-7-docker28-save.tar.zst'

test('redis by keyboard: a file by its letters, by a glob, a layer, a field, a command', async ({ peel }) => {
  await peel.open(real(redis))
  await peel.whole()
  const { page } = peel
  const box = page.getByRole('searchbox', { name: 'Search' })
  const found = page.getByRole('listbox', { name: 'Found' })
  await page.keyboard.press('ControlOrMeta+k')
  await expect(box).toBeFocused()
  await expect(found.getByRole('option', { name: /Export….*Ctrl\+Shift\+S/ })).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.type('osrel')
  await expect(found.getByRole('option').first()).toContainText('/etc/os-release')
  await expectAccessible(page)
  await page.keyboard.press('Enter')
  await expect(peel.inspector.getByRole('heading').first()).toHaveText('/etc/os-release')
  await expect(found).toBeHidden()
  await expect(peel.files).toBeFocused()

  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.type('/etc/**/redis*.conf')
  await expect(found.getByRole('option').first()).toContainText('/etc/redis/redis.conf')

  await box.fill('groupadd')
  await expect(found.getByRole('group', { name: 'Layers' }).getByRole('option')).toContainText('layer 1')
  await box.fill('6379')
  await expect(found.getByRole('group', { name: 'Config' }).getByRole('option')).toContainText('ExposedPorts')

  await box.fill('>waste')
  await expect(found.getByRole('option').first()).toContainText('Go to Waste')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('tab', { name: 'Waste' })).toHaveAttribute('aria-selected', 'true')
})

test('typed and entered at once: what was typed is opened, not what was found before', async ({ peel }) => {
  await peel.open(real(redis))
  await peel.whole()
  for (const path of ['/etc/passwd', '/usr/bin/redis-server', '/etc/group']) {
    await peel.page.keyboard.press('ControlOrMeta+k')
    // Faster than any answer: both in one turn of the page.
    await peel.page.getByRole('searchbox', { name: 'Search' }).evaluate((box: HTMLInputElement, path) => {
      box.value = path
      box.dispatchEvent(new InputEvent('input', { bubbles: true }))
      box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
    }, path)
    await expect(peel.inspector.getByRole('heading').first()).toHaveText(path)
  }
})

test('a row that is pointed at stays under the pointer while answers come', async ({ peel }) => {
  const { page } = peel
  await peel.open(drawnArchive('image x:1\nlayer RUN groceries\n  f groceries.txt "milk"'))
  await peel.whole()
  // From here on the engine is busy with something else for a second before it answers.
  await page.evaluate(beLate, 1000)
  const found = page.getByRole('listbox', { name: 'Found' })
  const step = found.getByRole('group', { name: 'Layers' }).getByRole('option')
  const file = found.getByRole('option', { name: /groceries\.txt/ })
  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.insertText('groceries')
  await expect(step).toBeVisible()
  await expect(file).toHaveCount(0)
  const { x, y } = (await step.boundingBox())!
  await page.mouse.move(x + 20, y + 8)
  await page.mouse.move(x + 22, y + 8)
  // A pointer that rests is not on its way to a row: it moves until the answer is here, and once more after it.
  const point = async (by: number): Promise<void> => {
    await page.mouse.move(x + 20 + by, y + 8)
    expect((await step.boundingBox())!.y).toBe(y)
  }
  for (let i = 0; (await found.getAttribute('aria-busy')) === 'true'; i++) await point(i % 2)
  await point(3)
  await expect(file).toHaveCount(0)
  await page.mouse.move(5, 500)
  await expect(file).toBeVisible()
  // The files stand above the layers: this is the place that the pointer would have lost.
  expect((await step.boundingBox())!.y).toBeGreaterThan(y)
  await step.click()
  await expect(peel.inspector.getByRole('heading').first()).toHaveText('Layer 0')
})

test('who goes on meanwhile keeps the keys: a path that is opened late does not take them away', async ({
  peel,
}) => {
  const { page } = peel
  await peel.open(drawnArchive('image x:1\nlayer COPY . /\n  f etc/one "first"\n  f etc/two "second"'))
  await peel.whole()
  await page.evaluate(beLate, 700)
  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.insertText('/etc/one')
  const box = page.getByRole('searchbox', { name: 'Search' })
  await expect(page.getByRole('option', { name: '/etc/one' })).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(box).not.toBeFocused()
  await page.keyboard.press('ControlOrMeta+k')
  const left = box.evaluate(
    (box) => new Promise((leave) => box.addEventListener('blur', leave, { once: true })),
  )
  let isLeft = false
  void left.then(() => (isLeft = true))
  await expect(peel.inspector).toContainText('first')
  // Asked after the path was opened: by the answer, whoever opened it has done all that comes of it.
  await box.fill('/etc/two')
  await expect(page.getByRole('option', { name: '/etc/two' })).toBeVisible()
  expect(isLeft).toBe(false)
  await page.keyboard.press('Enter')
  await expect(peel.inspector.getByRole('heading').first()).toHaveText('/etc/two')
  await left
})

test('redis: contents by a regular expression, and the line is shown', async ({ peel }) => {
  await peel.open(real(redis))
  await peel.whole()
  const { page } = peel
  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.type('^redis:x:\\d+')
  await page.getByRole('radio', { name: 'Contents' }).check({ force: true })
  await page.getByRole('checkbox', { name: 'Regular expression' }).check()
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  const matches = page.getByRole('listbox', { name: 'Matches' })
  const state = page.getByText(/match(es)? in/)
  await expect(state).toContainText('searched', { timeout: 60_000 })
  await expect(state).toContainText('2 matches in 2 files')
  await expectAccessible(page)
  await matches.getByRole('option', { name: /\/etc\/passwd/ }).click()
  await expect(peel.inspector.getByRole('heading').first()).toHaveText('/etc/passwd')
  await expect(peel.inspector.locator('mark')).toHaveText('redis:x:999')
  // A pattern that is none is said, and nothing breaks.
  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.type('(')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert')).toContainText('Not a regular expression')
})

test('hidden versions: a secret that was deleted is still found, and shown in its layer', async ({
  peel,
}) => {
  await peel.open(
    drawnArchive(`
      image leak:1
      layer COPY . /
        f keep "nothing here\\n"
        f secret "user=me\\npassword=hunter2\\n"
      layer RUN rm /secret
        w secret`),
  )
  await peel.whole()
  const { page } = peel
  const state = page.getByText(/match(es)? in/)
  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.type('HUNTER2')
  await page.keyboard.press('ControlOrMeta+Enter')
  await expect(state).toContainText('0 matches in 0 files')
  await page.getByRole('checkbox', { name: 'Hidden versions' }).check()
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await expect(state).toContainText('1 match in 1 file')
  const hit = page.getByRole('listbox', { name: 'Matches' }).getByRole('option')
  await expect(hit).toContainText('line 2')
  await expect(hit).toContainText('hidden, layer 0')
  await hit.click()
  await expect(peel.inspector).toContainText('password=hunter2')
  await expect(peel.inspector.locator('mark')).toHaveText('hunter2')
})

test('a pattern that would never end is stopped, and the next search works', async ({ peel }) => {
  await peel.open(drawnArchive(`image slow:1\nlayer COPY\n  f a "${'a'.repeat(60)}b"\n  f b "needle"`))
  await peel.whole()
  const { page } = peel
  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.type('(a+)+$')
  await page.getByRole('radio', { name: 'Contents' }).check({ force: true })
  await page.getByRole('checkbox', { name: 'Regular expression' }).check()
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await page.getByRole('button', { name: 'Stop', exact: true }).click()
  await page.getByRole('searchbox', { name: 'Search' }).fill('needle')
  await page.keyboard.press('Enter')
  await expect(page.getByText('1 match in 1 file')).toBeVisible()
})

test('? shows the keys; typing one does not', async ({ peel }) => {
  await peel.open(drawnArchive('image small:1\nlayer COPY\n f hello "hi"'))
  await peel.whole()
  await peel.files.focus()
  await peel.page.keyboard.press('?')
  const dialog = peel.page.getByRole('dialog', { name: 'Keys' })
  await expect(dialog).toContainText('Search files, contents and commands')
  await expectAccessible(peel.page)
  await peel.page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await peel.page.getByRole('textbox', { name: 'Filter paths' }).press('?')
  await expect(dialog).toBeHidden()
})
