import { expect, test } from 'vitest'
import { LateSource } from './late'
import { MemorySource, type ByteSource, type Bytes } from './source'

const bytes: Bytes = Uint8Array.from({ length: 100 }, (_, i) => i)

/** A late source and how often it was asked for; the first `failing` times in vain. */
function late(failing = 0): { source: LateSource; asked: () => number } {
  let asked = 0
  const open = async (): Promise<ByteSource> => {
    if (asked++ < failing) throw new Error('not now')
    return new MemorySource(bytes)
  }
  return { source: new LateSource(100, open), asked: () => asked }
}

const joined = async (source: ByteSource): Promise<number[]> => {
  const out: number[] = []
  for await (const piece of source.stream()) out.push(...piece)
  return out
}

test('it is asked for with the first bytes that are wanted, once for all of its slices', async () => {
  const { source, asked } = late()
  const slice = source.slice(10, 50).slice(5, 20)
  expect([source.size, slice.size, asked()]).toEqual([100, 20, 0])
  expect(await Promise.all([slice.read(0, 20), source.read(99, 1)])).toEqual([
    bytes.subarray(15, 35),
    bytes.subarray(99),
  ])
  expect(await joined(source.slice(90, 10))).toEqual([...bytes.subarray(90)])
  expect(await joined(slice)).toEqual([...bytes.subarray(15, 35)])
  expect(new Uint8Array(await new Blob(await slice.blobParts()).arrayBuffer())).toEqual(
    bytes.subarray(15, 35),
  )
  expect(asked()).toBe(1)
})

test('a range that is not there is a fault, asked for or not', async () => {
  const { source } = late()
  const bad = [[-1, 2], [0, -1], [95, 6]] as const // prettier-ignore
  for (const [at, length] of bad) expect(() => source.slice(at, length)).toThrow('There are only 100 bytes.')
  await expect(source.read(95, 6)).rejects.toMatchObject({ fault: { code: 'truncated' } })
  for (const [at, length] of bad) expect(() => source.slice(at, length)).toThrow()
})

test('one that could not be had is asked for again', async () => {
  const { source, asked } = late(1)
  await expect(source.read(0, 1)).rejects.toThrow('not now')
  expect(await source.read(7, 1)).toEqual(bytes.subarray(7, 8))
  expect(asked()).toBe(2)
})
