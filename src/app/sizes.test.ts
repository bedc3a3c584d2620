import { expect, test } from 'vitest'
import { bytesIn } from './sizes'

test('sizes are counted in thousands, as docker prints them, and in 1024s where that is said', () => {
  expect(['300', '10 MB', '1.5kB', '2g', '1MiB', '0'].map(bytesIn)).toEqual([
    300, 10_000_000, 1500, 2_000_000_000, 1_048_576, 0,
  ])
})

test('nothing is no bound; what is no size is said to be none', () => {
  expect(bytesIn('  ')).toBeNull()
  expect(['ten', '-1', '1 TB', 'MB'].map(bytesIn)).toEqual([NaN, NaN, NaN, NaN])
})
