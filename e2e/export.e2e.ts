/** Exporting: the walks that people do with scripts today. The tars stay in test-results/exports for real engines. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { alpyne, after, isWritten, redis, type Walk } from '../scripts/engines/walks'
import { command } from '../scripts/engines/command'
import { differences, memberOf, namesIn, unionOf, wrongBlobs } from '../scripts/engines/witness'
import { skopeoTakes, versionOf } from '../scripts/engines/others'
import { letters } from '../src/testkit/letters'
import { basename, drawnArchive, exportsFolder, many, real, sha256OfFile } from './files'
import { builds, expect, formats, test, type BuildName, type Peel } from './peel'

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

/** The zip and the delta have journeys of their own. */
const tars = formats.filter((format) => format !== 'Unpacked layers, zip' && format !== 'Delta')

for (const format of tars)
  test(`every build as ${format}: what the dialog said is what was saved`, async ({ peel }) => {
    test.slow()
    await peel.open(drawnArchive(many))
    await peel.whole()
    await peel.writeText('/etc/motd', 'changed\n')
    await peel.remove('/etc/secret')
    await peel.expectChanges(2)
    for (const build of builds) {
      const name = `many-${build.split(' ')[0]}-${format.replaceAll(' ', '-')}.tar`.toLowerCase()
      const dialog = await peel.exportDialog({ build, format })
      const outlook = dialog.getByRole('region', { name: 'What comes out' })
      await expect(outlook).toContainText('It was opened again and is what is on screen')
      const said = await outlook.innerText()
      const download = await peel.download(() =>
        dialog.getByRole('button', { name: 'Save', exact: true }).click(),
      )
      const path = join(exportsFolder, name)
      await download.saveAs(path)
      await peel.closeExport(dialog, format)
      const bytes = readFileSync(path)
      expect(said).toContain(`${bytes.length.toLocaleString('en')} bytes`)
      const names = namesIn(path)
      const hides = bytes.includes('hunter2')
      if (format === 'docker load' || format === 'OCI layout') {
        const { id, manifest, layers } = idsIn(path)
        expect(said).toContain(id)
        expect(said).toContain(manifest)
        expect(layers).toBe({ A: 4, R: 4, S: 1, F: 1 }[build[0]])
        expect(names.includes('manifest.json')).toBe(format === 'docker load')
        // Only a layer on top leaves the bytes where they were.
        expect(hides).toBe(build === 'Add a layer')
      } else if (format === 'Root filesystem') {
        expect(names).toEqual(expect.arrayContaining(['etc/motd', 'etc/more', 'bin/sh']))
        expect(names).not.toContain('etc/secret')
      } else if (format === 'Dockerfile and context') {
        expect(memberOf(path, 'Dockerfile')).toContain(
          build === 'Add a layer'
            ? 'FROM many:1\nRUN ["rm","-rf","--","/etc/secret"]'
            : 'FROM scratch\nADD rootfs.tar /',
        )
      } else expect(names).toEqual(expect.arrayContaining(['LAYER_0.tar', 'metadata/config.json']))
    }
  })

/** The digests of the one image, computed by sha256sum's library and not by Peel. */
function idsIn(path: string): { id: string; manifest: string; layers: number } {
  const index = JSON.parse(memberOf(path, 'index.json'))
  const { digest } = index.manifests[0]
  const manifest = memberOf(path, `blobs/sha256/${digest.slice(7)}`)
  expect(`sha256:${createHash('sha256').update(manifest).digest('hex')}`).toBe(digest)
  const { config, layers } = JSON.parse(manifest)
  const text = memberOf(path, `blobs/sha256/${config.digest.slice(7)}`)
  expect(`sha256:${createHash('sha256').update(text).digest('hex')}`).toBe(config.digest)
  return { id: config.digest, manifest: digest, layers: layers.length }
}

test('gzip and an epoch: the layers are compressed, and no new time is later', async ({ peel }) => {
  await peel.open(drawnArchive(many))
  await peel.whole()
  await peel.writeText('/etc/motd', 'changed\n')
  const tar = await peel.export('gzip-epoch.tar', {
    build: 'Flatten (FROM scratch)',
    gzip: true,
    epoch: '2001-01-01',
  })
  const { entries, config } = unionOf(tar)
  const latest = Math.max(...Object.values(entries).map(({ mtime }) => mtime ?? 0))
  expect(latest).toBe(978_307_200)
  expect(config.created).toBe('2001-01-01T00:00:00Z')
  const index = JSON.parse(memberOf(tar, 'index.json'))
  const manifest = JSON.parse(memberOf(tar, `blobs/sha256/${index.manifests[0].digest.slice(7)}`))
  expect(manifest.layers[0].mediaType).toBe('application/vnd.oci.image.layer.v1.tar+gzip')
  const rootfs = await peel.export('rootfs.tar.gz', { format: 'Root filesystem', gzip: true })
  expect(namesIn(rootfs)).toContain('etc/motd')
  expect([...readFileSync(rootfs).subarray(0, 2)]).toEqual([0x1f, 0x8b])
})

test('a secret taken out of a gzip layer: what stands before it is the bytes that were there', async ({
  peel,
}) => {
  const compress = (tar: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(gzipSync(tar))
  const drawing = `image packed:1
layer ADD files
  d srv/
  f srv/one "${letters(3_000_000, 3)}"
  f srv/secret "hunter2"
  f srv/two "${letters(3_000_000, 5)}"`
  const before = drawnArchive(drawing, { shape: 'oci', compression: { suffix: '+gzip', compress } })
  await peel.open(before)
  await peel.whole()
  await peel.remove('/srv/secret')
  const tar = await peel.export('gzip-rewritten.tar', {
    build: 'Rewrite layers',
    format: 'OCI layout',
    gzip: true,
  })
  expect(wrongBlobs(tar), 'blobs by sha256sum').toEqual([])
  const [was, is] = [layerOf(before), layerOf(tar)]
  const plain = execFileSync('gzip', ['-dc'], { input: is.bytes, maxBuffer: 1e8 })
  expect(`sha256:${createHash('sha256').update(plain).digest('hex')}`).toBe(is.diffId)
  expect(plain.includes('hunter2')).toBe(false)
  expect(Object.keys(unionOf(tar).entries).sort()).toEqual(['srv', 'srv/one', 'srv/two'])
  const half = Math.floor(was.bytes.length * 0.4)
  expect(is.bytes.subarray(10, half).equals(was.bytes.subarray(10, half)), 'the same compressed bytes').toBe(
    true,
  )
})

/** The one layer of an OCI layout, as it is stored. */
function layerOf(tar: string): { bytes: Buffer; diffId: string } {
  const read = (digest: string): Buffer =>
    execFileSync('tar', ['-xOf', tar, `blobs/sha256/${digest.slice(7)}`], { maxBuffer: 1e8 })
  const index = JSON.parse(memberOf(tar, 'index.json'))
  const manifest = JSON.parse(read(index.manifests[0].digest).toString())
  const config = JSON.parse(read(manifest.config.digest).toString())
  return { bytes: read(manifest.layers[0].digest), diffId: config.rootfs.diff_ids[0] }
}

test('an archive of two images: the edited one is changed, the other is there as it was', async ({
  peel,
}) => {
  const two = drawnArchive(
    'image one:1\nlayer A\n f motd "one"\nimage two:1\nlayer B\n f motd "two"\nlayer C\n f more "two"',
  )
  await peel.open(two)
  await peel.whole()
  await peel.writeText('/motd', 'changed\n')
  const tar = await peel.export('two-images.tar', { build: 'Add a layer' })
  const [before, after] = [two, tar].map((path) => JSON.parse(memberOf(path, 'manifest.json')))
  expect(after.map(({ RepoTags }: { RepoTags: string[] }) => RepoTags)).toEqual([['one:1'], ['two:1']])
  expect(after[1]).toEqual(before[1])
  expect(after[0].Layers).toHaveLength(2)
  expect(wrongBlobs(tar), 'blobs by sha256sum').toEqual([])
  // And one alone, where that is asked for.
  const dialog = await peel.exportDialog({})
  await dialog.getByRole('checkbox', { name: 'Keep the other images of the archive' }).uncheck()
  const download = await peel.download(() =>
    dialog.getByRole('button', { name: 'Save', exact: true }).click(),
  )
  await peel.closeExport(dialog)
  const alone = join(exportsFolder, 'one-of-two.tar')
  await download.saveAs(alone)
  expect(JSON.parse(memberOf(alone, 'manifest.json'))).toHaveLength(1)
})
