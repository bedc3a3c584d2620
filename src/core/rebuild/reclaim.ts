/** Rows that carry bytes nobody sees: overwritten, whited out, under a directory that went. Taken out of their layers, the image shows the same. */
import type { EntryTable } from '../layer/table'
import { Tree } from '../rootfs/tree'
import { applyLayer } from '../rootfs/union'
import { TYPE } from '../tar/entry'
import { textNode, type Survey } from './survey'

/** By table, 1 for each regular file or hard link that no path of the union leads to. `laid`: the layers that are there, base first. Directories and symbolic links carry nothing, and other rows may lie behind them. */
export function unseenRows(tables: readonly EntryTable[], laid: readonly number[]): Uint8Array[] {
  const tree = new Tree()
  for (const layer of laid) applyLayer(tree, tables, layer)
  const seen = tables.map(({ length }) => new Uint8Array(length))
  const see = (layer: number, row: number): void => {
    if (layer >= 0 && row >= 0) seen[layer][row] = 1
  }
  for (let node = 1; node < tree.length; node++)
    if (tree.alive[node] === 1) {
      see(tree.layer[node], tree.row[node])
      see(tree.inodeLayer[node], tree.inodeRow[node])
    }
  return tables.map((table, layer) =>
    Uint8Array.from({ length: table.length }, (_, row) =>
      seen[layer][row] === 0 && carries(table, row) ? 1 : 0,
    ),
  )
}

/**
 * Of those, the rows of `layer` that can go: none that is a marker, and none that hides a directory or link which stays:
 * below it in `tree` (the layers under it, as they will be), or listed under the same path by the layer itself.
 */
export function reclaimed(
  unseen: Uint8Array,
  survey: Survey,
  table: EntryTable,
  layer: number,
  tree: Tree,
): number[] {
  const { node, meant, markers } = survey.layers[layer]
  const isMarker = new Set(markers.map(({ row }) => row))
  /** Paths that the layer lists as something else too, and those whose last row is a file. */
  const stays = new Set<number>()
  const files = new Set<number>()
  for (let row = 0; row < table.length; row++)
    if (!carries(table, row)) stays.add(meant[row])
    else if (node[row] >= 0) files.add(node[row])
  const hides = (row: number): boolean => {
    if (meant[row] < 0 || stays.has(meant[row]) || !files.has(meant[row])) return true
    const below = textNode(tree, survey.tree.pathBytes(meant[row]))
    return below >= 0 && tree.alive[below] === 1 && tree.type[below] !== TYPE.file
  }
  const rows: number[] = []
  unseen.forEach((is, row) => {
    if (is === 1 && !isMarker.has(row) && !hides(row)) rows.push(row)
  })
  return rows
}

function carries({ type }: EntryTable, row: number): boolean {
  return type[row] === TYPE.file || type[row] === TYPE.hardlink
}
