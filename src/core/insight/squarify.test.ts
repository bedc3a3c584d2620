/** Squarified layouts: areas, places and shapes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { squarify, type Box } from './squarify'

const field: Box = { x: 10, y: 20, width: 600, height: 400 }

test('the example of the paper: 6 6 4 3 2 2 1 in a field of 6 by 4', () => {
  const boxes = squarify([6, 6, 4, 3, 2, 2, 1], { x: 0, y: 0, width: 6, height: 4 })
  const drawn = boxes.map(({ x, y, width, height }) => [x, y, width, height].map((n) => Number(n.toFixed(2))))
  expect(drawn).toEqual([
    [0, 0, 3, 2],
    [0, 2, 3, 2],
    [3, 0, 1.71, 2.33],
    [4.71, 0, 1.29, 2.33],
    [3, 2.33, 1.2, 1.67],
    [4.2, 2.33, 1.2, 1.67],
    [5.4, 2.33, 0.6, 1.67],
  ])
})

test('whatever the weights, areas are as they are, and no box leaves the field or covers another', () => {
  const weights = fc.array(fc.oneof(fc.nat(1_000_000), fc.constant(0)), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(weights, (unsorted) => {
      const sorted = [...unsorted].sort((a, b) => b - a)
      const total = sorted.reduce((sum, weight) => sum + weight, 0)
      const boxes = squarify(sorted, field)
      expect(boxes).toHaveLength(sorted.length)
      boxes.forEach((box, i) => {
        const due = total === 0 ? 0 : (sorted[i] / total) * field.width * field.height
        expect(box.width * box.height).toBeCloseTo(due, 3)
        expect(box.x).toBeGreaterThanOrEqual(field.x - 1e-6)
        expect(box.y).toBeGreaterThanOrEqual(field.y - 1e-6)
        expect(box.x + box.width).toBeLessThanOrEqual(field.x + field.width + 1e-6)
        expect(box.y + box.height).toBeLessThanOrEqual(field.y + field.height + 1e-6)
        for (const other of boxes.slice(i + 1)) expect(overlap(box, other)).toBeLessThan(1e-3)
      })
    }),
  )
})

test('a hundred weights that are alike become shapes that are never long', () => {
  for (const { width, height } of squarify(new Array<number>(100).fill(1), field))
    expect(Math.max(width / height, height / width)).toBeLessThan(3)
})

test('no weight, or no field, is no area', () => {
  expect(squarify([], field)).toEqual([])
  expect(squarify([0, 0], field).every(({ width, height }) => width * height === 0)).toBe(true)
  expect(squarify([1, 2], { ...field, width: 0 }).every(({ width }) => width === 0)).toBe(true)
})

function overlap(a: Box, b: Box): number {
  const wide = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)
  const high = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y)
  return Math.max(0, wide) * Math.max(0, high)
}
