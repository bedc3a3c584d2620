/** Layers united in an order of their own: each keeps its number, so that an entry is the same whatever stands below it. */
import type { EntryTable } from '../layer/table'
import { Tree } from '../rootfs/tree'
import { applyLayer } from '../rootfs/union'

/** `order`: numbers of layers, base first. */
export function unitedInOrder(tables: readonly EntryTable[], order: readonly number[]): Tree {
  const tree = new Tree()
  for (const layer of order) applyLayer(tree, tables, layer)
  return tree
}
