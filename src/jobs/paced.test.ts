/** Work at a pace: cheap work runs whenever it is asked for, dear work waits its turn and is never lost. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Paced } from './paced'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A job that takes `ms` of the clock, and how often it ran. */
function job(ms: number): { readonly paced: Paced; readonly runs: () => number } {
  let runs = 0
  const paced = new Paced(() => {
    runs++
    vi.setSystemTime(Date.now() + ms)
    vi.advanceTimersByTime(ms)
  }, 0.1)
  return { paced, runs: () => runs }
}

test('what costs nothing runs each time', () => {
  const { paced, runs } = job(0)
  for (let i = 0; i < 5; i++) paced.ask()
  expect(runs()).toBe(5)
})

test('what is dear runs at once, then in its turn, once for all that asked', () => {
  const { paced, runs } = job(20)
  for (let i = 0; i < 5; i++) paced.ask()
  expect(runs()).toBe(1)
  vi.advanceTimersByTime(150)
  expect(runs()).toBe(1)
  vi.advanceTimersByTime(100)
  expect(runs()).toBe(2)
  vi.advanceTimersByTime(1000)
  expect(runs()).toBe(2)
})

test('run goes before its turn and takes the place of what waits; stop lets it go', () => {
  const { paced, runs } = job(20)
  paced.ask()
  paced.ask()
  paced.run()
  vi.advanceTimersByTime(1000)
  expect(runs()).toBe(2)
  paced.ask()
  paced.ask()
  expect(runs()).toBe(3)
  paced.stop()
  vi.advanceTimersByTime(1000)
  expect(runs()).toBe(3)
})

test('with patience what is asked for at first waits, unless it is run', () => {
  let runs = 0
  const paced = new Paced(() => runs++, 0.1, 1000)
  paced.ask()
  vi.advanceTimersByTime(900)
  expect(runs).toBe(0)
  vi.advanceTimersByTime(200)
  expect(runs).toBe(1)
  const hasty = new Paced(() => runs++, 0.1, 1000)
  hasty.ask()
  hasty.run()
  vi.advanceTimersByTime(2000)
  expect(runs).toBe(2)
})
