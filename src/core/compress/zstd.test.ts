import fc from 'fast-check'
import { Decompress } from 'fzstd'
import { describe, expect, test } from 'vitest'
import type { Bytes } from '../bytes/source'
import {
  ascii,
  ChoppedSource,
  collect,
  contents,
  filler,
  hasTool,
  joined,
  outcome,
  prose,
  same,
  sourceOf,
  streamFault,
  tool,
} from './compress.fixture'
import { inflate } from './inflate'
import { Xxh64 } from './xxh64'
import { walkZstd } from './zstd'

const hello = ascii('hello, layer\nhello, layer\nhello, layer\nhello, other layer\nhello, layer\n')
const helloStored = new Uint8Array(
  Buffer.from('KLUv/QRo3QAAkGhlbGxvLCBsYXllcgpvdGhlcgIAQ9EajPMLis8GWg==', 'base64'),
)

const withTool = describe.skipIf(!hasTool('zstd'))

function zstd(plain: Uint8Array, ...args: readonly string[]): Bytes {
  const stored = tool('zstd', ['-qc', ...args], plain)
  if (!stored) throw new Error(`zstd ${args.join(' ')} failed`)
  return stored
}

const skippable = (length: number, nibble = 0): Bytes => {
  const frame = new Uint8Array(8 + length).fill(0xaa)
  new DataView(frame.buffer).setUint32(0, 0x184d2a50 + nibble, true)
  new DataView(frame.buffer).setUint32(4, length, true)
  return frame
}

describe('XXH64', () => {
  test.each([
    ['', 0xef46db3751d8e999n],
    ['a', 0xd24ec4f1a98c6e5bn],
    ['abc', 0x44bc2cf5ad770999n],
    ['Nobody inspects the spammish repetition', 0xfbcea83c8a378bf1n],
  ])('of %j', (text, due) => {
    const hash = new Xxh64()
    hash.update(ascii(text))
    expect(hash.digest()).toBe(due)
  })

  test('does not depend on how the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (pieces) => {
        const [whole, cut] = [new Xxh64(), new Xxh64()]
        whole.update(joined(...pieces))
        for (const piece of pieces) cut.update(piece)
        expect(cut.digest()).toBe(whole.digest())
      }),
    )
  })
})

test('a frame with its checksum', async () => {
  expect(await collect(walkZstd(sourceOf(helloStored)))).toEqual(hello)
})

test('frames without data, before, between and behind, and frames in any number', async () => {
  const source = sourceOf(skippable(3), helloStored, skippable(70_000, 15), helloStored, skippable(0))
  expect(await collect(walkZstd(source))).toEqual(joined(hello, hello))
})

test('stored blocks and blocks of one byte', async () => {
  // Window of 1 KiB, no content size: "abc" as it is, then a thousand times "z".
  const frame = Uint8Array.of(
    0x28,
    0xb5,
    0x2f,
    0xfd,
    0,
    0,
    3 << 3,
    0,
    0,
    97,
    98,
    99,
    ((1000 << 3) & 255) | 3,
    1000 >> 5,
    0,
    122,
  )
  expect(await collect(walkZstd(sourceOf(frame)))).toEqual(ascii(`abc${'z'.repeat(1000)}`))
})

test('every cut is a fault, with a place', async () => {
  for (let cut = 0; cut < helloStored.length; cut++) {
    const fault = await streamFault(walkZstd(sourceOf(helloStored.subarray(0, cut))))
    expect(fault.code).toBe('bad-zstd')
    expect(fault.where.at).toBeLessThanOrEqual(cut)
  }
})

test('any changed byte of a frame with a checksum is a fault', async () => {
  for (let at = 0; at < helloStored.length; at++)
    for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
      const broken = helloStored.slice()
      broken[at] ^= flip
      const got = await outcome(walkZstd(sourceOf(broken)))
      // A bit of the header is unused, and the checksum can be called off there.
      expect(typeof got === 'string' || same(got, hello), `${at} ^ ${flip}`).toBe(true)
    }
})

test('faults name their offset', async () => {
  const at = async (...parts: readonly Uint8Array[]) =>
    (await streamFault(walkZstd(sourceOf(...parts)))).where.at
  expect(await at(ascii('not zstd'))).toBe(0)
  expect(await at(helloStored, ascii('garbage'))).toBe(helloStored.length)
  expect(await at(helloStored, skippable(9).subarray(0, 12))).toBe(helloStored.length + 12)
})

test('a window beyond 128 MiB is refused by name, before anything is allocated', async () => {
  const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, (21 << 3) | 1, 1, 0, 0)
  const fault = await streamFault(walkZstd(sourceOf(frame)))
  expect(fault.code).toBe('zstd-window')
  expect(fault.message).toContain('2304 MiB')
  expect(fault.message).toContain('zstd -d')
})

test('Huffman weights that a table without bits would repeat for ever end in a fault', async () => {
  // A compressed block: 8 literals in one stream, weights by a table whose one symbol has all the states.
  const weights = Uint8Array.of(4, 0x10, 0x42, 0xff, 0x01)
  const literals = joined(Uint8Array.of((8 << 4) | 2, (7 << 6) & 255, 7 >> 2), weights, Uint8Array.of(1, 1))
  const block = joined(literals, Uint8Array.of(0))
  const frame = joined(
    Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x38),
    Uint8Array.of((block.length << 3) | 5, 0, 0),
    block,
  )
  expect(await outcome(walkZstd(sourceOf(frame)))).toBe('bad-zstd')
})

test('noise behind a frame header is a fault or bytes, at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.nat(255), async (noise, window) => {
      const length = (noise.length << 3) | 5
      const header = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, window & 0x7f, length & 255, length >> 8, 0)
      const got = await outcome(walkZstd(sourceOf(header, noise)))
      expect(got instanceof Uint8Array || got === 'bad-zstd').toBe(true)
    }),
    { numRuns: 2000 },
  )
})

withTool('what zstd writes', () => {
  test('at every level, read in pieces of any size', async () => {
    const levels = ['--fast=5', '-1', '-3', '-7', '-12', '-19']
    await fc.assert(
      fc.asyncProperty(
        contents,
        fc.constantFrom(...levels),
        fc.constantFrom('--check', '--no-check'),
        fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1 }),
        async (plain, level, check, sizes) => {
          const stored = zstd(plain, level, check)
          expect(same(await collect(walkZstd(new ChoppedSource(stored, sizes))), plain)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('more than a window, so that the window moves', async () => {
    const plain = joined(prose(9_000_000, 3), filler(400_000), prose(3_000_000, 3))
    for (const args of [['-1'], ['-3', '--zstd=wlog=10'], ['-3', '--zstd=wlog=17'], ['-3', '--long=27']]) {
      const stored = zstd(plain, ...args)
      expect(same(await collect(walkZstd(sourceOf(stored))), plain)).toBe(true)
    }
  })

  test('with a promised size', async () => {
    for (const size of [0, 1, 255, 256, 65_791, 65_792, 300_000]) {
      const plain = prose(size)
      const stored = zstd(plain, `--stream-size=${size}`)
      expect(same(await collect(walkZstd(sourceOf(stored))), plain)).toBe(true)
    }
  })

  test('a promised size that is wrong is a fault', async () => {
    const stored = zstd(prose(300_000), '--stream-size=300000', '--no-check')
    const descriptor = stored[4] >> 6
    expect(descriptor).toBe(2)
    const sizeAt = stored[4] & 0x20 ? 5 : 6
    for (const change of [1, -1]) {
      const broken = stored.slice()
      broken[sizeAt] += change
      expect(await outcome(walkZstd(sourceOf(broken)))).toBe('bad-zstd')
    }
  })

  test('any changed byte is the right bytes or a fault, also in large frames', async () => {
    const plain = prose(150_000, 5)
    const stored = zstd(plain, '-9', '--check')
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        fc.pre(at !== 4)
        const broken = stored.slice()
        broken[at] ^= flip
        const got = await outcome(walkZstd(sourceOf(broken)))
        expect(typeof got === 'string' || same(got, plain)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  test('as fzstd reads it', async () => {
    const stored = zstd(prose(2_000_000, 11), '-12')
    const parts: Uint8Array[] = []
    new Decompress((chunk) => parts.push(chunk)).push(stored, true)
    expect(same(await collect(walkZstd(sourceOf(stored))), joined(...parts))).toBe(true)
  })

  test('a bomb is handed out in small chunks, can be left, and has its limit', async () => {
    const bomb = new ChoppedSource(zstd(new Uint8Array(100_000_000)), [10_000])
    let seen = 0
    for await (const chunk of walkZstd(bomb)) {
      expect(chunk.length).toBeLessThanOrEqual(384 * 1024)
      if ((seen += chunk.length) > 2_000_000) break
    }
    expect(bomb.open).toBe(0)
    expect((await streamFault(inflate(bomb, 'zstd', { limit: 1_000_000 }))).code).toBe('too-large')
    expect(bomb.open).toBe(0)
  })
})
