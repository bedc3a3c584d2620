import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemorySource } from '../bytes/source'
import { ascii, collect, contents, filler, hasTool, joined, prose, same, tool } from './compress.fixture'
import { crc32 } from './crc32'
import { walkGzip } from './gzip'
import { deflatePiece, gzipDeterministic, type DeflatePiece } from './gzip-write'

const hello = ascii('hello, layer\n')

describe('gzipDeterministic', () => {
  async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const size = sizes[turn % sizes.length]
      yield bytes.subarray(at, at + size)
      at += size
    }
  }

  test('is read by zlib, and does not depend on how the input is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        contents,
        fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1 }),
        async (plain, sizes) => {
          const stored = await collect(gzipDeterministic(cut(plain, sizes)))
          expect(same(gunzipSync(stored), plain)).toBe(true)
          expect(same(await collect(gzipDeterministic(cut(plain, [1e9]))), stored)).toBe(true)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('never reaches back before its start, where much is zero', async () => {
    // Records as headers have them: few letters among zeros. fflate's own streams fail at a third of these.
    for (let seed = 1; seed <= 400; seed++) {
      const noise = filler(3000, seed)
      const plain = noise.map((byte, at) => (noise[(at * 7) % 3000] % 5 === 0 ? byte & 7 : 0))
      for (const bytes of seed % 40 === 0 ? [plain, joined(plain, filler(1_100_000, seed))] : [plain])
        expect(same(gunzipSync(await collect(gzipDeterministic(cut(bytes, [1e9])))), bytes)).toBe(true)
    }
  })

  test('pieces are joined wherever they end, and there is a last one whatever the length', async () => {
    const MIB = 1024 * 1024
    const long = joined(prose(MIB, 3), new Uint8Array(MIB), filler(MIB, 5), prose(MIB, 9))
    for (const length of [
      0,
      1,
      32_767,
      32_768,
      32_769,
      MIB - 1,
      MIB,
      MIB + 1,
      2 * MIB,
      3 * MIB + 77,
      4 * MIB,
    ]) {
      const plain = long.slice(0, length)
      const stored = await collect(gzipDeterministic(cut(plain, [700_001])))
      expect(same(gunzipSync(stored), plain)).toBe(true)
      // One member, so that what reads only the first one reads all.
      expect((await collect(walkGzip(new MemorySource(stored)))).length).toBe(length)
    }
  })

  test('pieces that are worked on side by side, and are done in any order, are the same bytes', async () => {
    const plain = joined(prose(3_000_000, 3), filler(2_000_000))
    const due = await collect(gzipDeterministic(cut(plain, [1e9])))
    let [working, most, turn] = [0, 0, 0]
    const deflate: DeflatePiece = async (bytes, from, last) => {
      most = Math.max(most, ++working)
      await new Promise((resolve) => setTimeout(resolve, (turn++ % 3) * 5))
      working--
      return deflatePiece(bytes, from, last)
    }
    expect(same(await collect(gzipDeterministic(cut(plain, [65_536]), { deflate, ahead: 2 })), due)).toBe(
      true,
    )
    expect(most).toBe(3)
  })

  test('a piece may be moved to another thread, with its buffer', async () => {
    const plain = joined(prose(2_500_000, 3), filler(700_000))
    const due = await collect(gzipDeterministic(cut(plain, [1e9])))
    const deflate: DeflatePiece = (bytes, from, last) =>
      deflatePiece(structuredClone(bytes, { transfer: [bytes.buffer] }), from, last)
    expect(same(await collect(gzipDeterministic(cut(plain, [65_536]), { deflate })), due)).toBe(true)
  })

  test('who cannot deflate a piece fails it', async () => {
    const deflate: DeflatePiece = () => Promise.reject(new Error('no hands'))
    await expect(
      collect(gzipDeterministic(cut(prose(3_000_000), [1e9]), { deflate, ahead: 4 })),
    ).rejects.toThrow('no hands')
  })

  test('says no name, no time and no system', async () => {
    const stored = await collect(gzipDeterministic(cut(hello, [5])))
    expect([...stored.subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
  })

  test('gives these bytes, on every machine', async () => {
    const stored = await collect(gzipDeterministic(cut(prose(1_000_000, 7), [65_536])))
    expect([stored.length, crc32(stored)]).toMatchInlineSnapshot(`
      [
        151968,
        2471998457,
      ]
    `)
  })

  test.skipIf(!hasTool('gzip'))('is read by gzip', async () => {
    const plain = joined(prose(500_000), filler(300_000))
    const stored = await collect(gzipDeterministic(cut(plain, [100_000])))
    expect(same(tool('gzip', ['-dc'], stored), plain)).toBe(true)
  })
})
