/** Editing: files, folders, config, tags; undo and redo; and nothing lost by reload, crash or restart. */
import { drawnArchive, real } from './files'
import { beLate, expect, size, test } from './peel'

const drawing = `
image small:1
  config {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"], "User": "nobody"}
layer COPY . /
  d etc/
  f etc/motd "hello\\n"
  f etc/hosts "127.0.0.1 localhost\\n"
  d bin/
  f 755 bin/sh 100 bytes`

test('a text file is edited; tree, sizes and the list of changes follow; undo and redo', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.expectChanges(0)
  await peel.writeText('/etc/motd', 'goodbye, and more\n')
  await peel.expectChanges(1)
  await expect(peel.row('/etc/motd')).toContainText(size('18 B'))
  await expect(peel.row('/etc/motd')).toContainText('changed')
  const undo = peel.page.getByRole('button', { name: 'Undo', exact: true })
  const redo = peel.page.getByRole('button', { name: 'Redo', exact: true })
  await undo.click()
  await peel.expectChanges(0)
  await expect(peel.row('/etc/motd')).toContainText(size('6 B'))
  await expect(undo).toBeDisabled()
  await redo.click()
  await peel.expectChanges(1)
  await expect(peel.row('/etc/motd')).toContainText(size('18 B'))
  await expect(redo).toBeDisabled()
  await peel.changes.click()
  await expect(peel.page.getByRole('list', { name: 'Changes' })).toContainText('/etc/motd')
})

test('files and directories are deleted; what was below goes with them', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.remove('/etc/hosts')
  await peel.remove('/bin')
  await peel.expectChanges(2)
  await peel.filter('')
  await expect(peel.files.getByRole('row', { level: 1 })).toHaveCount(1)
  // The pending layer shows them, as removed.
  await peel.layers.getByRole('button', { name: /Your changes/ }).click()
  await expect(await peel.find('/etc/hosts')).toContainText('removed')
})

test('a directory is made, and files are added to it by dropping them on its row', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.makeFolder('/etc', 'conf.d')
  const folder = await peel.find('/etc/conf.d')
  await peel.drop('added.conf', Buffer.from('key = value\n'), folder)
  await expect(await peel.find('/etc/conf.d/added.conf')).toContainText(size('12 B'))
  // Dropped again, it replaces.
  await peel.drop('added.conf', Buffer.from('key = other value\n'), await peel.find('/etc/conf.d'))
  await expect(await peel.find('/etc/conf.d/added.conf')).toContainText(size('18 B'))
  await peel.choosePath('/etc/conf.d/added.conf')
  await expect(peel.inspector).toContainText('key = other value')
})

test('config fields change, are added and taken away, and the JSON beside follows', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.setConfig('Cmd', '["/bin/sh","-l"]')
  await expect(peel.inspector).toContainText('"-l"')
  await peel.setConfig('WorkingDir', '/srv')
  await peel.page.getByRole('button', { name: 'Add Env' }).click()
  await peel.page.getByRole('textbox', { name: 'New Env' }).fill('TZ=UTC')
  await peel.page.getByRole('textbox', { name: 'New Env' }).press('Enter')
  await expect(peel.page.getByRole('textbox', { name: 'Env 2' })).toHaveValue('TZ=UTC')
  await peel.page.getByRole('button', { name: 'Take away User' }).click()
  await expect(peel.page.getByRole('textbox', { name: 'User', exact: true })).toHaveValue('')
  await peel.page.getByRole('button', { name: 'Add Labels' }).click()
  await peel.page.getByRole('textbox', { name: 'New Labels' }).fill('by=peel')
  await peel.page.getByRole('textbox', { name: 'New Labels' }).press('Enter')
  await expect(peel.inspector).toContainText('"by": "peel"')
  await expect(peel.inspector).not.toContainText('nobody')
  await peel.setConfig('Tag 1', 'small:2')
  await expect(peel.page.getByRole('heading', { name: 'small:2' })).toBeVisible()
  await peel.expectChanges(6)
})

test('an image open, edited and reloaded: image and edits are there, without the tar', async ({ peel }) => {
  await peel.open(real('built/alpine-3.20-docker28-save.tar'))
  await peel.whole()
  await peel.kept()
  await peel.writeText('/etc/os-release', 'NAME="Reloaded"\n')
  await peel.remove('/sbin/apk')
  await peel.setConfig('Cmd', '["/bin/sh","-l"]')
  await peel.expectChanges(3)
  await peel.page.reload()
  await peel.expectChanges(3)
  await expect(peel.page.getByRole('heading', { name: 'corpus/alpine:3.20' })).toBeVisible()
  await peel.tab('Files')
  // The filter is in the address, and back with it: it shows what was removed last, which is not there.
  await peel.page.getByRole('button', { name: 'Take the filter away' }).click()
  await peel.whole()
  await peel.choosePath('/etc/os-release')
  await expect(peel.inspector).toContainText('NAME="Reloaded"')
  await peel.filter('/sbin/apk')
  await expect(peel.row('/sbin/apk')).toBeHidden()
  // Bytes of the original come out of storage.
  await peel.choosePath('/etc/alpine-release')
  await expect(peel.inspector).toContainText('3.20')
})

test('the tab is killed after an edit: the next one has image and edits', async ({ profile }) => {
  const peel = await profile.open()
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.kept()
  await peel.writeText('/etc/motd', 'before the crash\n')
  await peel.expectChanges(1)
  const crashed = peel.page.waitForEvent('crash')
  const session = await peel.page.context().newCDPSession(peel.page)
  session.send('Page.crash').catch(() => {}) // It never answers: that is the point.
  await crashed
  const page = await peel.page.context().newPage()
  await peel.page.close()
  const next = new (peel.constructor as typeof import('./peel').Peel)(page)
  await next.visit()
  await next.page.getByRole('button', { name: 'Continue with small:1' }).click()
  await next.whole()
  await next.expectChanges(1)
  await next.choosePath('/etc/motd')
  await expect(next.inspector).toContainText('before the crash')
})

test('the browser is closed and opened again: recent images go on where they were', async ({ profile }) => {
  let peel = await profile.open()
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.kept()
  await peel.writeText('/etc/motd', 'kept\n')
  await peel.makeFolder('/etc', 'new')
  await peel.expectChanges(2)
  await profile.close()
  peel = await profile.open()
  await peel.page.getByRole('button', { name: 'Continue with small:1' }).click()
  await peel.whole()
  await peel.expectChanges(2)
  await peel.find('/etc/new')
  await peel.choosePath('/etc/motd')
  await expect(peel.inspector).toContainText('kept')
  await peel.page.getByRole('button', { name: 'Close image' }).click()
  // Edits wait: they are not lost by one click.
  const proceed = peel.page.getByRole('button', { name: 'Continue with small:1' })
  await peel.page.getByRole('button', { name: 'Forget small:1' }).click()
  await peel.page.getByRole('button', { name: 'Keep' }).click()
  await expect(proceed).toBeVisible()
  await peel.page.getByRole('button', { name: 'Forget small:1' }).click()
  await peel.page.getByRole('button', { name: 'Forget 2 edits too' }).click()
  await expect(proceed).toHaveCount(0)
})

test('who looks at another file before the new one is there goes on looking: no editor opens on it', async ({
  peel,
}) => {
  const { page } = peel
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.choosePath('/etc/motd')
  await page.evaluate(beLate, 500)
  await page.getByRole('button', { name: 'New file' }).click()
  const dialog = page.getByRole('dialog', { name: 'New file' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('new')
  await dialog.getByRole('button', { name: 'Create' }).click()
  await peel.expectChanges(1)
  await peel.row('/etc/motd').click()
  await peel.settled()
  await expect(peel.inspector.getByRole('heading').first()).toHaveText('/etc/motd')
  await expect(peel.inspector.getByRole('button', { name: 'Edit' })).toBeVisible()
  await expect(page.getByRole('textbox', { name: 'Editor' })).toHaveCount(0)
})
