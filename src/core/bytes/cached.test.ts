import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Counted } from './bytes.fixture'
import { WindowCache } from './cached'
import { MemorySource } from './source'

/** 9 MiB: three windows, the last one short. */
const bytes = Uint8Array.from({ length: 9 * 1024 * 1024 + 13 }, (_, i) => (i * 31 + (i >> 12)) & 0xff)

test('reads through the cache are the bytes of the source, slices of slices too', async () => {
  const source = new WindowCache(2).over(new MemorySource(bytes))
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length), fc.nat(bytes.length), fc.nat(3_000_000), async (a, b, length) => {
      const [from, to] = a < b ? [a, b] : [b, a]
      const part = source.slice(from, to - from)
      const at = Math.floor(part.size / 3)
      const take = Math.min(length, part.size - at)
      const got = await part.read(at, take)
      expect(got.length).toBe(take)
      expect(Buffer.compare(got, bytes.subarray(from + at, from + at + take))).toBe(0)
    }),
    { numRuns: 200 },
  )
})

test('ten thousand small reads in order are three reads of the source', async () => {
  const counted = new Counted(bytes)
  const source = new WindowCache().over(counted)
  for (let i = 0; i < 10_000; i++) await source.read(Math.floor((i * bytes.length) / 10_001), 100)
  expect(counted.reads).toBe(3)
})

test('what lies beyond the end is the source’s own fault', async () => {
  const source = new WindowCache().over(new MemorySource(bytes))
  await expect(source.read(bytes.length - 1, 2)).rejects.toMatchObject({ fault: { code: 'truncated' } })
})
