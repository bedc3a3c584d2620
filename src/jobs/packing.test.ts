import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { Bytes } from '../core/bytes/source'
import { added, EMPTY_JOURNAL } from '../core/edit/journal'
import { Ground } from '../core/edit/ground'
import type { Operation } from '../core/edit/operation'
import { ImageError } from '../core/fault/fault'
import { faultIn } from '../core/fault/fault.fixture'
import { buildArchive } from '../testkit/archive'
import { letters } from '../testkit/letters'
import { rebuildInputOf } from './edited-image'
import { replay } from './edits'
import { inlinePool, type LayerPool } from './pool'
import { foretold, rebuild, type RebuildInput } from './rebuild'
import { bytesIn, openedImage } from './rebuild.fixture'

const compress = (tar: Bytes): Bytes => new Uint8Array(gzipSync(tar))
const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

const MB = 1_000_000
const drawing = `
image packed:1
layer ADD one
  f a "${letters(3 * MB, 3)}"
  f secret "hunter2"
  f b "${letters(3 * MB, 5)}"
layer ADD two
  f c "${letters(2 * MB, 9)}"`
const archive = buildArchive(drawing, { shape: 'oci', compression: { suffix: '+gzip', compress } })

/** A pool that says how many bytes it deflated. */
function counting(more: Partial<LayerPool> = {}) {
  const counted = { deflated: 0, looked: 0 }
  const pool: LayerPool = {
    ...inlinePool,
    deflate: (bytes, from, last) => {
      counted.deflated += bytes.length - from
      return inlinePool.deflate(bytes, from, last)
    },
    gzipBlocks: (source, options) => {
      counted.looked++
      return inlinePool.gzipBlocks(source, options)
    },
    ...more,
  }
  return { pool, counted }
}

async function inputFor(
  operations: readonly Operation[],
  options: Partial<RebuildInput>,
): Promise<RebuildInput> {
  const before = await openedImage(archive)
  const ground = new Ground(before.layers.union, before.layers.tables)
  const { edited, stack } = replay(ground, added(EMPTY_JOURNAL, operations))
  return {
    ...rebuildInputOf({ ...before, onto: null, operations, edited, stack }),
    tags: ['packed:2'],
    build: 'rewrite',
    format: 'oci',
    gzip: true,
    stored: () => Promise.reject(new Error('nothing was stored')),
    pool: inlinePool,
    ...options,
  }
}

const scrub: Operation[] = [{ op: 'scrub', paths: ['/secret'] }]

/** The layers of an archive, inflated by zlib, each what its diff_id says. */
async function plainLayers(bytes: Bytes): Promise<Bytes[]> {
  const { image } = await openedImage(bytes)
  return Promise.all(
    image.layers.map(async ({ source, diffId }) => {
      const plain = new Uint8Array(gunzipSync(await source!.read(0, source!.size)))
      expect(sha256(plain)).toBe(diffId)
      return plain
    }),
  )
}

test('a layer that is written anew keeps its blocks but for those around the change', async () => {
  const { pool, counted } = counting()
  const { archive: made } = await rebuild(await inputFor(scrub, { pool }))
  const [one, two] = await plainLayers(await bytesIn(made))
  expect(one.length).toBeGreaterThan(6 * MB)
  expect(Buffer.from(one).includes('hunter2')).toBe(false)
  expect(two.length).toBeGreaterThan(2 * MB)
  expect(counted).toEqual({ deflated: expect.any(Number), looked: 1 })
  expect(counted.deflated).toBeLessThan(MB / 2)
  expect(counted.deflated).toBeGreaterThan(0)
})

test('large files that are flattened keep theirs, from every layer', async () => {
  const { pool, counted } = counting()
  const { archive: made } = await rebuild(await inputFor(scrub, { pool, build: 'flatten' }))
  const [flat] = await plainLayers(await bytesIn(made))
  expect(flat.length).toBeGreaterThan(8 * MB)
  expect(counted.looked).toBe(2)
  expect(counted.deflated).toBeLessThan(MB)
})

test.each(['rewrite', 'flatten'] as const)(
  '%s: sizes and IDs are foretold, and the same wherever it is hashed',
  async (build) => {
    for (const hashAsWritten of [false, true]) {
      const input = await inputFor(scrub, { build, hashAsWritten })
      const due = await foretold(input)
      const made = await rebuild(input)
      expect(due.bytes).toBe(made.archive.size)
      expect(due.documents.configDigest).toBe(made.documents.configDigest)
      expect(due.documents.manifestDigest).toBe(made.documents.manifestDigest)
    }
  },
)

test('blocks that cannot be told are deflated', async () => {
  const broken = (): never => {
    throw new ImageError('bad-gzip', 'It is damaged.')
  }
  const { plainAt, ...columns } = await inlinePool.gzipBlocks(
    (await openedImage(archive)).image.layers[0].source!,
  )
  const shorter = async () => ({ ...columns, plainAt: plainAt.map((at) => Math.max(0, at - 1)) })
  for (const gzipBlocks of [async () => broken(), shorter]) {
    const { pool, counted } = counting({ gzipBlocks })
    const { archive: made } = await rebuild(await inputFor(scrub, { pool }))
    const [one] = await plainLayers(await bytesIn(made))
    expect(one.length).toBeGreaterThan(6 * MB)
    expect(counted.deflated).toBe(one.length)
  }
})

test('what cannot be inflated again is not exported', async () => {
  const holds = async (): Promise<number> => 7
  const isDamaged = (): Promise<number> => Promise.reject(new ImageError('bad-gzip', 'Its CRC is wrong.'))
  for (const [gunzipped, words] of [
    [holds, 'It holds 7 bytes'],
    [isDamaged, 'Its CRC is wrong.'],
  ] as const) {
    const { code, message } = await faultIn(
      rebuild(await inputFor(scrub, { pool: counting({ gunzipped }).pool })),
    )
    expect(code).toBe('internal')
    expect(message).toContain(words)
  }
})

test('blocks at the wrong place are found out by the platform’s own inflater', async () => {
  const { pool } = counting({
    gzipBlocks: async (source) => {
      const blocks = await inlinePool.gzipBlocks(source)
      return { ...blocks, bitAt: blocks.bitAt.map((bit) => bit + 1) }
    },
  })
  expect((await faultIn(rebuild(await inputFor(scrub, { pool })))).code).toBe('internal')
})

test('who cancels does not cancel another', async () => {
  const stop = new AbortController()
  let started = (): void => {}
  const looking = new Promise<void>((resolve) => (started = resolve))
  const { pool } = counting({
    gzipBlocks: (source, options) => {
      started()
      if (options?.signal !== stop.signal) return inlinePool.gzipBlocks(source, options)
      return new Promise((_, reject) =>
        stop.signal.addEventListener('abort', () => reject(new ImageError('cancelled', 'Cancelled.'))),
      )
    },
  })
  const input = await inputFor(scrub, { pool })
  const first = foretold({ ...input, signal: stop.signal })
  await looking
  const second = foretold(input)
  stop.abort()
  expect((await faultIn(first)).code).toBe('cancelled')
  expect((await second).bytes).toBe((await foretold(input)).bytes)
})
