/** Layers moved, an image put onto another base, and what else is chosen beside the open image: the base of a delta. */
import { execFileSync } from 'node:child_process'
import { memberOf, unionOf } from '../scripts/engines/witness'
import { expectAccessible } from './axe'
import { drawnArchive } from './files'
import { expect, test, type Peel } from './peel'

const app = `
image app:1
  config {"Cmd": ["/srv/app"]}
layer ADD base
  d etc/
  f etc/motd "old base\\n"
step CMD ["sh"]
layer COPY app
  d srv/
  f srv/app "app"
layer COPY conf
  d etc/
  f etc/app.conf "mine"
layer RUN edit
  d etc/
  f etc/app.conf "edited"`

const base = `
image base:2
layer ADD new base
  d etc/
  f etc/motd "the new base\\n"
  f etc/app.conf "of the base"
layer RUN update
  f updated "1"
step CMD ["sh"]`

const step = (peel: Peel, name: RegExp) => peel.layers.getByRole('button', { name }).click()
const more = async (peel: Peel, layer: number, words: string) => {
  await peel.inspector.getByRole('button', { name: `More for layer ${layer}` }).click()
  await peel.page.getByRole('menuitem', { name: words }).click()
}
const historyOf = (tar: string): string[] =>
  (unionOf(tar).config.history as { created_by: string }[]).map(({ created_by }) => created_by)

test('a layer moves where no path is in conflict; where one is, it is named and nothing moves', async ({
  peel,
}) => {
  await peel.open(drawnArchive(app))
  await peel.whole()
  await step(peel, /COPY conf/)
  await more(peel, 2, 'Move up…')
  const move = peel.page.getByRole('dialog', { name: 'Move layer 2' })
  await expect(move.getByRole('list', { name: 'In conflict' })).toContainText(
    '/etc/app.conf (layer 2 and layer 3',
  )
  await expect(move.getByRole('button', { name: 'Move', exact: true })).toBeDisabled()
  await expectAccessible(peel.page)
  await move.getByRole('combobox', { name: 'Place' }).selectOption('1')
  await expect(move).toContainText('No path is in conflict')
  await move.getByRole('button', { name: 'Move', exact: true }).click()
  await expect(move).toBeHidden()
  await peel.expectChanges(1)
  await expect(peel.layers.getByRole('button', { name: /COPY conf/ })).toContainText('in place 1')

  const tar = await peel.export('moved.tar', { build: 'Add a layer' })
  expect(historyOf(tar)).toEqual(['ADD base', 'CMD ["sh"]', 'COPY conf', 'COPY app', 'RUN edit'])
  await peel.page.getByRole('button', { name: 'Undo', exact: true }).click()
  await peel.expectChanges(0)
  await expect(peel.layers.getByRole('button', { name: /COPY conf/ })).not.toContainText('in place')
})

test('an image is put onto the layers of another archive: shadowed files are named, and a reload finds the base again', async ({
  peel,
}) => {
  await peel.open(drawnArchive(app))
  await peel.whole()
  await peel.kept()
  await step(peel, /COPY app/)
  await more(peel, 1, 'Rebase from layer 1 on…')
  const rebase = peel.page.getByRole('dialog', { name: 'Rebase' })
  await expect(rebase.getByRole('button', { name: 'Rebase', exact: true })).toBeDisabled()
  await rebase.getByLabel('Archive of the new base').setInputFiles(drawnArchive(base, { name: 'base.tar' }))
  await expect(rebase).toContainText('base:2')
  await expect(rebase.getByRole('list', { name: 'Shadowed' })).toContainText(
    '/etc/app.conf (replaced by layer 3)',
  )
  await expect(rebase.getByRole('list', { name: 'Would appear' })).toContainText('/updated')
  await expect(rebase.getByRole('list', { name: 'Would change' })).toContainText('/etc/motd')
  await expectAccessible(peel.page)
  await rebase.getByRole('button', { name: 'Rebase', exact: true }).click()
  await expect(rebase).toBeHidden()
  await expect(peel.layers).toContainText('New base')
  await expect(peel.layers.getByRole('button', { name: /ADD base/ })).toContainText('replaced')
  await peel.view('Final')
  await peel.choosePath('/etc/motd')
  await expect(peel.inspector).toContainText('the new base')
  await expect(peel.row('/etc/motd')).toContainText('b0')

  // The base is in this browser too: a reload finds it there.
  await peel.kept()
  await peel.page.reload()
  await peel.whole()
  await peel.expectChanges(1)
  await peel.choosePath('/etc/motd')
  await expect(peel.inspector).toContainText('new base')

  const tar = await peel.export('rebased.tar', { build: 'Add a layer', tag: 'app:2' })
  expect(historyOf(tar)).toEqual([
    'ADD new base',
    'RUN update',
    'CMD ["sh"]',
    'COPY app',
    'COPY conf',
    'RUN edit',
  ])
  const { entries, config } = unionOf(tar)
  expect(Object.keys(entries).sort()).toEqual([
    'etc',
    'etc/app.conf',
    'etc/motd',
    'srv',
    'srv/app',
    'updated',
  ])
  expect((config.config as { Cmd: string[] }).Cmd).toEqual(['/srv/app'])
})

test('a delta leaves the layers of its base out, says who takes it, and is refused where it does not stand on them', async ({
  peel,
}) => {
  const path = drawnArchive(app)
  await peel.open(path)
  await peel.whole()
  await peel.writeText('/etc/motd', 'delta\n')
  const dialog = await peel.exportDialog({ build: 'Add a layer', format: 'Delta', tag: 'app:delta' })
  const outlook = dialog.getByRole('region', { name: 'What comes out' })
  await expect(outlook).toContainText('choose the archive that is loaded there')
  await dialog.getByLabel('Archive of the base').setInputFiles(path)
  await expect(dialog).toContainText('4 layers in common with it')
  await expect(outlook).toContainText('image ID')
  await expect(outlook.getByRole('row', { name: /^docker load loads/ })).toContainText(
    'where the 4 layers of the base are loaded already',
  )
  await expect(outlook.getByRole('row', { name: /podman load/ })).toContainText('export it whole')
  await expectAccessible(peel.page)
  await dialog.getByRole('radio', { name: 'Flatten (FROM scratch)' }).check()
  await expect(outlook).toContainText('does not stand on the base')
  await dialog.getByRole('button', { name: 'Cancel' }).click()

  const tar = await peel.export('delta.tar', {
    build: 'Add a layer',
    format: 'Delta',
    base: path,
    tag: 'app:delta',
  })
  const [line] = JSON.parse(memberOf(tar, 'manifest.json'))
  const names = execFileSync('tar', ['tf', tar], { encoding: 'utf8' })
  expect(line.Layers.map((name: string) => names.includes(name))).toEqual([false, false, false, false, true])
})

test('the unpacked form as a zip: Python finds every member whole', async ({ peel }) => {
  await peel.open(drawnArchive(app))
  await peel.whole()
  const zip = await peel.export('app.zip', { build: 'Add a layer', format: 'Unpacked layers, zip' })
  const said = execFileSync(
    'python3',
    ['-c', 'import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nprint(z.testzip(),*z.namelist())', zip],
    { encoding: 'utf8' },
  )
  expect(said.trim()).toBe(
    'None LAYER_0.tar LAYER_1.tar LAYER_2.tar LAYER_3.tar metadata/ metadata/config.json metadata/index.json metadata/manifest.json metadata/oci-layout metadata/oci-manifest.json',
  )
})
