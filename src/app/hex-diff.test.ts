import { expect, test } from 'vitest'
import { differingLines } from './hex-diff'

test('only lines that differ, with their place; what is longer goes on alone', () => {
  const before = new Uint8Array(40)
  const after = new Uint8Array(64)
  after[17] = 0xff
  const pairs = differingLines(before, after, 10)
  expect(pairs.map(({ before: one, after: other }) => [one.slice(0, 8), other.slice(0, 8)])).toEqual([
    ['00000010', '00000010'],
    ['00000020', '00000020'],
    ['', '00000030'],
  ])
  expect(pairs[0].after).toContain('00 ff 00')
  expect(differingLines(before, before, 10)).toEqual([])
  expect(differingLines(before, after, 1)).toHaveLength(1)
})
