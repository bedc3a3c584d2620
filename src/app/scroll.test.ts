import { expect, test } from 'vitest'
import { positionCentring, positionOf, positionShowing, scaleOf, scrollTopOf } from './scroll'

test('a tree of ordinary length scrolls one to one', () => {
  const scale = scaleOf(1000, 24, 600)
  expect(scale).toMatchObject({ height: 24_000, clamped: false, lastTop: 23_400 })
  expect(positionOf(1234, scale)).toBe(1234)
  expect(scrollTopOf(1234, scale)).toBe(1234)
  expect(scrollTopOf(99_999, scale)).toBe(23_400)
})

test('a million rows fit under a height that every browser draws, both ends reachable', () => {
  const scale = scaleOf(1_000_000, 24, 600)
  expect(scale.height).toBe(8_000_000)
  expect(positionOf(0, scale)).toBe(0)
  expect(positionOf(scale.lastTop, scale)).toBe(scale.lastPosition)
  for (const position of [0, 24, 12_345_678, scale.lastPosition])
    expect(positionOf(scrollTopOf(position, scale), scale)).toBeCloseTo(position, 3)
})

test('a row that is jumped to stands in the middle, unless it is in sight already', () => {
  expect(positionCentring(10, 0, 24, 600)).toBe(0)
  expect(positionCentring(100, 0, 24, 600)).toBe(2400 - 288)
  expect(positionCentring(3, 2400, 24, 600)).toBe(0)
})

test('a row comes into sight with the least movement', () => {
  expect(positionShowing(10, 0, 24, 600)).toBe(0)
  expect(positionShowing(30, 0, 24, 600)).toBe(144)
  expect(positionShowing(3, 240, 24, 600)).toBe(72)
})
