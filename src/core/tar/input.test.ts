import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemorySource, type Bytes } from '../bytes/source'
import { SourceInput } from './input'

const MIB = 1024 * 1024
const bytes: Bytes = Uint8Array.from({ length: 24 * MIB + 700 }, (_, i) => (i * 31 + (i >> 11)) & 255)

/** Steps as tars make them: entry behind entry, now and then a body that is worth jumping over. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.nat(200_000) },
  { weight: 1, arbitrary: fc.nat(3 * MIB) },
  { weight: 1, arbitrary: fc.nat(9 * MIB) },
)

test('windows and streams of a source show the same bytes, however far the next entry lies', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const input = new SourceInput(new MemorySource(bytes))
      let at = 0
      for (const far of [0, ...steps]) {
        at += far
        const got = await input.load(at, 512)
        const due = bytes.subarray(at, at + 512)
        expect(got).toBe(due.length)
        const from = at - input.start
        expect(Buffer.compare(input.window.subarray(from, from + got), due)).toBe(0)
      }
      input.close()
    }),
    { numRuns: 60 },
  )
})

/** Counts what is read of it, by its slices too. */
class Watched extends MemorySource {
  readonly #onRead: (length: number) => void
  readonly #bytes: Bytes
  constructor(bytes: Bytes, onRead: (length: number) => void) {
    super(bytes)
    this.#bytes = bytes
    this.#onRead = onRead
  }
  override read(at: number, length: number): Promise<Bytes> {
    this.#onRead(length)
    return super.read(at, length)
  }
  override slice(at: number, length: number): MemorySource {
    return new Watched(this.#bytes.subarray(at, at + length), this.#onRead)
  }
}

test('bodies of megabytes are jumped over: most of such a tar is never read', async () => {
  let taken = 0
  const input = new SourceInput(new Watched(bytes, (length) => (taken += length)))
  for (let at = 0; at < bytes.length; at += 6 * MIB) await input.load(at, 512)
  expect(taken).toBeLessThan(bytes.length / 3)
})
