/** What scrubbing would take out of each layer: listed before anything is done. */
import { bytesOfName } from '../bytes/text'
import { pathBytesOf, sizeOf } from '../layer/rows'
import type { EntryTable } from '../layer/table'
import { ROOT } from '../rootfs/tree'
import { absolute } from '../rootfs/union'
import { namesIn } from '../rootfs/walk'
import { TYPE } from '../tar/entry'
import { belowAny, isListedBelow, surveyOf, textNode, type Survey } from './survey'

export interface Copy {
  readonly layer: number
  readonly row: number
  /** As the layer's own entry is called, absolute. */
  readonly path: string
  readonly what: 'entry' | 'whiteout'
  /** Bytes of a regular file; those of a hard link stand with its first name. */
  readonly bytes: number
  /** Further names of the same file in this layer, which keep the contents: absolute. */
  readonly alsoAt: readonly string[]
}

/** Every row at or below one of `paths`, base first; of the layers in `order`, where not all are laid as they are numbered. */
export function copiesOf(
  tables: readonly EntryTable[],
  paths: readonly string[],
  order?: readonly number[],
): Copy[] {
  const survey = surveyOf(tables, paths, order)
  const tops = new Set(survey.asked.flatMap((nodes) => [...nodes]))
  return copiesBelow(tables, survey, belowAny(survey.tree, tops))
}

/**
 * The same, with no link followed on the way to a path: after a scrub a link that it uncovered may lead from there to
 * what nobody asked for.
 */
export function copiesAt(tables: readonly EntryTable[], paths: readonly string[]): Copy[] {
  const survey = surveyOf(tables)
  const tops = paths.map((path) => textNode(survey.tree, bytesOfName(path))).filter((node) => node > ROOT)
  return copiesBelow(tables, survey, belowAny(survey.tree, new Set(tops)))
}

/** Rows at or below marked nodes. */
export function copiesBelow(tables: readonly EntryTable[], survey: Survey, below: Uint8Array): Copy[] {
  return survey.order.flatMap((layer) => {
    const table = tables[layer]
    const further = furtherNames(survey, layer, below)
    return rowsBelow(table, survey, layer, below).map((row): Copy => ({
      layer,
      row,
      path: absolute(pathBytesOf(table, row)),
      what: survey.layers[layer].markers.some((marker) => marker.row === row) ? 'whiteout' : 'entry',
      bytes: table.type[row] === TYPE.file ? sizeOf(table, row) : 0,
      alsoAt: further.get(row) ?? [],
    }))
  })
}

/** Rows of one layer that mean a marked node, in order; markers of marked nodes among them. */
export function rowsBelow(
  table: EntryTable,
  { tree, layers }: Survey,
  layer: number,
  below: Uint8Array,
): number[] {
  const { meant, markers } = layers[layer]
  const isMarker = new Set(markers.map(({ row }) => row))
  const rows: number[] = []
  for (let row = 0; row < table.length; row++) {
    if (isMarker.has(row)) continue
    const isBelow =
      meant[row] >= 0 ? below[meant[row]] === 1 : isListedBelow(tree, pathBytesOf(table, row), below)
    if (isBelow) rows.push(row)
  }
  for (const { row, marker, parent, name } of markers) {
    if (isListedBelow(tree, takenAway(pathBytesOf(table, row)), below)) rows.push(row)
    if (parent < 0 || rows.at(-1) === row) continue
    const child = marker === 'whiteout' ? tree.child(parent, name, 0, name.length) : parent
    if (below[parent] === 1 || (child >= 0 && below[child] === 1)) rows.push(row)
  }
  return rows.sort((a, b) => a - b)
}

/** The path that a marker is spelt for: "a/x" for "a/.wh.x"; for others it does not matter what stands behind the directory. */
function takenAway(path: Uint8Array): Uint8Array {
  const from = namesIn(path).at(-2) ?? 0
  const out = path.slice(0, path.length - 4)
  out.set(path.subarray(from + 4), from)
  return out
}

/** Names outside of what is marked, by the row whose contents they share. */
function furtherNames({ tree, layers }: Survey, layer: number, below: Uint8Array): Map<number, string[]> {
  const { node, inodes } = layers[layer]
  const names = new Map<number, string[]>()
  for (const [row, inode] of inodes)
    if (below[node[row]] === 0) names.set(inode, [...(names.get(inode) ?? []), tree.path(node[row])])
  return names
}
