/** Exporting: the walks that people do with scripts today. The tars stay in test-results/exports for real engines. */
import { alpyne, after, isWritten, redis, type Walk } from '../scripts/engines/walks'
import { command } from '../scripts/engines/command'
import { differences, memberOf, namesIn, unionOf, wrongBlobs } from '../scripts/engines/witness'
import { skopeoTakes, versionOf } from '../scripts/engines/others'
import { basename, drawnArchive, real, sha256OfFile } from './files'
import { expect, test, type BuildName, type Peel } from './peel'

async function walk(peel: Peel, { archive, writes, removes, cmd }: Walk): Promise<void> {
  await peel.open(real(archive))
  await peel.whole()
  for (const [path, text] of Object.entries(writes)) {
    await peel.filter(path)
    const directory = path.slice(0, path.lastIndexOf('/'))
    if ((await peel.files.getByRole('row').count()) > 1 && (await peel.row(path).count()) > 0)
      await peel.writeText(path, text)
    else await peel.drop(basename(path), Buffer.from(text), await peel.find(directory))
  }
  for (const path of removes) await peel.remove(path)
  if (cmd) await peel.setConfig('Cmd', JSON.stringify(cmd))
  await peel.expectChanges(Object.keys(writes).length + removes.length + (cmd ? 1 : 0))
}

/** What outside tools find in an export, against what the walk should have made of the original. */
function expectWalked(done: Walk, tar: string, build: BuildName): void {
  const original = unionOf(real(done.archive))
  const made = unionOf(tar)
  expect(wrongBlobs(tar), 'blobs by sha256sum').toEqual([])
  expect(namesIn(tar), 'GNU tar').toEqual(
    expect.arrayContaining(['manifest.json', 'index.json', 'oci-layout']),
  )
  expect(made.tags).toEqual([done.tag])
  const ignored = (path: string, field: string): boolean => isWritten(done, path) && field === 'mtime'
  expect(differences(after(original.entries, done), made.entries, { ignored }), 'root filesystem').toEqual([])
  expect(made.config.config).toEqual({ ...original.config.config, ...(done.cmd ? { Cmd: done.cmd } : {}) })
  const manifest = JSON.parse(memberOf(tar, 'manifest.json'))
  const index = JSON.parse(memberOf(tar, 'index.json'))
  expect(manifest).toHaveLength(1)
  expect(index.manifests).toHaveLength(1)
  expect(index.manifests[0].annotations['io.containerd.image.name']).toBe(`docker.io/library/${done.tag}`)
  if (build === 'Add a layer') {
    expect(made.layers.slice(0, -1), 'the lower layers').toEqual(original.layers)
    const [before, now] = [original.config.history ?? [], made.config.history ?? []]
    expect(now.slice(0, before.length), 'the older history').toEqual(before)
    // One line made the new layer; a changed Cmd may have its line too, which makes none.
    expect(now.slice(before.length).filter((line) => !line.empty_layer)).toHaveLength(1)
  } else {
    expect(made.layers).toHaveLength(1)
    expect(made.config.history).toHaveLength(1)
  }
  for (const layer of manifest[0].Layers) {
    const listed = command('bash', ['-c', `tar -xOf "$1" "$2" | tar -t >/dev/null`, 'bash', tar, layer])
    expect(listed.stderr, `GNU tar lists ${layer}`).toBe('')
  }
  if (versionOf('skopeo'))
    for (const kind of ['docker-archive', 'oci-archive'] as const)
      expect(skopeoTakes(tar, kind)).toMatchObject({ ok: true })
  else console.warn('NOT PROVED: skopeo is not installed, and has not seen this export.')
}

test('ALPYNE, flattened FROM scratch', async ({ peel }) => {
  const build = 'Flatten (FROM scratch)'
  await walk(peel, alpyne)
  const tar = await peel.export('alpyne-flatten.tar', { build, tag: alpyne.tag })
  expectWalked(alpyne, tar, build)
  // And our own reader opens it again, with nothing to find fault with.
  await peel.open(tar)
  await peel.whole()
  await expect(peel.page.getByRole('heading', { name: alpyne.tag })).toBeVisible()
  await expect(peel.layers.getByRole('listitem')).toHaveCount(1)
  await peel.choosePath('/etc/os-release')
  await expect(peel.inspector).toContainText('ALPYNE Linux v0')
  await expect(peel.page.getByRole('alert')).toHaveCount(0)
})

test('ALPYNE, as one layer more', async ({ peel }) => {
  const build = 'Add a layer'
  await walk(peel, alpyne)
  const tar = await peel.export('alpyne-append.tar', { build, tag: alpyne.tag })
  expectWalked(alpyne, tar, build)
})

test('the flattened image is smaller, and says so before it is saved', async ({ peel }) => {
  await peel.open(real(alpyne.archive))
  await peel.whole()
  await peel.remove('/sbin/apk')
  const dialog = await peel.exportDialog({ build: 'Flatten (FROM scratch)' })
  await expect(dialog).toContainText(/7\.79\s?MB\s*→\s*7\.72\s?MB/)
})

test('redis with a file more: all its layers, its config, and one layer on top', async ({ peel }) => {
  test.slow()
  const build = 'Add a layer'
  await walk(peel, redis)
  const tar = await peel.export('redis-append.tar', { build, tag: redis.tag })
  expectWalked(redis, tar, build)
})

for (const archive of [
  alpyne.archive,
  'built/alpine-3.20-docker20-save.tar',
  'real/snyk-containerd-alpine.tar',
])
  test(`${archive} without a change is exported byte for byte`, async ({ peel }) => {
    const path = real(archive)
    await peel.open(path)
    await peel.whole()
    const tar = await peel.export(`unchanged-${basename(path)}`)
    expect(sha256OfFile(tar)).toBe(sha256OfFile(path))
  })

test('undone edits leave no trace: the export is the input', async ({ peel }) => {
  const path = drawnArchive('image plain:1\nlayer COPY\n d etc/\n f etc/motd "hello"')
  await peel.open(path)
  await peel.whole()
  await peel.remove('/etc/motd')
  await peel.page.getByRole('button', { name: 'Undo', exact: true }).click()
  await peel.expectChanges(0)
  expect(sha256OfFile(await peel.export('undone.tar'))).toBe(sha256OfFile(path))
})

test('the same edits give the same bytes, twice', async ({ peel }) => {
  const path = drawnArchive('image plain:1\nlayer COPY\n d etc/\n f etc/motd "hello"\n f etc/gone "x"')
  await peel.open(path)
  await peel.whole()
  await peel.kept()
  await peel.writeText('/etc/motd', 'changed\n')
  await peel.remove('/etc/gone')
  await peel.expectChanges(2)
  const sums = new Set<string>()
  for (const name of ['first.tar', 'second.tar']) {
    sums.add(sha256OfFile(await peel.export(name, { build: 'Flatten (FROM scratch)', tag: 'plain:2' })))
    // The second time out of storage, and not out of the file.
    await peel.page.reload()
    await peel.expectChanges(2)
  }
  expect(sums.size).toBe(1)
})

test('where the browser has a save dialog, the export is streamed into the picked file', async ({
  page,
  context,
}) => {
  const { Peel, strangers } = await import('./peel')
  const found = strangers(context)
  // A file of the origin private file system stands in for the picked one: the dialog itself cannot be automated.
  await context.addInitScript(() => {
    Object.defineProperty(globalThis, 'showSaveFilePicker', {
      value: async ({ suggestedName }: { suggestedName: string }) => {
        const folder = await navigator.storage.getDirectory()
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
    const folder = await navigator.storage.getDirectory()
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
