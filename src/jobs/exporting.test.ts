/** The export as the page asks for it: sizes said before are the sizes after, and the other images of an archive come along. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Build, Edit, ExportRequest, Format } from '../../workers/api'
import { MemorySource, readAll, type Bytes } from '../core/bytes/source'
import { familiarText } from '../core/image/reference'
import { buildArchive, type ArchiveOptions } from '../testkit/archive'
import { corpusFile } from '../testkit/corpus'
import { testOnCorpus } from '../testkit/corpus.fixture'
import type { Engine } from './engine'
import { dropped, engineOn } from './engine.fixture'
import { openArchiveIn } from './open'

async function opened(bytes: Bytes, edits: readonly Edit[] = []): Promise<Engine> {
  const { engine } = engineOn({ persistent: false })
  await engine.open(dropped(bytes, 'drawn.tar'))
  for (const edit of edits) await engine.edit([edit])
  return engine
}

const drawing = `
image web:1
layer ADD base
  d etc/
  f etc/motd "hello"
  f etc/secret "hunter2"
  f usr/big 5000 bytes
layer RUN more
  d etc/
  f etc/secret "hunter3"
layer RUN rm
  d etc/
  w etc/secret
step CMD sh
step ENTRYPOINT sh
`

const edits: readonly Edit[] = [
  { op: 'write', path: '/etc/motd', content: 'changed' },
  { op: 'mkdir', path: '/srv' },
  { op: 'remove', path: '/usr/big' },
  { op: 'config', key: ['config', 'Cmd'], value: ['/bin/sh'] },
]

const bytesOf = async (blob: Blob): Promise<Bytes> => new Uint8Array(await blob.arrayBuffer())
const reopened = async (blob: Blob) => openArchiveIn(new MemorySource(await bytesOf(blob)))

const BUILDS: readonly Build[] = ['append', 'rewrite', 'squash', 'flatten']
const FORMATS: readonly Format[] = ['docker', 'oci', 'rootfs', 'context', 'unpacked', 'zip']

describe.each(['docker', 'docker20', 'oci'] as const)(
  'sizes, from the shape %s',
  (shape: ArchiveOptions['shape']) => {
    test.each([edits, []].map((some) => [some.length, some] as const))(
      'with %i edits are what comes out',
      async (_, some) => {
        const engine = await opened(buildArchive(drawing, { shape }), some)
        for (const format of FORMATS) {
          const request = { format, tag: 'web:1' }
          const { builds } = await engine.sizes(request, BUILDS)
          expect(builds.map(({ build }) => build)).toEqual(BUILDS)
          for (const { build, bytes, why } of builds) {
            expect(why).toBe('')
            const result = await engine.export({ ...request, build })
            expect([build, format, bytes]).toEqual([build, format, result.blob.size])
            for (const gzip of [false, true]) {
              const {
                blob,
                bytes: size,
                ...built
              } = gzip ? await engine.export({ ...request, build, gzip }) : result
              expect(blob.size).toBe(size)
              const forecast = await engine.foretell({ ...request, build, gzip })
              const { imageId, manifestDigest, targetDigest, layers, images } = built
              expect(forecast).toEqual({
                bytes: size,
                imageId,
                manifestDigest,
                targetDigest,
                layers,
                images,
              })
              expect(targetDigest).toBe(manifestDigest)
            }
          }
        }
      },
    )
  },
)

test('a size is said for each build that can be, and why for the one that cannot', async () => {
  const engine = await opened(buildArchive(drawing), [{ op: 'scrub', paths: ['/etc/secret'] }])
  const { builds } = await engine.sizes({ format: 'docker', tag: 'web:1' }, BUILDS)
  expect(builds.find(({ build }) => build === 'append')).toMatchObject({
    bytes: null,
    why: expect.stringContaining('scrubs') as string,
  })
  for (const { build, bytes } of builds) if (build !== 'append') expect(bytes).toBeGreaterThan(0)
})

const two = `
image one:1
layer ADD base
  f etc/motd "hello"
  f shared/x 3000 bytes
image two:1
layer ADD base
  f etc/other "other"
layer RUN more
  f more "more"
image three:1
layer ADD third
  f third "third"
`

describe('an archive of several images', () => {
  test.each(['docker', 'docker20', 'oci'] as const)(
    '%s: the edited one is changed, the others are there with the same IDs and layers',
    async (shape) => {
      const bytes = buildArchive(two, { shape })
      const before = await openArchiveIn(new MemorySource(bytes))
      const engine = await opened(bytes)
      await engine.chooseImage(1)
      await engine.edit([{ op: 'remove', path: '/more' }])
      for (const build of BUILDS) {
        const result = await engine.export({ build, format: 'docker', tag: 'two:1' })
        expect(result.images).toBe(3)
        const after = await reopened(result.blob)
        expect(after.images.map(({ tags }) => tags)).toEqual([['one:1'], ['two:1'], ['three:1']])
        for (const index of [0, 2]) {
          expect(after.images[index].id).toBe(before.images[index].id)
          const [was, now] = [before, after].map(({ images }) => images[index].layers[0])
          expect(await readAll(now.source!, 1e6)).toEqual(await readAll(was.source!, 1e6))
        }
        expect(after.images[1].id).toBe(result.imageId)
      }
    },
  )

  test('one alone, where that is asked for', async () => {
    const engine = await opened(buildArchive(two))
    const request: ExportRequest = { build: 'append', format: 'docker', tag: 'one:1', alone: true }
    const result = await engine.export(request)
    expect(result).toMatchObject({ images: 1, identical: false })
    const after = await reopened(result.blob)
    expect(after.images.map(({ tags }) => tags)).toEqual([['one:1']])
    const { builds } = await engine.sizes(request, BUILDS)
    expect(builds[0].bytes).toBe(result.bytes)
  })

  test('without a change all of it is the archive, byte for byte', async () => {
    const bytes = buildArchive(two)
    const engine = await opened(bytes)
    const result = await engine.export({ build: 'append', format: 'docker', tag: 'one:1' })
    expect(result).toMatchObject({ images: 3, identical: true })
    expect(await bytesOf(result.blob)).toEqual(bytes)
  })

  test('an image whose name the edited one takes is left out, and that is said', async () => {
    const engine = await opened(buildArchive(two))
    const result = await engine.export({ build: 'append', format: 'docker', tag: 'two:1' })
    expect(result.images).toBe(2)
    expect(result.notices).toContainEqual(
      expect.objectContaining({ code: 'image-left-out', severity: 'warning' }),
    )
    expect((await reopened(result.blob)).images.map(({ tags }) => tags)).toEqual([['two:1'], ['three:1']])
  })

  testOnCorpus('as podman writes it: the other image stays', async () => {
    const bytes = readFileSync(corpusFile('built/two-images-podman-save-m.tar.gz'))
    const engine = await opened(new Uint8Array(bytes))
    const { tags } = await engine.chooseImage(0)
    await engine.edit([{ op: 'write', path: '/peel', content: 'here' }])
    const result = await engine.export({ build: 'append', format: 'docker', tag: tags[0] })
    expect(result.images).toBe(2)
    expect(result.notices.filter(({ severity }) => severity === 'error')).toEqual([])
  })
})

const platforms = `
image multi:1
layer ADD amd64
  f etc/arch "amd64"
image multi:1
  platform linux/arm64/v8
layer ADD arm64
  f etc/arch "arm64"
image other:1
layer ADD other
  f etc/other "amd64"
image other:1
  platform linux/arm64/v8
layer ADD other
  f etc/other "arm64"
`

describe('platforms under one name', () => {
  const indexIn = async (blob: Blob, digest?: string) => {
    const { members } = await reopened(blob)
    const path = digest ? `blobs/sha256/${digest.slice(7)}` : 'index.json'
    return JSON.parse(new TextDecoder().decode(await members.read(members.get(path, ''), 1e6))) as {
      manifests: { digest: string; platform?: object; annotations?: { [key: string]: string } }[]
    }
  }

  test.each(['docker', 'oci'] as const)(
    '%s: the edited one takes the place of the old one in its index; the others, and what is told of them, stay',
    async (format) => {
      const bytes = buildArchive(platforms, { platforms: true })
      const before = await openArchiveIn(new MemorySource(bytes))
      const engine = await opened(bytes)
      await engine.chooseImage(before.images.findIndex(({ config }) => config.architecture === 'arm64'))
      await engine.edit([{ op: 'write', path: '/etc/new', content: 'new' }])
      const result = await engine.export({ build: 'append', format, tag: 'multi:2' })
      expect(result.images).toBe(4)
      expect(result.notices.filter(({ severity }) => severity !== 'info')).toMatchObject([
        { code: 'attestation-left-out', severity: 'warning' },
      ])
      const top = await indexIn(result.blob)
      expect(top.manifests[0].digest).toBe(result.targetDigest)
      expect(top.manifests.map(({ annotations }) => annotations!['io.containerd.image.name'])).toEqual([
        'docker.io/library/multi:2',
        'docker.io/library/other:1',
      ])
      const [multi, other] = await Promise.all(
        top.manifests.map(({ digest }) => indexIn(result.blob, digest)),
      )
      const was = await Promise.all(
        (await indexIn(new Blob([bytes]))).manifests.map(({ digest }) => indexIn(new Blob([bytes]), digest)),
      )
      expect(other).toEqual(was[1])
      const [amd, arm, ofAmd] = was[0].manifests
      expect(multi.manifests).toEqual([
        amd,
        { ...arm, digest: result.manifestDigest, size: expect.any(Number) as number },
        ofAmd,
      ])
      const after = await reopened(result.blob)
      const archOf = ({ images }: typeof after) =>
        images.map(({ tags, config }) => `${tags.map(familiarText).join()} ${config.architecture}`)
      expect(archOf(after).sort()).toEqual([
        'multi:2 amd64',
        'multi:2 arm64',
        'other:1 amd64',
        'other:1 arm64',
      ])
      expect(after.notices.filter(({ severity }) => severity === 'error')).toEqual([])
      const amdIn = (archive: typeof after) =>
        archive.images.find(({ manifest }) => manifest?.digest === amd.digest)
      expect(amdIn(after)?.id).toBe(amdIn(before)?.id)
    },
  )

  test('alone it is an image like any other', async () => {
    const engine = await opened(buildArchive(platforms, { platforms: true }))
    const result = await engine.export({ build: 'append', format: 'oci', tag: 'multi:1', alone: true })
    expect(result.images).toBe(1)
    expect((await indexIn(result.blob)).manifests).toMatchObject([{ digest: result.manifestDigest }])
  })

  testOnCorpus('where the archive holds one platform alone, it is an image like any other', async () => {
    const bytes = new Uint8Array(readFileSync(corpusFile('real/snyk-containerd-alpine.tar')))
    const engine = await opened(bytes, [{ op: 'write', path: '/peel', content: 'here' }])
    const result = await engine.export({ build: 'append', format: 'docker', tag: 'alpine:3.14' })
    expect((await indexIn(result.blob)).manifests).toMatchObject([{ digest: result.manifestDigest }])
    expect(result.notices.filter(({ severity }) => severity === 'error')).toEqual([])
  })
})

test('a history that speaks of more layers than there are is no reason to refuse: it was so before', async () => {
  const bytes = buildArchive(drawing, { shape: 'docker20' })
  const long = await opened(tooLong(bytes), [{ op: 'write', path: '/new', content: 'new' }])
  const result = await long.export({ build: 'append', format: 'docker', tag: 'web:1' })
  expect(result.layers).toBe(4)
  expect(result.notices.filter(({ severity }) => severity === 'error')).toEqual([])
  expect(result.notices).toContainEqual(
    expect.objectContaining({ code: 'history-too-long', severity: 'warning' }),
  )
})

/** The steps without a layer claim one each: five lines for three layers. The config keeps its length. */
function tooLong(bytes: Bytes): Bytes {
  const text = Buffer.from(bytes).toString('latin1')
  expect(text).toContain('"empty_layer":true')
  return new Uint8Array(Buffer.from(text.replaceAll('"empty_layer":true', '"other_field":true'), 'latin1'))
}
