/** The dialog of an export: what it says before anything is saved, and where the file goes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { alpyne, redis } from '../scripts/engines/walks'
import { memberOf, unionOf } from '../scripts/engines/witness'
import { expectAccessible } from './axe'
import { drawnArchive, exportsFolder, many, real, sha256OfFile } from './files'
import { beLate, builds, expect, Peel, size, strangers, test } from './peel'

test('the flattened image is smaller, and says so before it is saved', async ({ peel }) => {
  await peel.open(real(alpyne.archive))
  await peel.whole()
  await peel.remove('/sbin/apk')
  const dialog = await peel.exportDialog({ build: 'Flatten (FROM scratch)' })
  await expect(dialog).toContainText(/7\.79\s?MB\s*→\s*7\.72\s?MB/)
})

test('redis flattened: size and IDs are said before it is saved, and are those of the file', async ({
  peel,
}) => {
  test.slow()
  await peel.open(real(redis.archive))
  await peel.whole()
  const dialog = await peel.exportDialog({ build: 'Flatten (FROM scratch)', tag: 'redis:flat' })
  const outlook = dialog.getByRole('region', { name: 'What comes out' })
  // More than is kept before anybody asked for it: the bytes pass by, and are let go of.
  await expect(outlook).toContainText('sha256:', { timeout: 60_000 })
  const said = (await outlook.innerText()).match(/sha256:[0-9a-f]{64}/g)
  const bytes = (await outlook.innerText()).match(/\(([\d,]+) bytes\)/)![1]
  const download = await peel.download(() =>
    dialog.getByRole('button', { name: 'Save', exact: true }).click(),
  )
  const path = join(exportsFolder, 'redis-said-before.tar')
  await download.saveAs(path)
  await peel.closeExport(dialog)
  expect(readFileSync(path).length).toBe(Number(bytes.replaceAll(',', '')))
  const [line] = JSON.parse(memberOf(path, 'manifest.json'))
  const [entry] = JSON.parse(memberOf(path, 'index.json')).manifests
  expect(said).toEqual([`sha256:${line.Config.split('/').pop()}`, entry.digest])
})

test('each build says its size, and squashing from a layer on keeps those below', async ({ peel }) => {
  await peel.open(drawnArchive(many))
  await peel.whole()
  const dialog = await peel.exportDialog({ build: 'Squash', from: 1 })
  for (const build of builds)
    await expect(dialog.getByRole('radio', { name: build })).toHaveAccessibleDescription(
      /[\d.]+\s?kB ([+−][\d.]+\s?k?B|as opened)/,
    )
  await expect(dialog.getByRole('region', { name: 'What comes out' })).toContainText('2 layers')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  const tar = await peel.export('squashed-from-1.tar', { build: 'Squash', from: 1, tag: 'many:2' })
  expect(unionOf(tar).layers[0]).toBe(unionOf(drawnArchive(many)).layers[0])
})

test('before saving it is said which engines will take it, and which not and why', async ({ peel }) => {
  await peel.open(drawnArchive(many))
  await peel.whole()
  const dialog = await peel.exportDialog({ build: 'Flatten (FROM scratch)', tag: 'many:2' })
  const outlook = dialog.getByRole('region', { name: 'What comes out' })
  await expect(outlook).toContainText('sha256:')
  await expect(outlook.getByText('All engines take it')).toBeVisible()
  await outlook.getByText('All engines take it').click()
  const table = outlook.getByRole('table', { name: 'What each engine does with the archive' })
  await expect(table.getByRole('row', { name: /docker load/ }).first()).toContainText('many:2')
  await expectAccessible(peel.page)
  // An OCI layout alone is nothing for docker's classic store.
  await dialog.getByRole('radio', { name: 'OCI layout' }).check()
  await expect(outlook.getByText(/will refuse it/)).toBeVisible()
  await expect(
    table
      .getByRole('row', { name: /docker load/ })
      .filter({ hasText: 'refuses it' })
      .first(),
  ).toBeVisible()
})

test('"Save" is pressed while figures come in below: it stays under the pointer, and saves', async ({
  peel,
}) => {
  const { mouse } = peel.page
  const path = drawnArchive(many)
  await peel.open(path)
  await peel.whole()
  // From here on the engine is busy with something else before it answers.
  await peel.page.evaluate(beLate, 500)
  const dialog = await peel.exportDialog({})
  const save = dialog.getByRole('button', { name: 'Save', exact: true })
  const outlook = dialog.getByRole('region', { name: 'What comes out' })
  await expect(outlook).not.toContainText('sha256:')
  const { x, y, width, height } = (await save.boundingBox())!
  const download = await peel.download(async () => {
    await mouse.move(x + width / 2, y + height / 2)
    await mouse.down()
    await expect(outlook).toContainText('sha256:')
    await expect(outlook.getByText(/will refuse it|engines take it/)).toBeVisible()
    await mouse.up()
  })
  expect(sha256OfFile(await download.path())).toBe(sha256OfFile(path))
})

test('a name that no engine takes is refused before anything is saved, with the reason', async ({ peel }) => {
  await peel.open(drawnArchive(many))
  await peel.whole()
  const dialog = await peel.exportDialog({ build: 'Flatten (FROM scratch)', tag: 'Not A Name' })
  await expect(dialog.getByRole('region', { name: 'What comes out' })).toContainText(
    'No engine takes this name',
  )
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(dialog.getByRole('alert')).toContainText('No engine takes this name')
  await dialog.getByRole('textbox', { name: 'Tag' }).fill('a/name:1')
  await expect(dialog.getByRole('region', { name: 'What comes out' })).toContainText('sha256:')
  await expect(dialog).toContainText(size('4.'))
})

test('where the browser has a save dialog, the export is streamed into the picked file', async ({
  page,
  context,
}) => {
  const found = strangers(context)
  // A file of the origin private file system stands in for the picked one: the dialog itself cannot be automated.
  await context.addInitScript(() => {
    Object.defineProperty(globalThis, 'showSaveFilePicker', {
      value: async ({ suggestedName }: { suggestedName: string }) => {
        const root = await navigator.storage.getDirectory()
        const folder = await root.getDirectoryHandle('picked', { create: true })
        return folder.getFileHandle(suggestedName, { create: true })
      },
    })
  })
  const peel = new Peel(page)
  await peel.visit()
  const path = real(alpyne.archive)
  await peel.open(path)
  await peel.whole()
  const dialog = await peel.exportDialog({})
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  await peel.closeExport(dialog)
  const saved = await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('picked')
    const names: string[] = []
    for await (const [name] of folder.entries()) names.push(name)
    const file = await (await folder.getFileHandle(names[0])).getFile()
    const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
    return {
      names,
      sha256: Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join(''),
    }
  })
  expect(saved.names).toHaveLength(1)
  expect(saved.sha256).toBe(sha256OfFile(path))
  expect(found).toEqual([])
})
