import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { free, letGo, toReader } from './let-go'

beforeEach(() => void vi.stubGlobal('navigator', { userAgentData: {} }))
afterEach(() => void vi.unstubAllGlobals())

test('a piece of a stream is freed by its reader, and only once', () => {
  const piece = toReader(new Uint8Array(1000))
  letGo(piece)
  expect(piece.length).toBe(0)
  letGo(piece)
})

test('what somebody else may hold stays: other buffers, and pieces that share one', () => {
  const other = new Uint8Array(1000)
  letGo(other)
  expect(other.length).toBe(1000)
  const whole = new Uint8Array(1000)
  const first = toReader(whole.subarray(0, 500))
  letGo(first)
  free(whole.subarray(500))
  expect(whole.length).toBe(1000)
})

test('where it gains nothing, nothing is freed', () => {
  vi.stubGlobal('navigator', {})
  const piece = toReader(new Uint8Array(1000))
  letGo(piece)
  free(piece)
  expect(piece.length).toBe(1000)
})
