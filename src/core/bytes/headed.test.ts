import { expect, test } from 'vitest'
import { Counted } from './bytes.fixture'
import { HeadedSource } from './headed'
import type { Bytes } from './source'

const bytes: Bytes = Uint8Array.from({ length: 100 }, (_, i) => i)

test('the head is answered from memory, all else by the source, with the same bytes', async () => {
  const source = new Counted(bytes)
  const headed = new HeadedSource(bytes.slice(0, 10), source)
  expect(await headed.read(0, 6)).toEqual(bytes.subarray(0, 6))
  expect(await headed.slice(0, 100).read(4, 6)).toEqual(bytes.subarray(4, 10))
  expect(source.reads).toBe(0)
  expect(await headed.read(4, 7)).toEqual(bytes.subarray(4, 11))
  expect(source.reads).toBe(1)
  expect(await headed.slice(2, 20).read(0, 20)).toEqual(bytes.subarray(2, 22))
  await expect(headed.read(-1, 2)).rejects.toMatchObject({ fault: { code: 'truncated' } })
  await expect(headed.read(95, 6)).rejects.toMatchObject({ fault: { code: 'truncated' } })
})
