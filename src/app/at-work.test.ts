import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { onInput } from './at-work'

beforeEach(() => void vi.useFakeTimers({ now: 0 }))
afterEach(() => void vi.useRealTimers())

test('input is told at once, and ten times a second as long as it goes on', () => {
  const target = new EventTarget()
  let told = 0
  const stop = onInput(target, () => told++)
  target.dispatchEvent(new Event('wheel'))
  expect(told).toBe(1)
  for (let at = 10; at < 1000; at += 10) {
    vi.advanceTimersByTime(10)
    target.dispatchEvent(new Event(at % 20 ? 'scroll' : 'keydown'))
  }
  expect(told).toBe(10)
  vi.advanceTimersByTime(3000)
  target.dispatchEvent(new Event('pointermove'))
  expect(told).toBe(10)
  stop()
  target.dispatchEvent(new Event('wheel'))
  expect(told).toBe(10)
})
