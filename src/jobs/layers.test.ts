/** Layers that cannot be read beside those that can. */
import { afterEach, expect, test, vi } from 'vitest'
import { print } from '../core/rootfs/rootfs.fixture'
import { MemorySource, type Bytes } from '../core/bytes/source'
import { utf8 } from '../core/bytes/text'
import { sha256 } from '../core/digest/sha256'
import { buildArchive, buildLayer, tarOf } from '../testkit/archive'
import { parseNotation } from '../testkit/notation'
import { Layers } from './layers'
import { memoryStores } from './memory-stores'
import { openArchiveIn } from './open'
import { inlinePool } from './pool'
import { unseenTask } from './tasks'

const OCI = 'application/vnd.oci.image'
const json = (value: unknown): Bytes => utf8(JSON.stringify(value))

test('of an encrypted layer it is said that it is, and the others are shown', async () => {
  const plain = buildLayer(parseNotation('layer\n  f etc/motd "hello"').images[0].layers[0])
  const secret = utf8('nobody reads this')
  const diffIds = [await sha256(secret), await sha256(plain)]
  const config = json({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } })
  const described = async (mediaType: string, bytes: Bytes): Promise<object> => ({
    mediaType: `${OCI}.${mediaType}`,
    digest: await sha256(bytes),
    size: bytes.length,
  })
  const manifest = json({
    schemaVersion: 2,
    config: await described('config.v1+json', config),
    layers: [await described('layer.v1.tar+encrypted', secret), await described('layer.v1.tar', plain)],
  })
  const blobs = await Promise.all(
    [config, manifest, secret, plain].map(
      async (bytes) => [`blobs/${(await sha256(bytes)).replace(':', '/')}`, bytes] as const,
    ),
  )
  const archive = await openArchiveIn(
    new MemorySource(
      tarOf([
        ['oci-layout', json({ imageLayoutVersion: '1.0.0' })],
        [
          'index.json',
          json({ schemaVersion: 2, manifests: [await described('manifest.v1+json', manifest)] }),
        ],
        ...blobs,
      ]),
    ),
  )
  const layers = new Layers({
    image: archive.images[0],
    pool: inlinePool,
    stores: memoryStores(),
  })
  await layers.scan(unseenTask())
  expect(layers.views.map(({ state, fault }) => `${state} ${fault?.code ?? ''}`)).toEqual([
    'failed encrypted',
    'ready ',
  ])
  expect(layers.notices.list).toEqual([])
  expect(print({ tree: layers.union, tables: layers.tables })).toContain('motd')
})

afterEach(() => void vi.useRealTimers())

test('what has come so far is shown once a second has passed, and not before', async () => {
  const tar = buildArchive('image t:1\nlayer\n  f a "one"\nlayer\n  f b "two"')
  const [image] = (await openArchiveIn(new MemorySource(tar))).images
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  let scanned = 0
  let open: () => void
  const last = new Promise<void>((resolve) => (open = resolve))
  const pool: typeof inlinePool = {
    ...inlinePool,
    scan: async (...args) => {
      if (scanned++ === 1) await last
      return inlinePool.scan(...args)
    },
  }
  const shown: number[] = []
  const layers: Layers = new Layers({
    image,
    pool,
    stores: memoryStores(),
    onUnion: () => shown.push(layers.united),
  })
  const scanning = layers.scan(unseenTask())
  while (layers.united === 0) await new Promise((resolve) => setImmediate(resolve))
  await vi.advanceTimersByTimeAsync(900)
  expect(shown).toEqual([])
  await vi.advanceTimersByTimeAsync(200)
  expect(shown).toEqual([1])
  open!()
  await scanning
  expect(shown).toEqual([1, 2])
})

test('whoever hashes hears how many bytes come next', async () => {
  const tar = buildArchive('image t:1\nlayer\n  f a "one"\nlayer\n  f b "two"\nlayer\n  f c "three"')
  const [image] = (await openArchiveIn(new MemorySource(tar))).images
  const heard: [number, number | undefined][] = []
  const pool: typeof inlinePool = {
    ...inlinePool,
    digest: (source, options) => {
      heard.push([source.size, options?.next])
      return inlinePool.digest(source, options)
    },
  }
  const layers = new Layers({ image, pool, stores: memoryStores() })
  await layers.scan(unseenTask())
  await layers.verify(unseenTask())
  const [first, second, third] = image.layers.map(({ storedBytes }) => storedBytes)
  expect(heard).toEqual([
    [first, second + third],
    [second, third],
    [third, 0],
  ])
  expect(layers.views.every(({ verified }) => verified)).toBe(true)
})
