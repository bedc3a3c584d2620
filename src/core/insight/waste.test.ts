/** The vectors of the field: what dive and our own metric say of small images. */
import { describe, expect, test } from 'vitest'
import { parseNotation } from '../../testkit/notation'
import { buildLayer } from '../../testkit/archive'
import { MemorySource } from '../bytes/source'
import { Notices } from '../fault/notice'
import { scanLayer } from '../layer/scan'
import { SourceInput } from '../tar/input'
import { Tree } from '../rootfs/tree'
import { applyLayer, unite } from '../rootfs/union'
import { diveScore } from './dive'
import { HiddenRows, wastedPaths, wasteOf } from './waste'

async function tablesOf(drawing: string) {
  const { layers } = parseNotation(`image t:1\n${drawing}`).images[0]
  return Promise.all(
    layers.map((layer) => scanLayer(new SourceInput(new MemorySource(buildLayer(layer))), new Notices())),
  )
}

const vectors: [string, string, number, number, number][] = [
  ['a file written twice', 'layer\n  f f 100 bytes\nlayer\n  f f 100 bytes', 0.5, 200, 100],
  ['a file deleted', 'layer\n  f f 100 bytes\nlayer\n  w f', 0, 100, 100],
  ['a directory deleted', 'layer\n  d d/\n  f d/f 100 bytes\nlayer\n  w d', 1, 0, 100],
  [
    'the same, the directory empty in an earlier layer',
    'layer\n  d d/\nlayer\n  d d/\n  f d/f 100 bytes\nlayer\n  w d',
    0.5,
    100,
    100,
  ],
  ['a directory made opaque', 'layer\n  d d/\n  f d/f 100 bytes\nlayer\n  o d/', 1, 0, 100],
  [
    'one path three times',
    'layer\n  f f 27 bytes\nlayer\n  f f 27 bytes\nlayer\n  f f 27 bytes',
    0.333,
    81,
    54,
  ],
  [
    'a chown of a big file',
    'layer\n  f f 100 bytes\nlayer\n  f g 900 bytes\nlayer\n  f 644 5:5 g 900 bytes',
    0.526,
    1800,
    900,
  ],
]

describe.each(vectors)('%s', (_, drawing, score, wasted, reclaimable) => {
  test('dive’s score, dive’s wasted bytes, and what could be reclaimed', async () => {
    const tables = await tablesOf(drawing)
    const dive = diveScore(tables)
    expect(dive.score).toBeCloseTo(score, 3)
    expect(dive.wastedBytes).toBe(wasted)
    expect(wasteOf(unite(tables), tables).reclaimable).toBe(reclaimable)
  })
})

test('a whiteout of an unknown path ends the layer for dive, and is nothing for us', async () => {
  const tables = await tablesOf('layer\n  f z 100 bytes\nlayer\n  w a\n  f z 100 bytes')
  expect(diveScore(tables)).toEqual({ score: 1, wastedBytes: 0 })
  expect(wasteOf(unite(tables), tables).reclaimable).toBe(100)
})

test('every path that is wasted, with its copies and the layer that hid each', async () => {
  const tables = await tablesOf(`layer
  f a 100 bytes
  d d/
  f d/x 30 bytes
  f d/y 20 bytes
layer
  f a 90 bytes
  f d/x 40 bytes
layer
  w a
  o d/
  f d/x 5 bytes
  h d/z => d/x`)
  const tree = new Tree()
  const hidden = new HiddenRows()
  tables.forEach((_, layer) => {
    applyLayer(tree, tables, layer)
    hidden.note(tree, layer)
  })
  expect(wastedPaths(tree, tables, hidden)).toEqual([
    {
      path: '/a',
      bytes: 190,
      copies: [
        { layer: 0, bytes: 100, hiddenBy: 1 },
        { layer: 1, bytes: 90, hiddenBy: 2 },
      ],
    },
    {
      path: '/d/x',
      bytes: 70,
      copies: [
        { layer: 0, bytes: 30, hiddenBy: 1 },
        { layer: 1, bytes: 40, hiddenBy: 2 },
      ],
    },
    { path: '/d/y', bytes: 20, copies: [{ layer: 0, bytes: 20, hiddenBy: 2 }] },
  ])
})
