import { expect, test } from 'vitest'
import { onInput } from './at-work'

function event(name: string, timeStamp: number): Event {
  return Object.defineProperty(new Event(name), 'timeStamp', { value: timeStamp })
}

test('input is told at once, and ten times a second as long as it goes on', () => {
  const target = new EventTarget()
  let told = 0
  const stop = onInput(target, () => told++)
  target.dispatchEvent(event('wheel', 1000))
  expect(told).toBe(1)
  for (let at = 1010; at < 2000; at += 10) target.dispatchEvent(event(at % 20 ? 'scroll' : 'keydown', at))
  expect(told).toBe(10)
  target.dispatchEvent(event('pointermove', 5000))
  expect(told).toBe(10)
  stop()
  target.dispatchEvent(event('wheel', 6000))
  expect(told).toBe(10)
})
