import { describe, expect, test } from 'vitest'
import type { Operation } from './operation'
import { laid, stacked, standing, UNTOUCHED, type Stack } from './stack'

const onto = { file: 'base.tar', diffIds: ['sha256:a', 'sha256:b'] }
const after = (...operations: readonly Operation[]): Stack =>
  operations.reduce((stack, operation) => stacked(stack, operation, 4), UNTOUCHED)

describe('layers of an image of four', () => {
  test('keep their numbers when one moves: places are counted from the base', () => {
    expect(laid(after({ op: 'move', layer: 3, to: 1 }), 4)).toEqual([0, 3, 1, 2])
    expect(laid(after({ op: 'move', layer: 3, to: 1 }, { op: 'move', layer: 0, to: 1 }), 4)).toEqual([
      3, 0, 1, 2,
    ])
  })

  test('that are dropped keep their place', () => {
    const stack = after({ op: 'drop', layer: 1 }, { op: 'move', layer: 2, to: 0 })
    expect(standing(stack, 4)).toEqual([2, 0, 1, 3])
    expect(laid(stack, 4)).toEqual([2, 0, 3])
  })

  test('of a new base have the numbers behind the image’s own, and stand below them', () => {
    expect(laid(after({ op: 'rebase', replace: 1, onto }), 4)).toEqual([4, 5, 1, 2, 3])
    expect(laid(after({ op: 'rebase', replace: 2, onto }, { op: 'move', layer: 3, to: 2 }), 4)).toEqual([
      4, 5, 3, 2,
    ])
  })

  test('are squashed by where they stand', () => {
    const stack = after({ op: 'move', layer: 3, to: 1 }, { op: 'squash', from: 3, to: 1 })
    expect(stack.ranges).toEqual([[3, 1]])
  })

  test.each<readonly [string, readonly Operation[], RegExp]>([
    ['to a place that is not there', [{ op: 'move', layer: 0, to: 4 }], /no place 4/],
    ['to where it is', [{ op: 'move', layer: 2, to: 2 }], /in place 2 already/],
    ['that is not there', [{ op: 'move', layer: 4, to: 0 }], /no layer 4/],
    [
      'into a range that becomes one',
      [
        { op: 'squash', from: 0, to: 2 },
        { op: 'move', layer: 3, to: 1 },
      ],
      /Layers 0 to 2 become one/,
    ],
    [
      'into the base that gave way',
      [
        { op: 'rebase', replace: 2, onto },
        { op: 'move', layer: 3, to: 1 },
      ],
      /Place 1 is in the base/,
    ],
    [
      'of the base that gave way',
      [
        { op: 'rebase', replace: 2, onto },
        { op: 'move', layer: 0, to: 3 },
      ],
      /Layer 0 is of the old base/,
    ],
  ])('a move of a layer %s is refused', (_, operations, words) => {
    expect(() => after(...operations)).toThrow(words)
  })

  test.each<readonly [string, readonly Operation[], RegExp]>([
    ['with all layers in the old base', [{ op: 'rebase', replace: 4, onto }], /at least one/],
    ['onto nothing', [{ op: 'rebase', replace: 1, onto: { file: 'x', diffIds: [] } }], /no layer/],
    [
      'twice',
      [
        { op: 'rebase', replace: 1, onto },
        { op: 'rebase', replace: 2, onto },
      ],
      /another base already/,
    ],
    [
      'of layers that are dropped',
      [
        { op: 'drop', layer: 0 },
        { op: 'rebase', replace: 1, onto },
      ],
      /Layer 0 of the old base is dropped/,
    ],
    [
      'of layers that were moved',
      [
        { op: 'move', layer: 3, to: 0 },
        { op: 'rebase', replace: 1, onto },
      ],
      /moved into the old base/,
    ],
    [
      'and then a drop of what gave way',
      [
        { op: 'rebase', replace: 1, onto },
        { op: 'drop', layer: 0 },
      ],
      /Layer 0 is of the old base/,
    ],
  ])('a rebase %s is refused', (_, operations, words) => {
    expect(() => after(...operations)).toThrow(words)
  })
})
