/**
 * A tree of whole layers as plain columns, to be stored and taken up again without uniting anything. What comes back
 * was on a disk: it is looked through before it is believed, so that no loop over it can run astray. The index of
 * names is not stored: it is made anew, with another seed, when a path is first looked up often.
 */
import type { EntryTable } from '../layer/table'
import { TYPE } from '../tar/entry'
import { Touched, type TouchedColumns } from './touched'
import { ROOT, Tree, type TreeColumns } from './tree'

export interface StoredTree extends TreeColumns {
  readonly touched: TouchedColumns
}

/** The tree must have been sealed: its columns are handed on, not copied. */
export function storedTree(tree: Tree): StoredTree {
  const { parent, firstChild, nextSibling, nameEnd, names, layer, row, type, alive } = tree
  const apart = tree.inodeRow !== tree.row
  const { nodes, wasAlive, wasType, wasInodeLayer, wasInodeRow } = tree.touched
  return {
    parent,
    firstChild,
    nextSibling,
    nameEnd,
    names,
    layer,
    row,
    inodeLayer: apart ? tree.inodeLayer : null,
    inodeRow: apart ? tree.inodeRow : null,
    type,
    alive,
    touched: { nodes, wasAlive, wasType, wasInodeLayer, wasInodeRow },
  }
}

/** The tree of `tables`; null where what was stored is none, or of other tables. */
export function treeFrom(stored: unknown, tables: readonly EntryTable[]): Tree | null {
  if (!isShaped(stored) || !isSound(stored, tables)) return null
  return Tree.restored(stored, Touched.from(stored.touched))
}

/** Whether all columns are there, of their kinds and of one length. */
function isShaped(value: unknown): value is StoredTree {
  const tree = value as Partial<StoredTree> | null | undefined
  const length = tree?.parent?.length
  if (!tree || !length || !tree.touched || !(tree.names instanceof Uint8Array)) return false
  const { inodeLayer, inodeRow, touched } = tree
  const of = (column: unknown, kind: Kind, count: number): boolean =>
    column instanceof kind && column.length === count
  if ((inodeLayer === null) !== (inodeRow === null)) return false
  const count = touched.nodes?.length
  return (
    of(tree.parent, Int32Array, length) &&
    of(tree.firstChild, Int32Array, length) &&
    of(tree.nextSibling, Int32Array, length) &&
    of(tree.nameEnd, Uint32Array, length) &&
    of(tree.layer, Int16Array, length) &&
    of(tree.row, Int32Array, length) &&
    of(tree.type, Uint8Array, length) &&
    of(tree.alive, Uint8Array, length) &&
    (inodeLayer === null || (of(inodeLayer, Int16Array, length) && of(inodeRow, Int32Array, length))) &&
    of(touched.nodes, Int32Array, count) &&
    of(touched.wasAlive, Uint8Array, count) &&
    of(touched.wasType, Uint8Array, count) &&
    of(touched.wasInodeLayer, Int16Array, count) &&
    of(touched.wasInodeRow, Int32Array, count)
  )
}

type Kind = typeof Int32Array | typeof Uint32Array | typeof Int16Array | typeof Uint8Array

/** Whether every number leads somewhere: parents before children, siblings of one parent, rows that the tables have. */
function isSound(stored: StoredTree, tables: readonly EntryTable[]): boolean {
  const { parent, firstChild, nextSibling, nameEnd, names, layer, row, type, alive, touched } = stored
  const inodeLayer = stored.inodeLayer ?? layer
  const inodeRow = stored.inodeRow ?? row
  // By layer + 1: no layer has no row but -1.
  const rows = Int32Array.from([0, ...tables.map(({ length }) => length)])
  const isEntry = (layer: number, row: number): boolean =>
    layer >= -1 && layer + 1 < rows.length && row < rows[layer + 1] && (layer < 0 ? row === -1 : row >= 0)
  const { length } = parent
  if (parent[ROOT] !== -1 || nextSibling[ROOT] !== -1 || nameEnd[ROOT] !== 0) return false
  if (type[ROOT] !== TYPE.directory || alive[ROOT] !== 1 || names.length !== nameEnd[length - 1]) return false
  for (let node = 0; node < length; node++) {
    const child = firstChild[node]
    if (child !== -1 && !(child > node && child < length && parent[child] === node)) return false
    if (type[node] > TYPE.other || alive[node] > 1) return false
    if (!isEntry(layer[node], row[node])) return false
    if (inodeRow !== row && !isEntry(inodeLayer[node], inodeRow[node])) return false
    if (node === ROOT) continue
    const above = parent[node]
    const next = nextSibling[node]
    if (above < 0 || above >= node || nameEnd[node] < nameEnd[node - 1]) return false
    if (next !== -1 && !(next > 0 && next < node && parent[next] === above)) return false
  }
  const { nodes, wasType, wasInodeLayer, wasInodeRow } = touched
  for (let i = 0; i < nodes.length; i++)
    if (nodes[i] < 0 || nodes[i] >= length || wasType[i] > TYPE.other) return false
    else if (!isEntry(wasInodeLayer[i], wasInodeRow[i])) return false
  return true
}
