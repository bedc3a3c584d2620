/** The recipe: every change before and after, taken back alone, saved, replayed on another archive, read as a Dockerfile. */
import { readFileSync } from 'node:fs'
import { command } from '../scripts/engines/command'
import { memberOf } from '../scripts/engines/witness'
import { root } from '../src/testkit/corpus'
import { expectAccessible } from './axe'
import { drawnArchive, fileWith, sha256OfFile } from './files'
import { expect, test } from './peel'

const drawing = `
image small:1
  config {"Cmd": ["/bin/sh"]}
layer COPY . /
  d etc/
  f etc/motd "hello\\n"
  f etc/gone "gone"
  d bin/
  f 755 bin/tool 100 bytes`

test('each change is seen before and after, and is taken back alone', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.writeText('/etc/motd', 'goodbye\n')
  await peel.remove('/etc/gone')
  await peel.drop('tool', Buffer.from([0, 1, 2, 255]), await peel.find('/bin'))
  await peel.setConfig('Cmd', '["/bin/other"]')
  await peel.expectChanges(4)
  await peel.tab('Changes')
  const panel = peel.page.getByRole('tabpanel', { name: 'Changes' })
  const lines = panel.getByRole('list', { name: 'Pending changes' }).getByRole('listitem')
  await expect(lines).toHaveCount(4)
  const look = (index: number) => lines.nth(index).getByRole('button').first().click()
  await look(0)
  const diff = panel.getByRole('region', { name: 'Before and after' })
  await expect(diff).toContainText('goodbye')
  await expect(diff).toContainText('hello')
  await expectAccessible(peel.page)
  await look(1)
  await expect(panel.getByRole('table', { name: 'Attributes before and after' })).toContainText('/etc/gone')
  await look(2)
  await expect(panel.getByRole('region', { name: 'Bytes before and after' })).toContainText('00 01 02 ff')
  await look(3)
  await expect(diff).toContainText('/bin/other')
  // What each build comes to, beside the archive.
  for (const build of ['Add a layer', 'Rewrite layers', 'Squash', 'Flatten (FROM scratch)'])
    await expect(panel.getByRole('row', { name: build })).toContainText(/[+−][\d.]+\s?k?B/)
  await panel.getByRole('button', { name: 'Take back: removed /etc/gone' }).click()
  await peel.expectChanges(3)
  await panel.getByRole('button', { name: 'Undo last' }).click()
  await peel.expectChanges(2)
  await panel.getByRole('button', { name: 'Redo last' }).click()
  await peel.expectChanges(3)
})

test('a recipe is saved and replayed: the page and the terminal build the same bytes from it', async ({
  peel,
}) => {
  test.slow()
  const archive = drawnArchive(drawing)
  await peel.open(archive)
  await peel.whole()
  await peel.writeText('/etc/motd', 'goodbye\n')
  await peel.remove('/etc/gone')
  await peel.drop('tool', Buffer.from([0, 1, 2, 255]), await peel.find('/bin'))
  await peel.setConfig('Cmd', '["/bin/other"]')
  const exported = await peel.export('recipe-page.tar', { build: 'Rewrite layers', tag: 'small:2' })
  await peel.tab('Changes')
  const panel = peel.page.getByRole('tabpanel', { name: 'Changes' })
  const saved = await peel.download(() => panel.getByRole('button', { name: 'Save recipe…' }).click())
  const recipe = fileWith('small.recipe.json', await peel.bytesOf(saved))
  expect(JSON.parse(readFileSync(recipe, 'utf8'))).toMatchObject({ peel: 'recipe/1' })

  const out = test.info().outputPath('terminal.tar')
  const options = ['--recipe', recipe, '--build', 'rewrite', '--tag', 'small:2', '-o', out]
  const { ok, stderr } = command('node', [`${root}/scripts/peel.mjs`, 'rebuild', archive, ...options])
  expect(ok, stderr).toBe(true)
  expect(sha256OfFile(out)).toBe(sha256OfFile(exported))

  // On another archive, where it fits: one step, undone at once.
  await peel.open(drawnArchive(drawing.replace('100 bytes', '200 bytes'), { name: 'other.tar' }))
  await peel.whole()
  await peel.expectChanges(0)
  await peel.tab('Changes')
  await peel.page.getByLabel('Recipe to replay').setInputFiles(recipe)
  await peel.expectChanges(4)
  await peel.page.getByRole('button', { name: 'Undo', exact: true }).click()
  await peel.expectChanges(0)
  const again = peel.page.getByRole('button', { name: 'Redo', exact: true })
  await again.click()
  await peel.expectChanges(4)
})

test('a line that does not fit is named, and nothing of the recipe is done', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.tab('Changes')
  const recipe = (operations: unknown[]): string =>
    fileWith('r.recipe.json', JSON.stringify({ peel: 'recipe/1', operations }))
  const write = { op: 'write', path: '/etc/new', content: { text: 'new' } }
  const picker = peel.page.getByLabel('Recipe to replay')
  const alert = peel.page.getByRole('tabpanel', { name: 'Changes' }).getByRole('alert')
  await picker.setInputFiles(recipe([write, { op: 'remove', path: '/no/such' }]))
  await expect(alert).toContainText('Line 2 of the recipe')
  await peel.expectChanges(0)
  await picker.setInputFiles(recipe([write, write, { op: 'dance' }]))
  await expect(alert).toContainText('Line 3 of the recipe')
  await picker.setInputFiles(recipe([{ op: 'write', path: '/x', content: { file: 'x.bin' } }]))
  await expect(alert).toContainText('x.bin')
  await peel.expectChanges(0)
  // Together with the file that it names.
  await picker.setInputFiles([
    recipe([{ op: 'write', path: '/x', content: { file: 'x.bin' } }]),
    fileWith('x.bin', 'beside'),
  ])
  await peel.expectChanges(1)
  await expect(alert).toHaveCount(0)
})

test('the changes as a Dockerfile with its context', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.writeText('/etc/motd', 'goodbye\n')
  await peel.setConfig('Cmd', '["/bin/other"]')
  await peel.tab('Changes')
  const button = peel.page.getByRole('button', { name: 'As a Dockerfile with its context' })
  const path = fileWith('context.tar', await peel.bytesOf(await peel.download(() => button.click())))
  expect(memberOf(path, 'Dockerfile')).toMatch(
    /^FROM small:1\nADD edits.tar \/\nCOPY --chown=0:0 files\/etc\/motd \/etc\/motd\nCMD \["\/bin\/other"\]\n$/,
  )
  expect(memberOf(path, 'files/etc/motd')).toBe('goodbye\n')
})
