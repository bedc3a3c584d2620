/** Where the blocks of a treemap lie: each within its directory's, which keeps a line for its name where there is room. */
import type { Block } from '../../workers/api'
import { squarify, type Box } from '../core/insight/squarify'

export interface Tile {
  readonly box: Box
  readonly depth: number
  /** 1-based place among its siblings, and how many there are. */
  readonly position: number
  readonly siblings: number
  /** Whether there is room for its name. */
  readonly titled: boolean
}

const line = 18
const frame = 2

/** A tile for each block; the first is the whole field. */
export function tilesOf(blocks: readonly Block[], width: number, height: number): Tile[] {
  const children = blocks.map((): number[] => [])
  blocks.forEach(({ parent }, index) => parent >= 0 && children[parent].push(index))
  const tiles: Tile[] = []
  if (blocks.length > 0) tiles.push(tileOf({ x: 0, y: 0, width, height }, 0, 1, 1))
  blocks.forEach((_, index) => {
    const boxes = squarify(
      children[index].map((child) => blocks[child].bytes),
      index === 0 ? tiles[0].box : inside(tiles[index]),
    )
    children[index].forEach((child, at) => {
      tiles[child] = tileOf(boxes[at], tiles[index].depth + 1, at + 1, children[index].length)
    })
  })
  return tiles
}

function tileOf(box: Box, depth: number, position: number, siblings: number): Tile {
  return { box, depth, position, siblings, titled: box.width > 44 && box.height > line - frame }
}

function inside({ box, titled }: Tile): Box {
  const top = titled && box.height > 2 * line ? line : frame
  return {
    x: box.x + frame,
    y: box.y + top,
    width: Math.max(0, box.width - 2 * frame),
    height: Math.max(0, box.height - top - frame),
  }
}
