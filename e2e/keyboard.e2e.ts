/** Edit and export with the keyboard alone; hints that go away; colours of languages. */
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright/test'
import { expectAccessible } from './axe'
import { drawnArchive } from './files'
import { expect, test } from './peel'

const drawing = `image keys:1
layer COPY . /
  f etc/motd "hello\\n"
  f etc/run.sh "#!/bin/sh\\n# says hello\\necho \\"hi\\"\\n"
  f bin/tool 3000 bytes`

/** Tab, until what is wanted has the focus; no more often than a person would bear. */
async function tabTo(
  page: Page,
  role: Parameters<Page['getByRole']>[0],
  name: string | RegExp,
): Promise<void> {
  const wanted = page.getByRole(role, { name })
  for (let presses = 0; presses < 60; presses++) {
    if ((await wanted.and(page.locator(':focus')).count()) > 0) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`60 times Tab, and no ${role} "${String(name)}"`)
}

test('edited and exported without a mouse', async ({ peel }) => {
  const { page } = peel
  const path = drawnArchive(drawing)
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    (async () => {
      await tabTo(page, 'button', 'Open image…')
      await page.keyboard.press('Enter')
    })(),
  ])
  await chooser.setFiles(path)
  await peel.whole()

  // A file is found, opened in the editor, changed and saved.
  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.type('motd')
  await expect(page.getByRole('option', { name: /\/etc\/motd/ })).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(peel.inspector.getByRole('heading').first()).toHaveText('/etc/motd')
  await tabTo(page, 'button', 'Edit')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('textbox', { name: 'Editor' })).toBeFocused()
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('by keyboard')
  await page.keyboard.press('ControlOrMeta+s')
  await peel.expectChanges(1)
  // Out of the editor again: Escape, and Tab is Tab.
  await page.keyboard.press('Escape')

  // Another one is deleted in the tree.
  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.type('/bin/tool')
  await expect(page.getByRole('option', { name: /\/bin\/tool/ }).first()).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(peel.inspector.getByRole('heading').first()).toHaveText('/bin/tool')
  await tabTo(page, 'treegrid', 'Files')
  await page.keyboard.press('Delete')
  await peel.expectChanges(2)

  // And the image is saved under another name.
  await page.keyboard.press('ControlOrMeta+Shift+s')
  const dialog = page.getByRole('dialog', { name: 'Export image' })
  await expect(dialog).toBeVisible()
  await tabTo(page, 'textbox', 'Tag')
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('keys:2')
  const download = await peel.download(async () => {
    await tabTo(page, 'button', /^Save$/)
    await page.keyboard.press('Enter')
  })
  const saved = readFileSync(await download.path()).toString('latin1')
  expect(saved).toContain('keys:2')
  expect(saved).toContain('by keyboard')
  await tabTo(page, 'button', 'Done')
  await page.keyboard.press('Enter')
  await expect(dialog).toBeHidden()
})

test('each pane says once what it is for', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  const notes = peel.page.getByRole('note')
  await expect(notes).toHaveCount(2)
  await expect(notes.first()).toContainText('Base first')
  await expectAccessible(peel.page)
  for (let left = 1; left >= 0; left--) {
    await notes.first().getByRole('button', { name: 'Got it' }).click()
    await expect(notes).toHaveCount(left)
  }
  await peel.tab('Waste')
  await expect(notes).toHaveCount(1)
  await peel.tab('Files')
  await peel.page.reload()
  await expect(peel.layers).toBeVisible()
  await expect(notes).toHaveCount(0)
})

test('text is coloured by its language, in both themes, and stays the same text', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.choosePath('/etc/run.sh')
  const coloured = (name: string) =>
    peel.page.evaluate((name) => {
      const ranges = [...((CSS.highlights.get(name) as unknown as Iterable<StaticRange>) ?? [])]
      return ranges.map(({ startContainer, startOffset, endOffset }) =>
        (startContainer as Text).data.slice(startOffset, endOffset),
      )
    }, name)
  await expect(async () => expect(await coloured('peel-comment')).toContain('# says hello')).toPass()
  expect((await coloured('peel-string')).join('')).toContain('"hi"')
  await expect(peel.inspector).toContainText('echo "hi"')
  // A file of no known language takes the colours away.
  await peel.choosePath('/etc/motd')
  await expect(peel.inspector).toContainText('hello')
  await expect(async () => expect(await coloured('peel-comment')).toEqual([])).toPass()
})
