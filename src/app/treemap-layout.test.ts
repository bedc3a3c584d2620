/** Tiles lie within the tile of their directory, below its name. */
import { expect, test } from 'vitest'
import type { Block } from '../../workers/api'
import { tilesOf } from './treemap-layout'

const block = (parent: number, name: string, bytes: number): Block => ({
  parent,
  path: `/${name}`,
  name,
  bytes,
  files: 1,
  rest: 0,
  directory: false,
  opened: false,
  layer: 0,
  change: 'same',
  kind: 'other',
})

const blocks = [
  block(-1, '', 100),
  block(0, 'usr', 75),
  block(0, 'etc', 25),
  block(1, 'a', 50),
  block(1, 'b', 25),
]

test('each within its directory, with its place among its siblings', () => {
  const tiles = tilesOf(blocks, 400, 300)
  expect(tiles.map(({ depth, position, siblings }) => [depth, position, siblings])).toEqual([
    [0, 1, 1],
    [1, 1, 2],
    [1, 2, 2],
    [2, 1, 2],
    [2, 2, 2],
  ])
  const usr = tiles[1].box
  for (const { box } of tiles.slice(3)) {
    expect(box.x).toBeGreaterThan(usr.x)
    expect(box.x + box.width).toBeLessThan(usr.x + usr.width)
    // The line above is for the directory's name.
    expect(box.y).toBeGreaterThanOrEqual(usr.y + 18)
    expect(box.y + box.height).toBeLessThan(usr.y + usr.height)
  }
})

test('without room there are tiles of nothing, and no names', () => {
  for (const { titled, box } of tilesOf(blocks, 0, 0))
    expect([titled, box.width * box.height]).toEqual([false, 0])
  expect(tilesOf([], 400, 300)).toEqual([])
})
