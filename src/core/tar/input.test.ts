import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JoinedSource, MemorySource, type Bytes } from '../bytes/source'
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

test('of bytes that are laid out from parts the same, and headers that are parts of their own bring nothing else in', async () => {
  const cuts = fc.uniqueArray(fc.nat(bytes.length), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(cuts, fc.array(step, { maxLength: 40 }), async (ends, steps) => {
      const at = [0, ...ends.sort((a, b) => a - b), bytes.length]
      const parts = at.slice(1).map((end, i) => new MemorySource(bytes.subarray(at[i], end)))
      const input = new SourceInput(new JoinedSource(parts), undefined, undefined, true)
      let header = 0
      for (const far of [0, ...steps]) {
        header += far
        const due = bytes.subarray(header, header + 512)
        expect(await input.load(header, 512)).toBe(due.length)
        const from = header - input.start
        expect(Buffer.compare(input.window.subarray(from, from + due.length), due)).toBe(0)
      }
      input.close()
    }),
    { numRuns: 60 },
  )
  let taken = 0
  const layer = bytes.subarray(0, 2 * MIB)
  const parts = [1, 2, 3, 4].flatMap(() => [
    new MemorySource(bytes.subarray(0, 512)),
    new Watched(layer, (length) => (taken += length)),
  ])
  const input = new SourceInput(new JoinedSource(parts), undefined, undefined, true)
  for (let i = 0; i < 4; i++) await input.load(i * (512 + layer.length), 512)
  expect(taken).toBe(0)
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
