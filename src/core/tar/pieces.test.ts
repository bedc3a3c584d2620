import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Bytes } from '../bytes/source'
import { LentPieces, Pieces } from './pieces'

const counted = (length: number): Bytes => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255)

async function* cut(bytes: Bytes, lengths: readonly number[]): AsyncIterable<Bytes> {
  let at = 0
  for (const length of lengths) yield bytes.subarray(at, (at += length))
}

test('whatever the pieces and the steps, a window holds what was asked for, as far as there are bytes', async () => {
  const lengths = fc.array(fc.nat(40), { maxLength: 60 })
  const steps = fc.array(fc.record({ skip: fc.nat(90), length: fc.nat(50) }), { maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(lengths, steps, async (lengths, steps) => {
      const size = lengths.reduce((sum, n) => sum + n, 0)
      const bytes = counted(size)
      const pieces = new Pieces(cut(bytes, lengths), 1000)
      let at = 0
      for (const { skip, length } of steps) {
        at += skip
        const window = await pieces.window(1000 + at, length)
        const from = 1000 + at - window.start
        const got = window.bytes.subarray(from, from + length)
        expect([...got]).toEqual([...bytes.subarray(at, at + length)])
      }
    }),
  )
})

/** The same memory for each piece, as whoever lends one does it. */
async function* lent(bytes: Bytes, lengths: readonly number[]): AsyncIterable<Bytes> {
  const room = new Uint8Array(Math.max(0, ...lengths))
  let at = 0
  for (const length of lengths) {
    room.set(bytes.subarray(at, (at += length)))
    yield room.subarray(0, length)
    room.fill(0xee)
  }
}

test('pieces that are lent: windows stay what they were, also where one is asked for again and longer', async () => {
  const lengths = fc.array(fc.nat(40), { maxLength: 60 })
  const steps = fc.array(
    fc.record({ skip: fc.nat(90), length: fc.nat(50), most: fc.nat(80), again: fc.boolean() }),
    {
      maxLength: 40,
    },
  )
  await fc.assert(
    fc.asyncProperty(lengths, steps, async (lengths, steps) => {
      const bytes = counted(lengths.reduce((sum, n) => sum + n, 0))
      const pieces = new LentPieces(lent(bytes, lengths))
      const seen: { got: Bytes; due: Bytes }[] = []
      let at = 0
      for (const { skip, length, most, again } of steps) {
        if (!again) at += skip
        const window = await pieces.window(at, length, most)
        const due = bytes.subarray(at, at + length)
        const got = window.bytes.subarray(at - window.start)
        expect(got.length).toBeGreaterThanOrEqual(due.length)
        seen.push({ got: got.subarray(0, length), due })
      }
      for (const { got, due } of seen) expect([...got]).toEqual([...due])
    }),
  )
})

test('a window inside one piece is that piece, and not a copy of it', async () => {
  const bytes = counted(100)
  const pieces = new Pieces(cut(bytes, [50, 50]))
  expect((await pieces.window(10, 20)).bytes.buffer).toBe(bytes.buffer)
  expect((await pieces.window(45, 10)).bytes.buffer).not.toBe(bytes.buffer)
  expect((await pieces.window(60, 10)).bytes.buffer).toBe(bytes.buffer)
})

test('a hundred thousand pieces of a byte are no more work than their number', async () => {
  const bytes = counted(100_000)
  const pieces = new Pieces(cut(bytes, new Array<number>(bytes.length).fill(1)))
  expect((await pieces.window(0, bytes.length)).bytes).toEqual(bytes)
  expect((await pieces.window(99_999, 10)).bytes).toHaveLength(1)
})
