import { expect, test } from 'vitest'
import type { Row } from '../../workers/api'
import { RowWindow } from './window'

const total = 1_000_000
const row = (index: number) => ({ path: `/file-${index}` }) as Row
const rowsFrom = (from: number, count: number) =>
  Array.from({ length: Math.min(count, total - from) }, (_, i) => row(from + i))

/** Asks until all of the range is there, as the page does; answers how many calls it took. */
function fill(window: RowWindow, from: number, to: number, version = 1): number {
  for (let calls = 0; ; calls++) {
    const ask = window.missing({ from, to }, version, total)
    if (!ask) return calls
    window.absorb({ version, rows: rowsFrom(ask.from, ask.count) }, ask.from, { from, to })
  }
}

test('a screen of rows comes with one call, the next screen with another, and scrolling back with none', () => {
  const window = new RowWindow()
  expect(fill(window, 0, 60)).toBe(1)
  expect(fill(window, 40, 100)).toBe(0)
  expect(fill(window, 90, 150)).toBe(1)
  expect(fill(window, 10, 70)).toBe(0)
  expect(window.rows.get(42)?.path).toBe('/file-42')
})

test('a walk through a million rows never holds more than a few hundred', () => {
  const window = new RowWindow()
  for (let from = 0; from < 100_000; from += 777) {
    fill(window, from, from + 60)
    expect(window.rows.size).toBeLessThanOrEqual(600)
    expect(window.rows.has(from)).toBe(true)
    expect(window.rows.has(from + 59)).toBe(true)
  }
})

test('the end of the tree is no reason to ask for ever', () => {
  const window = new RowWindow()
  fill(window, total - 20, total + 40)
  expect(window.rows.has(total - 1)).toBe(true)
  expect(window.missing({ from: 0, to: 60 }, 1, 0)).toBeNull()
})

test('rows of an older version stay on screen until newer ones replace them, and never come back', () => {
  const window = new RowWindow()
  fill(window, 0, 60, 1)
  expect(window.missing({ from: 0, to: 60 }, 2, total)).not.toBeNull()
  expect(window.rows.has(0)).toBe(true)
  window.absorb({ version: 2, rows: [row(500)] }, 0, { from: 0, to: 60 })
  expect(window.rows.size).toBe(1)
  window.absorb({ version: 1, rows: rowsFrom(0, 100) }, 0, { from: 0, to: 60 })
  expect(window.rows.size).toBe(1)
  expect(window.indexOf('/file-500')).toBe(0)
  expect(window.indexOf('/file-0')).toBe(-1)
})
