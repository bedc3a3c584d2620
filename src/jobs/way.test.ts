import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MemorySource } from '../core/bytes/source'
import { keepSource } from './keep'
import { memoryStores } from './memory-stores'
import { Way } from './way'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('nobody waits while nobody does anything', () => {
  expect(new Way().pause()).toBeNull()
})

test('who asks meanwhile goes on a quarter of a second after the last that was done', async () => {
  const way = new Way()
  way.make()
  let wentOn = false
  void way.pause()!.then(() => (wentOn = true))
  await vi.advanceTimersByTimeAsync(200)
  way.make()
  await vi.advanceTimersByTimeAsync(200)
  expect(wentOn).toBe(false)
  expect(way.pause()).not.toBeNull()
  await vi.advanceTimersByTimeAsync(60)
  expect(wentOn).toBe(true)
  expect(way.pause()).toBeNull()
})

test('what is kept is not written meanwhile', async () => {
  const way = new Way()
  const { blobs } = memoryStores()
  let kept = 0
  way.make()
  const onBytes = (count: number): void => void (kept += count)
  const options = { signal: new AbortController().signal, onBytes, pause: way.pause }
  const keeping = keepSource(blobs, 'one', new MemorySource(new Uint8Array(1000)), options)
  await vi.advanceTimersByTimeAsync(240)
  expect(kept).toBe(0)
  await vi.advanceTimersByTimeAsync(20)
  await keeping
  expect(kept).toBe(1000)
})
