/** Ways in, and layers as tools store them: compressed as a whole, in members and frames, damaged, or of a kind that is not read. */
import { execFileSync, spawnSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { MemorySource, type Bytes } from '../core/bytes/source'
import { utf8 } from '../core/bytes/text'
import { Sha256 } from '../core/digest/sha256'
import { faultIn } from '../core/fault/fault.fixture'
import type { Archive } from '../core/image/image'
import { buildArchive, buildLayer, tarOf } from '../testkit/archive'
import { parseNotation } from '../testkit/notation'
import { Layers } from './layers'
import { memoryStores } from './memory-stores'
import { folderAsTar, openArchiveIn, openSource } from './open'
import { inlinePool } from './pool'
import { asTask, Tasks } from './tasks'

const gzip = (bytes: Uint8Array): Bytes => new Uint8Array(gzipSync(bytes))
const joined = (...parts: Uint8Array[]): Bytes => new Uint8Array(Buffer.concat(parts))
const hex = (bytes: Bytes): string => new Sha256().update(bytes).digest().slice(7)
const json = (value: unknown): Bytes => utf8(JSON.stringify(value))
const layer = (drawing: string): Bytes => buildLayer(parseNotation(`layer\n${drawing}`).images[0].layers[0])

const hasZstd = spawnSync('zstd', ['--version']).status === 0
if (!hasZstd)
  console.warn(
    '\nSKIPPED: zstd is not installed; archives and layers compressed with it are not made here.\n',
  )
const zstd = (bytes: Uint8Array): Bytes =>
  new Uint8Array(execFileSync('zstd', ['-q', '-c'], { input: bytes, maxBuffer: 1 << 28 }))

async function open(bytes: Bytes): Promise<Archive> {
  const { tar } = await openSource(new MemorySource(bytes))
  return openArchiveIn(tar)
}

const ARCHIVE = buildArchive('image demo:1\nlayer a\n  f a "one"\nlayer b\n  f b "two"')

/** An OCI layout whose layers are stored as given, each beside its plain tar. */
function stored(...layers: readonly (readonly [plain: Bytes, stored: Bytes, type?: string])[]): Bytes {
  const config = json({
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids: layers.map(([plain]) => `sha256:${hex(plain)}`) },
  })
  const manifest = json({
    config: { digest: `sha256:${hex(config)}`, size: config.length },
    layers: layers.map(([, bytes, type = 'application/vnd.oci.image.layer.v1.tar+gzip']) => ({
      mediaType: type,
      digest: `sha256:${hex(bytes)}`,
      size: bytes.length,
    })),
  })
  return tarOf([
    ['oci-layout', json({ imageLayoutVersion: '1.0.0' })],
    ['index.json', json({ manifests: [{ digest: `sha256:${hex(manifest)}`, size: manifest.length }] })],
    ...[manifest, config, ...layers.map(([, bytes]) => bytes)].map(
      (bytes) => [`blobs/sha256/${hex(bytes)}`, bytes] as const,
    ),
  ])
}

async function layersOf(bytes: Bytes): Promise<Layers> {
  const { images } = await open(bytes)
  const layers = new Layers({
    image: images[0],
    pool: inlinePool,
    stores: memoryStores(),
  })
  const tasks = new Tasks(() => {})
  await asTask(tasks, 'scan', 0, 'bytes', (task) => layers.scan(task))
  await asTask(tasks, 'verify', 0, 'bytes', (task) => layers.verify(task))
  return layers
}

const A = layer('f a "one"')
const B = layer('f b "two"')
const C = layer('f c "three"')

describe('the way in', () => {
  test('a whole archive in gzip, in gzip of many members, and in zstd', async () => {
    const forms = [
      ARCHIVE,
      gzip(ARCHIVE),
      joined(gzip(ARCHIVE.subarray(0, 700)), gzip(ARCHIVE.subarray(700)), new Uint8Array(512)),
      ...(hasZstd ? [zstd(ARCHIVE)] : []),
    ]
    for (const form of forms) expect((await open(form)).images[0].tags).toEqual(['demo:1'])
  })

  test('an unpacked folder, by its own name or by what is in it', async () => {
    const due = (await open(ARCHIVE)).images[0].id
    const { members } = await open(ARCHIVE)
    const files = members.list
      .filter(({ type }) => type === 0)
      .map((member) => ({ path: member.path, source: members.body(member) }))
    for (const top of ['', 'image-folder/', 'größe/']) {
      const tar = folderAsTar(files.map(({ path, source }) => ({ path: top + path, source })).reverse())
      expect((await openArchiveIn(tar)).images[0].id).toBe(due)
    }
  })

  test('what is no archive is named for what it is', async () => {
    const words = async (bytes: Bytes): Promise<string> => (await faultIn(open(bytes))).message
    expect(await words(new Uint8Array(0))).toContain('This file is empty')
    expect(await words(utf8('PK\x03\x04 and so on'))).toContain('a zip archive')
    expect(await words(utf8('{"json": true}'))).toContain('a JSON document')
    expect(await words(gzip(utf8('%PDF-1.7')))).toContain('a PDF document')
    expect((await faultIn(open(joined(gzip(ARCHIVE).subarray(0, 200))))).code).toBe('bad-gzip')
    const xz = await faultIn(
      open(joined(Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0), new Uint8Array(600))),
    )
    expect(xz).toMatchObject({ code: 'unsupported-compression' })
    expect(xz.message).toContain('xz -dc ARCHIVE')
    expect(await words(gzip(gzip(ARCHIVE)))).toContain('compressed twice')
  })
})

describe('layers as tools store them', () => {
  test('estargz: a gzip member for each file, the table of contents as the last', async () => {
    const pieces = [A.subarray(0, 512), A.subarray(512, 1024), A.subarray(1024)].map(gzip)
    const layers = await layersOf(stored([A, joined(...pieces)], [B, gzip(B)]))
    expect(layers.views.map(({ state, verified, entries }) => [state, verified, entries])).toEqual([
      ['ready', true, 1],
      ['ready', true, 1],
    ])
  })

  test.skipIf(!hasZstd)(
    'zstd:chunked: frames with data, frames without, and a manifest in a skippable one at the end',
    async () => {
      const skippable = joined(Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 5, 0, 0, 0), utf8('hello'))
      const form = joined(zstd(A.subarray(0, 600)), skippable, zstd(A.subarray(600)), skippable)
      const layers = await layersOf(
        stored([A, form, 'application/vnd.oci.image.layer.v1.tar+zstd'], [B, joined(skippable, zstd(B))]),
      )
      expect(layers.views.map(({ state, verified, compression }) => [state, verified, compression])).toEqual([
        ['ready', true, 'zstd'],
        ['ready', true, 'zstd'],
      ])
    },
  )

  test('one layer is broken: it says so, and the others are shown', async () => {
    const broken = gzip(B)
    broken[broken.length - 8] ^= 1 // its CRC
    const layers = await layersOf(stored([A, gzip(A)], [B, broken], [C, gzip(C)]))
    expect(layers.views.map(({ state }) => state)).toEqual(['ready', 'failed', 'ready'])
    expect(layers.views[1].fault).toMatchObject({ code: 'bad-gzip-end', where: { layer: 1 } })
    expect(layers.union.length).toBe(3) // the root, a and c
    expect(layers.notices.list.map(({ code, where }) => `${code} ${where.layer}`)).toEqual(['bad-gzip-end 1'])
  })

  test('a layer that ends in the middle, one of no bytes, one of another compression, one that is not there', async () => {
    const nothing = new Uint8Array(0)
    const bzip2 = joined(utf8('BZh91AY&SY'), new Uint8Array(50))
    const cut = A.slice(0, 513)
    const layers = await layersOf(stored([cut, cut], [nothing, nothing], [B, bzip2], [C, gzip(C)]))
    expect(layers.views.map(({ state, fault }) => [state, fault?.code])).toEqual([
      ['failed', 'truncated'],
      ['ready', undefined],
      ['failed', 'unsupported-compression'],
      ['ready', undefined],
    ])
    expect(layers.views[2].fault?.message).toContain('bzip2 -dc layer > layer.tar')
    expect(layers.views[3].verified).toBe(true)
  })

  test('contents that are not what their diff_id or digest says', async () => {
    const layers = await layersOf(stored([A, gzip(B)], [C, C]))
    expect(layers.views.map(({ verified }) => verified)).toEqual([false, true])
    expect(layers.notices.list.map(({ code, where }) => `${code} ${where.layer}`)).toEqual([
      'diffid-mismatch 0',
    ])
  })

  test('a layer twice is read once, and both are verified', async () => {
    const layers = await layersOf(stored([A, gzip(A)], [A, gzip(A)]))
    expect(layers.views.map(({ state, verified }) => [state, verified])).toEqual([
      ['ready', true],
      ['ready', true],
    ])
  })

  test('two members that claim one diff_id are two layers: each is read, and the one that lies is named', async () => {
    const config = json({
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: [hex(A), hex(A)].map((id) => `sha256:${id}`) },
    })
    const manifest = json([{ Config: 'c.json', Layers: ['a.tar', 'b.tar'] }])
    const layers = await layersOf(
      tarOf([
        ['c.json', config],
        ['a.tar', A],
        ['b.tar', B],
        ['manifest.json', manifest],
      ]),
    )
    expect(layers.views.map(({ verified }) => verified)).toEqual([true, false])
    expect(layers.union.length).toBe(3)
  })

  test('Windows layers open with what they have', async () => {
    const windows = layer('d Files/\n  f Files/a.txt "a"\n  d Hives/\n  f Hives/System_Delta 100 bytes')
    const layers = await layersOf(stored([windows, gzip(windows)]))
    expect(layers.views[0]).toMatchObject({ state: 'ready', entries: 4, added: 4 })
  })
})
