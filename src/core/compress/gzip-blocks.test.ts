import { constants, deflateRawSync, gunzipSync, gzipSync, type ZlibOptions } from 'node:zlib'
import fc from 'fast-check'
import { gunzipSync as gunzipByFflate, gzipSync as gzipByFflate } from 'fflate'
import { describe, expect, test } from 'vitest'
import { MemorySource, type Bytes } from '../bytes/source'
import { faultIn } from '../fault/fault.fixture'
import {
  ascii,
  ChoppedSource,
  collect,
  filler,
  hasTool,
  joined,
  prose,
  same,
  sourceOf,
  tool,
} from './compress.fixture'
import { crc32 } from './crc32'
import { walkGzip } from './gzip'
import { copiedBlocks, gzipBlocks, runsWithin } from './gzip-blocks'
import { deflatePiece, gzipDeterministic, type DeflatePiece, type PackedBytes } from './gzip-write'

const { Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE, Z_FILTERED, Z_DEFAULT_STRATEGY } = constants
const KIB = 1024

/** Contents of all kinds, one after the other: text, noise (which is stored), zeros, text. */
const mixed = (length: number, seed: number): Bytes => {
  const part = Math.ceil(length / 5)
  return joined(
    prose(part, seed),
    filler(part, seed + 1),
    new Uint8Array(part),
    prose(part, seed + 2),
    filler(part, seed),
  ).slice(0, length)
}

/** A gzip member around a deflate stream. */
const member = (deflated: Uint8Array, plain: Uint8Array): Bytes => {
  const trailer = new Uint8Array(8)
  new DataView(trailer.buffer).setUint32(0, crc32(plain), true)
  new DataView(trailer.buffer).setUint32(4, plain.length, true)
  return joined(ascii('\x1f').subarray(0, 1), Uint8Array.of(0x8b, 8, 0, 0, 0, 0, 0, 0, 3), deflated, trailer)
}

/** How writers in the wild pack: options of zlib, many members, flushes in between, other writers. */
const packers: Readonly<Record<string, (plain: Bytes) => Bytes | null>> = {
  ...Object.fromEntries(
    [0, 1, 4, 6, 9].map((level) => [`zlib ${level}`, (plain: Bytes) => gz(plain, { level })]),
  ),
  'fixed codes': (plain) => gz(plain, { strategy: Z_FIXED }),
  'no matches': (plain) => gz(plain, { strategy: Z_HUFFMAN_ONLY }),
  'runs only': (plain) => gz(plain, { strategy: Z_RLE }),
  'filtered, little memory': (plain) => gz(plain, { strategy: Z_FILTERED, memLevel: 1, windowBits: 9 }),
  'a name in the header': (plain) => {
    const bytes = gz(plain, { strategy: Z_DEFAULT_STRATEGY })
    return joined(
      bytes.subarray(0, 3),
      Uint8Array.of(8),
      bytes.subarray(4, 10),
      ascii('layer.tar\0'),
      bytes.subarray(10),
    )
  },
  'many members': (plain) => {
    const parts: Bytes[] = []
    for (let at = 0, turn = 0; at < plain.length; turn++) {
      const part = plain.subarray(at, (at += [70_000, 300, 1, 150_000, 33_000][turn % 5]))
      parts.push(gz(part, { level: turn % 10 }))
      if (turn % 7 === 0) parts.push(gz(new Uint8Array(0), {}))
    }
    return joined(...parts)
  },
  flushed: (plain) => {
    const parts: Bytes[] = []
    for (let at = 0; at < plain.length; at += 20_001)
      parts.push(
        new Uint8Array(
          deflateRawSync(plain.subarray(at, at + 20_001), { finishFlush: constants.Z_SYNC_FLUSH }),
        ),
      )
    parts.push(new Uint8Array(deflateRawSync(new Uint8Array(0))))
    return member(joined(...parts), plain)
  },
  fflate: (plain) => new Uint8Array(gzipByFflate(plain)),
  pigz: (plain) => (hasTool('pigz') ? tool('pigz', ['-b', '128', '-p', '2'], plain) : null),
  'pigz, members': (plain) => (hasTool('pigz') ? tool('pigz', ['-i', '-b', '128'], plain) : null),
  gzip: (plain) => (hasTool('gzip') ? tool('gzip', ['-9'], plain) : null),
}

const gz = (plain: Uint8Array, options: ZlibOptions): Bytes => new Uint8Array(gzipSync(plain, options))

/** gzip of new bytes and of stretches of packed ones, in turns; how many bytes had to be deflated, and what it should hold. */
async function composed(
  stored: Bytes,
  plain: Bytes,
  stretches: readonly (readonly [at: number, end: number])[],
  between: (turn: number) => Bytes,
): Promise<{ out: Bytes; due: Bytes; deflated: number }> {
  const blocks = await gzipBlocks(new MemorySource(stored))
  const parts: (Bytes | PackedBytes)[] = []
  const due: Bytes[] = []
  for (const [turn, [at, end]] of stretches.entries()) {
    const bytes = plain.subarray(at, end)
    parts.push(between(turn), { plain: sourceOf(bytes), stored: sourceOf(stored), blocks, at })
    due.push(between(turn), bytes)
  }
  parts.push(between(stretches.length))
  due.push(between(stretches.length))
  let deflated = 0
  const deflate: DeflatePiece = (bytes, from, last) => {
    deflated += bytes.length - from
    return deflatePiece(bytes, from, last)
  }
  async function* all() {
    yield* parts
  }
  const seen: Uint8Array[] = []
  const out = await collect(
    gzipDeterministic(all(), { deflate, ahead: 2, onPlain: (bytes) => seen.push(bytes.slice()) }),
  )
  expect(same(joined(...seen), joined(...due))).toBe(true)
  return { out, due: joined(...due), deflated }
}

describe.each(Object.entries(packers))('%s', (_, pack) => {
  test('the runs hold all plain bytes', async ({ skip }) => {
    const plain = mixed(900 * KIB, 3)
    const stored = pack(plain)
    if (!stored) return skip()
    const { plainAt, bitAt, bitEnd } = await gzipBlocks(new ChoppedSource(stored, [1, 7, 5000, 65_536]))
    expect(plainAt.at(-1)).toBe(plain.length)
    for (let run = 0; run < bitAt.length; run++) {
      expect(plainAt[run + 1]).toBeGreaterThanOrEqual(plainAt[run])
      expect(bitEnd[run]).toBeGreaterThan(bitAt[run])
    }
  })

  test('any stretches, with anything between them, are read by zlib and by our walker', async ({ skip }) => {
    const plain = mixed(1100 * KIB, 5)
    const stored = pack(plain)
    if (!stored) return skip()
    const cuts = fc.array(fc.integer({ min: 0, max: plain.length }), { minLength: 2, maxLength: 8 })
    const between = fc.array(fc.integer({ min: 0, max: 50_000 }), { minLength: 9, maxLength: 9 })
    await fc.assert(
      fc.asyncProperty(cuts, between, fc.boolean(), async (cuts, lengths, sorted) => {
        if (sorted) cuts.sort((a, b) => a - b)
        const stretches: [number, number][] = []
        for (let i = 0; i + 1 < cuts.length; i += 2)
          stretches.push([Math.min(cuts[i], cuts[i + 1]), Math.max(cuts[i], cuts[i + 1])])
        const { out, due } = await composed(stored, plain, stretches, (turn) =>
          mixed(lengths[turn], turn + 11),
        )
        expect(same(gunzipSync(out), due)).toBe(true)
        expect(same(await collect(walkGzip(new MemorySource(out))), due)).toBe(true)
      }),
      { numRuns: 12 },
    )
  })

  test('what goes as it is, is not deflated again', async ({ skip }) => {
    const plain = mixed(2000 * KIB, 7)
    const stored = pack(plain)
    if (!stored) return skip()
    const middle = 1000 * KIB
    const { out, due, deflated } = await composed(
      stored,
      plain,
      [
        [0, middle],
        [middle + 5000, plain.length],
      ],
      () => new Uint8Array(0),
    )
    expect(same(gunzipSync(out), due)).toBe(true)
    // Two ends of a run, and the window behind the cut.
    expect(deflated).toBeLessThan(700 * KIB)
  })
})

test('a file as it is, is copied whole', async () => {
  const plain = mixed(700 * KIB, 1)
  const stored = gz(plain, { level: 6 })
  const { out, due, deflated } = await composed(stored, plain, [[0, plain.length]], () => new Uint8Array(0))
  expect(same(gunzipSync(out), due)).toBe(true)
  expect(deflated).toBe(0)
})

test('short stretches are deflated: what is copied ends where a block does', async () => {
  const plain = prose(600 * KIB, 1)
  const { out, due, deflated } = await composed(
    gz(plain, {}),
    plain,
    Array.from({ length: 20 }, (_, i): [number, number] => [i * 30_000, i * 30_000 + 29_000]),
    () => ascii('header'),
  )
  expect(same(gunzipSync(out), due)).toBe(true)
  expect(deflated).toBe(due.length)
})

test('the same parts are the same bytes, however plain bytes are cut', async () => {
  const plain = mixed(900 * KIB, 9)
  const stored = gz(plain, {})
  const blocks = await gzipBlocks(sourceOf(stored))
  const make = async (sizes: readonly number[]): Promise<Bytes> => {
    async function* parts() {
      const head = mixed(100 * KIB, 4)
      for (let at = 0, turn = 0; at < head.length; turn++)
        yield head.subarray(at, (at += sizes[turn % sizes.length]))
      const bytes = plain.subarray(10_000)
      yield { plain: new ChoppedSource(bytes, sizes), stored: sourceOf(stored), blocks, at: 10_000 }
    }
    return collect(gzipDeterministic(parts()))
  }
  const due = await make([1e9])
  for (const sizes of [[999], [65_536, 3], [32_768], [200_000]])
    expect(same(await make(sizes), due)).toBe(true)
})

test('from a run to a run, and nothing else', async () => {
  const plain = joined(prose(500 * KIB, 2))
  const blocks = await gzipBlocks(sourceOf(gz(plain, {})))
  expect(runsWithin(blocks, 0, plain.length)).toEqual({ from: 0, to: blocks.flags.length })
  expect(runsWithin(blocks, 1, 20 * KIB)).toBe(null)
  expect(runsWithin(blocks, plain.length, plain.length)).toBe(null)
  const found = runsWithin(blocks, 1, plain.length - 1)!
  expect(blocks.plainAt[found.from]).toBeGreaterThanOrEqual(1 + 32 * KIB)
  expect(blocks.plainAt[found.to]).toBeLessThan(plain.length)
})

test('what is cut off or no gzip is refused, with the place', async () => {
  const stored = gz(mixed(300 * KIB, 2), {})
  for (const length of [0, 5, 100, 4000, stored.length - 9, stored.length - 1])
    expect((await faultIn(gzipBlocks(sourceOf(stored.subarray(0, length))))).code).toBe('bad-gzip')
  expect((await faultIn(gzipBlocks(sourceOf(stored, ascii('junk'))))).where.at).toBe(stored.length)
  const wrong = stored.slice()
  wrong[stored.length - 4] ^= 1
  expect((await faultIn(gzipBlocks(sourceOf(wrong)))).where.at).toBe(stored.length - 4)
})

test('any changed byte is runs or a fault, never another error', async () => {
  const stored = gz(mixed(60 * KIB, 2), {})
  await fc.assert(
    fc.asyncProperty(fc.nat(stored.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const bytes = stored.slice()
      bytes[at] ^= flip
      const fault = await gzipBlocks(sourceOf(bytes)).then(
        () => null,
        (thrown: unknown) => faultIn(Promise.reject(thrown)),
      )
      if (await fault) expect((await fault)!.code).toBe('bad-gzip')
    }),
    { numRuns: 300 },
  )
})

test('a copy is read by an inflater that has nothing of zlib, nor of ours', async () => {
  const plain = mixed(800 * KIB, 8)
  for (const pack of Object.values(packers)) {
    const stored = pack(plain)
    if (!stored) continue
    const { out, due } = await composed(stored, plain, [[70_001, 600_003]], () => prose(777, 3))
    expect(same(gunzipByFflate(out), due)).toBe(true)
  }
})

test('blocks of a file end at the end of a byte', async () => {
  const plain = mixed(500 * KIB, 6)
  const stored = gz(plain, {})
  const blocks = await gzipBlocks(sourceOf(stored))
  for (let to = 1; to <= blocks.flags.length; to++) {
    const copied = await collect(copiedBlocks(sourceOf(stored), blocks, 0, to))
    const closed = joined(copied, Uint8Array.of(1, 0, 0, 255, 255))
    const due = plain.subarray(0, blocks.plainAt[to])
    expect(same(gunzipSync(member(closed, due)), due)).toBe(true)
  }
})
