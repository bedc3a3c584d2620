/** One source of commands: whatever a button or a menu does, the palette does, with its key; and the dialogs give the focus back. */
import { expectAccessible } from './axe'
import { drawnArchive } from './files'
import { expect, test, type Peel } from './peel'

/**
 * Buttons that are no commands: they belong to one line of a list, a table or a form, to a dialog that is open, to a
 * choice whose every answer is a command (tabs, panes, heads that sort), or they follow a link.
 */
const partOfSomething =
  '[aria-haspopup], li, tr, [role=row], dl, dialog, [role=dialog], [role=tablist], nav, [role=note], form, .field, .link'

const drawing = `
  image small:1
  config {"Env": ["A=1"], "Cmd": ["/bin/sh"]}
  layer COPY . /
    d etc/
    f etc/motd "hello\\n"
    f etc/conf "one\\n"
    f data.bin "\\x00\\x01\\x02"
  layer RUN edit
    f etc/conf "two\\n"`

/** Ids of the commands on the page's buttons and in its menus; a button that is none is named with its words. */
async function commandsOnScreen({ page }: Peel): Promise<string[]> {
  return page.evaluate((exempt) => {
    const seen = (button: Element) => button.checkVisibility() || button.closest('[role=menu]')
    return [...document.querySelectorAll<HTMLElement>('button, [role=menuitem], summary')]
      .filter((button) => seen(button) && !button.closest(exempt))
      .map((button) => button.dataset['command'] ?? `“${button.ariaLabel ?? button.textContent.trim()}”`)
  }, partOfSomething)
}

async function palette({ page }: Peel): Promise<string[]> {
  await page.keyboard.press('ControlOrMeta+k')
  await page.getByRole('searchbox', { name: 'Search' }).fill('>')
  await expect(page.getByRole('option', { name: 'Open image…' })).toBeVisible()
  const ids = await page
    .getByRole('listbox', { name: 'Found' })
    .getByRole('option')
    .evaluateAll((options) => options.map((option) => (option as HTMLElement).dataset['command'] ?? ''))
  await page.keyboard.press('Escape')
  return ids
}

test('whatever a button or a menu does, the palette does', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  const { page } = peel
  const walked: Record<string, () => Promise<unknown>> = {
    files: async () => peel.choosePath('/etc/motd'),
    hex: async () => peel.choosePath('/data.bin'),
    details: async () => peel.inspector.getByRole('tab', { name: 'Details' }).click(),
    life: async () => {
      await peel.choosePath('/etc/conf')
      await peel.inspector.getByRole('tab', { name: 'Life' }).click()
    },
    step: async () => peel.layers.getByRole('button').first().click(),
    treemap: async () => page.getByRole('radio', { name: 'Treemap' }).check({ force: true }),
    config: async () => peel.tab('Config'),
    dockerfile: async () => peel.tab('Dockerfile'),
    anatomy: async () => {
      await peel.tab('Anatomy')
      await page.getByRole('button', { name: 'manifest.json' }).click()
    },
    waste: async () => peel.tab('Waste'),
    changes: async () => peel.tab('Changes'),
  }
  for (const [place, go] of Object.entries(walked)) {
    await go()
    const known = await palette(peel)
    const unknown = (await commandsOnScreen(peel)).filter((id) => !known.includes(id))
    expect(unknown, place).toEqual([])
  }
  const known = await palette(peel)
  for (const tab of ['files', 'config', 'dockerfile', 'anatomy', 'waste', 'changes'])
    expect(known).toContain(`tab-${tab}`)
  for (const sort of ['name', 'change', 'size', 'mode', 'owner', 'mtime', 'layer'])
    expect(known).toContain(`sort-${sort}`)
  expect(new Set(known).size).toBe(known.length)
})

test('from the palette: a path is renamed by its command, whose key is shown; the focus is back in the tree', async ({
  peel,
}) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  const { page } = peel
  await peel.choosePath('/etc/motd')
  await peel.files.focus()
  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.type('>rename')
  const option = page.getByRole('listbox', { name: 'Found' }).getByRole('option').first()
  await expect(option).toHaveText(/Rename\s*\/etc\/motd\s*F2/)
  await expectAccessible(page)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Rename' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('greeting')
  await page.keyboard.press('Enter')
  await expect(dialog).toBeHidden()
  await peel.expectChanges(1)
  await expect(peel.files).toBeFocused()
})

test('what cannot be done now says why, and is not done', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  const { page } = peel
  await peel.view('Only layer 1')
  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.type('>new symbolic')
  const option = page.getByRole('listbox', { name: 'Found' }).getByRole('option').first()
  await expect(option).toHaveAttribute('aria-disabled', 'true')
  await expect(option).toContainText('Edits act on the final filesystem')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog', { name: 'New symbolic link' })).toBeHidden()
})

test('every change is undone in one go, and comes back by redo', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.remove('/etc/motd')
  await peel.remove('/data.bin')
  await peel.tab('Changes')
  await peel.page.getByRole('button', { name: 'Undo all' }).click()
  await peel.expectChanges(0)
  await peel.page.getByRole('button', { name: 'Redo last' }).click()
  await peel.expectChanges(1)
})
