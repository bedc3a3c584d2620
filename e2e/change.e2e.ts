/** Changing anything: links, devices, copies, attributes, layers, history, annotations; what comes out is seen by other tools. */
import { capabilityBytes } from '../src/core/layer/capability'
import { memberOf, unionOf } from '../scripts/engines/witness'
import { expectAccessible } from './axe'
import { drawnArchive, fileWith } from './files'
import { expect, test } from './peel'
import { dirname } from 'node:path'

const drawing = `
image small:1
  config {"Cmd": ["serve"], "Entrypoint": ["/entry"]}
layer COPY . /
  d etc/
  f etc/motd "hello\\n"
  f etc/secret "hunter2"
  d bin/
  f 755 bin/ping 100 bytes
layer RUN token=hunter3 make
  d etc/
  f etc/secret "hunter4"
  f etc/made "made"
layer RUN rm -f /etc/motd
  d etc/
  w etc/motd
  f etc/last "last"`

test('links, devices, copies and moves, by the menu, are in what comes out', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.choosePath('/bin/ping')
  let dialog = await peel.more('New symbolic link…', 'New symbolic link')
  await dialog.getByRole('textbox', { name: 'Name' }).fill('pong')
  await dialog.getByRole('textbox', { name: 'Target' }).fill('../bin/ping')
  await expectAccessible(peel.page)
  await dialog.getByRole('button', { name: 'Create' }).click()
  await expect(dialog).toBeHidden()

  await peel.choosePath('/bin/ping')
  dialog = await peel.more('New hard link…', 'New hard link')
  await dialog.getByRole('textbox', { name: 'Name' }).fill('/bin/pang')
  await expect(dialog.getByRole('textbox', { name: 'File' })).toHaveValue('/bin/ping')
  await dialog.getByRole('button', { name: 'Create' }).click()
  await expect(dialog).toBeHidden()

  dialog = await peel.more('New device or pipe…', 'New device or pipe')
  await dialog.getByRole('textbox', { name: 'Name' }).fill('/bin/ping')
  await dialog.getByRole('button', { name: 'Create' }).click()
  await expect(dialog.getByRole('alert')).toContainText('two whole numbers')
  await dialog.getByRole('textbox', { name: 'Major number' }).fill('1')
  await dialog.getByRole('textbox', { name: 'Minor number' }).fill('3')
  await dialog.getByRole('button', { name: 'Create' }).click()
  // Something is there: the engine's fault is said in the dialog, and the answers stay.
  await expect(dialog.getByRole('alert')).toContainText('/bin/ping')
  await dialog.getByRole('textbox', { name: 'Name' }).fill('/dev/null')
  await dialog.getByRole('button', { name: 'Create' }).click()
  await expect(dialog).toBeHidden()

  await peel.choosePath('/etc/last')
  dialog = await peel.more('Copy to…', 'Copy')
  await dialog.getByRole('textbox', { name: 'To' }).fill('/bin/copied')
  await dialog.getByRole('button', { name: 'Copy' }).click()
  await expect(dialog).toBeHidden()
  await peel.choosePath('/etc/made')
  dialog = await peel.more('Move to…', 'Move')
  await dialog.getByRole('textbox', { name: 'To' }).fill('/moved')
  await dialog.getByRole('button', { name: 'Move' }).click()
  await expect(dialog).toBeHidden()
  await peel.expectChanges(5)

  const { entries } = unionOf(await peel.export('changed-files.tar', { build: 'Add a layer' }))
  expect(entries['bin/pong']).toMatchObject({ type: 'symlink', link: '../bin/ping' })
  expect(entries['bin/pang']).toMatchObject({ type: 'file', size: 100, names: ['bin/pang', 'bin/ping'] })
  expect(entries['dev/null']).toMatchObject({ type: 'char', device: '1,3' })
  expect(entries['bin/copied']).toMatchObject({ type: 'file', size: 4 })
  expect(entries['moved']).toMatchObject({ type: 'file', size: 4 })
  expect(entries['etc/made']).toBeUndefined()
})

test('the menu is gone through with the keyboard', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.choosePath('/bin/ping')
  const more = peel.page
    .getByRole('toolbar', { name: 'Files' })
    .getByRole('button', { name: 'More', exact: true })
  await more.focus()
  await peel.page.keyboard.press('ArrowDown')
  await expect(peel.page.getByRole('menuitem', { name: 'New symbolic link…' })).toBeFocused()
  await expectAccessible(peel.page)
  await peel.page.keyboard.press('a')
  await peel.page.keyboard.press('a')
  await expect(peel.page.getByRole('menuitem', { name: 'Attributes…' })).toBeFocused()
  await peel.page.keyboard.press('Enter')
  await expect(peel.page.getByRole('dialog', { name: 'Attributes' })).toBeVisible()
  await peel.page.keyboard.press('Escape')
  await expect(peel.page.getByRole('dialog', { name: 'Attributes' })).toBeHidden()
})

test('mode with set-user-ID, owner, time and capabilities in words', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.choosePath('/bin/ping')
  await peel.inspector.getByRole('tab', { name: 'Details' }).click()
  await peel.inspector.getByRole('button', { name: 'Change attributes…' }).click()
  const dialog = peel.page.getByRole('dialog', { name: 'Attributes' })
  await expect(dialog.getByRole('textbox', { name: 'Mode' })).toHaveValue('0755')
  await dialog.getByRole('checkbox', { name: 'set-user-ID' }).check()
  await expect(dialog.getByRole('textbox', { name: 'Mode' })).toHaveValue('4755')
  await dialog.getByRole('textbox', { name: 'Owner' }).fill('1000')
  await dialog.getByRole('textbox', { name: 'Group' }).fill('100')
  await dialog.getByRole('textbox', { name: 'Modified' }).fill('2020-02-02T02:02:02Z')
  await dialog.getByRole('button', { name: 'Add attribute' }).click()
  await dialog.getByRole('textbox', { name: 'Name of attribute 1' }).fill('security.capability')
  await dialog.getByRole('textbox', { name: 'Value of attribute 1' }).fill('net_raw')
  await expectAccessible(peel.page)
  await dialog.getByRole('button', { name: 'Set' }).click()
  await expect(dialog.getByRole('alert')).toContainText('cap_net_raw+ep')
  await dialog.getByRole('textbox', { name: 'Value of attribute 1' }).fill('cap_net_raw+ep')
  await dialog.getByRole('button', { name: 'Set' }).click()
  await expect(dialog).toBeHidden()
  await expect(peel.inspector).toContainText('cap_net_raw+ep')
  await expect(peel.inspector).toContainText('-rwsr-xr-x')
  const { entries } = unionOf(await peel.export('attributes.tar', { build: 'Flatten (FROM scratch)' }))
  expect(entries['bin/ping']).toMatchObject({ mode: 0o4755, uid: 1000, gid: 100, mtime: 1_580_608_922 })
  const value = Object.values(entries['bin/ping'].xattrs ?? {})[0]
  expect(Buffer.from(value, /^[0-9a-f]+$/.test(value) ? 'hex' : 'base64')).toEqual(
    Buffer.from(capabilityBytes('cap_net_raw+ep')),
  )
})

test('a folder with all that is in it is added', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  const file = fileWith('conf/sub/one.conf', 'one')
  fileWith('conf/two.conf', 'two')
  await peel.choosePath('/etc')
  await peel.page.getByLabel('Folder to add').setInputFiles(dirname(dirname(file)))
  await expect(await peel.find('/etc/conf/sub/one.conf')).toBeVisible()
  await expect(await peel.find('/etc/conf/two.conf')).toBeVisible()
  // One action, undone at once.
  await peel.page.getByRole('button', { name: 'Undo', exact: true }).click()
  await peel.expectChanges(0)
})

test('a secret is scrubbed from every layer: all copies are listed before, and none is in what comes out', async ({
  peel,
}) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.choosePath('/etc/secret')
  const dialog = await peel.more('Remove from every layer…', 'Remove from every layer')
  const copies = dialog.getByRole('list', { name: 'Copies' }).getByRole('listitem')
  await expect(copies).toHaveText([/layer 0.*\/etc\/secret/, /layer 1.*\/etc\/secret/])
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await expect(dialog).toBeHidden()
  await peel.expectChanges(1)
  // Adding a layer would leave the bytes: it is not what is offered first, and says why not.
  const exporting = await peel.exportDialog({})
  await expect(exporting.getByRole('radio', { name: 'Rewrite layers' })).toBeChecked()
  await exporting.getByRole('radio', { name: 'Add a layer' }).check()
  await expect(exporting.getByRole('region', { name: 'What comes out' })).toContainText('scrubs')
  await exporting.getByRole('button', { name: 'Cancel' }).click()
  const tar = await peel.export('scrubbed.tar', { build: 'Rewrite layers' })
  const text = memberOf(tar, 'index.json') // Readable as a tar at all.
  expect(text).toContain('manifests')
  const { readFileSync } = await import('node:fs')
  for (const secret of ['hunter2', 'hunter4']) expect(readFileSync(tar).includes(secret)).toBe(false)
  expect(unionOf(tar).layers).toHaveLength(3)
})

test('a layer is dropped, others are squashed, a history line is scrubbed and one is edited', async ({
  peel,
}) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  const step = (name: RegExp) => peel.layers.getByRole('button', { name }).click()
  await step(/RUN rm/)
  await peel.inspector.getByRole('button', { name: 'Drop layer…' }).click()
  const drop = peel.page.getByRole('dialog', { name: 'Drop layer 2' })
  await expect(drop.getByRole('list', { name: 'Would appear' })).toContainText('/etc/motd')
  await expect(drop.getByRole('list', { name: 'Would vanish' })).toContainText('/etc/last')
  await expectAccessible(peel.page)
  await drop.getByRole('button', { name: 'Drop' }).click()
  await expect(drop).toBeHidden()
  await expect(peel.layers.getByRole('listitem').nth(2)).toContainText('dropped')

  await step(/token=hunter3/)
  await peel.inspector.getByRole('button', { name: 'Edit history line…' }).click()
  const history = peel.page.getByRole('dialog', { name: 'Edit the history line' })
  await history.getByRole('textbox', { name: 'Instruction' }).fill('RUN make')
  await history.getByRole('button', { name: 'Set' }).click()
  await expect(peel.inspector).toContainText('edited')
  await expect(peel.inspector).not.toContainText('hunter3')

  await step(/COPY/)
  await peel.inspector.getByRole('button', { name: 'Scrub history line' }).click()
  await peel.expectChanges(3)
  await peel.inspector.getByRole('button', { name: 'Squash layers…' }).click()
  const squash = peel.page.getByRole('dialog', { name: 'Squash layers' })
  await expect(squash.getByRole('combobox', { name: 'To layer' })).toHaveValue('1')
  await squash.getByRole('button', { name: 'Squash' }).click()
  await expect(squash).toBeHidden()
  await peel.expectChanges(4)

  const tar = await peel.export('layers.tar', { build: 'Rewrite layers' })
  const { entries, layers, config } = unionOf(tar)
  expect(layers).toHaveLength(1)
  expect(
    Object.keys(entries)
      .filter((path) => path.startsWith('etc/'))
      .sort(),
  ).toEqual(['etc/made', 'etc/motd', 'etc/secret'])
  expect(JSON.stringify(config.history)).not.toMatch(/hunter3|COPY/)
  expect(JSON.stringify(config.history)).toContain('RUN make')
})

test('Entrypoint alone is changed: what becomes of Cmd is said; and an annotation is set', async ({
  peel,
}) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.setConfig('Entrypoint', '["/other"]')
  const panel = peel.page.getByRole('tabpanel', { name: 'Config' })
  await expect(panel.getByText('become arguments of the new Entrypoint')).toBeVisible()
  await panel.getByRole('button', { name: 'Add Annotations' }).click()
  await panel.getByRole('textbox', { name: 'New Annotation' }).fill('org.example.by=peel')
  await panel.getByRole('textbox', { name: 'New Annotation' }).press('Enter')
  await peel.expectChanges(2)
  const tar = await peel.export('annotated.tar', { build: 'Add a layer' })
  const { digest } = JSON.parse(memberOf(tar, 'index.json')).manifests[0]
  expect(JSON.parse(memberOf(tar, `blobs/sha256/${digest.slice(7)}`)).annotations).toEqual({
    'org.example.by': 'peel',
  })
})
