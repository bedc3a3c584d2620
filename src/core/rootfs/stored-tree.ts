/**
 * A tree of whole layers as plain columns, to be stored and taken up again without uniting anything. What comes back
 * was on a disk: it is looked through before it is believed, so that no loop over it can run astray. The index of
 * names is not stored: it is made anew, with another seed, when a path is first looked up often.
 */
import type { Strings } from '../layer/strings'
import type { EntryTable } from '../layer/table'
import { TYPE } from '../tar/entry'
import { Touched, type TouchedColumns } from './touched'
import { ROOT, Tree, type TreeColumns } from './tree'

export interface StoredTree extends TreeColumns {
  readonly touched: TouchedColumns
}

/** The tree must have been sealed: its columns are handed on, not copied. */
export function storedTree(tree: Tree): StoredTree {
  const { parent, layer, row, type, alive } = tree
  const names = tree.names.kept
  const children = tree.packedChildren
  if (!names || !children) throw new Error('A tree is sealed before it is stored.')
  const apart = tree.inodeRow !== tree.row
  const { nodes, wasAlive, wasType, wasInodeLayer, wasInodeRow } = tree.touched
  return {
    parent,
    layer,
    row,
    inodeLayer: apart ? tree.inodeLayer : null,
    inodeRow: apart ? tree.inodeRow : null,
    type,
    alive,
    names,
    children,
    touched: { nodes, wasAlive, wasType, wasInodeLayer, wasInodeRow },
  }
}

/** The tree of `tables`; null where what was stored is none, or of other tables. */
export function treeFrom(stored: unknown, tables: readonly EntryTable[]): Tree | null {
  if (!isShaped(stored) || !isSound(stored, tables) || !areNamed(stored, tables)) return null
  return Tree.restored(stored, Touched.from(stored.touched), tables)
}

/** Whether all columns are there, of their kinds and of one length. */
function isShaped(value: unknown): value is StoredTree {
  const tree = value as Partial<StoredTree> | null | undefined
  const length = tree?.parent?.length
  if (!tree || !length || !tree.touched || !tree.names?.strings || !tree.children) return false
  const { inodeLayer, inodeRow, touched, names, children } = tree
  const of = (column: unknown, kind: Kind, count: number | undefined): boolean =>
    column instanceof kind && column.length === count
  const layers = tree.layer instanceof Int8Array ? Int8Array : Int16Array
  if ((inodeLayer === null) !== (inodeRow === null)) return false
  const count = touched.nodes?.length
  return (
    of(tree.parent, Int32Array, length) &&
    of(tree.layer, layers, length) &&
    of(tree.row, Int32Array, length) &&
    of(tree.type, Uint8Array, length) &&
    of(tree.alive, Uint8Array, length) &&
    (inodeLayer === null || (of(inodeLayer, layers, length) && of(inodeRow, Int32Array, length))) &&
    of(names.nodes, Int32Array, names.strings.end?.length) &&
    of(names.strings.end, Uint32Array, names.nodes.length) &&
    names.strings.bytes instanceof Uint8Array &&
    [children.parents, children.first, children.gaps, children.next].every(
      (one) => one instanceof Int32Array,
    ) &&
    of(touched.nodes, Int32Array, count) &&
    of(touched.wasAlive, Uint8Array, count) &&
    of(touched.wasType, Uint8Array, count) &&
    of(touched.wasInodeLayer, Int16Array, count) &&
    of(touched.wasInodeRow, Int32Array, count)
  )
}

type Kind = typeof Int32Array | typeof Uint32Array | typeof Int16Array | typeof Int8Array | typeof Uint8Array

/** Whether every number leads somewhere: parents before children, rows that the tables have. */
function isSound(stored: StoredTree, tables: readonly EntryTable[]): boolean {
  const { parent, layer, row, type, alive, touched } = stored
  const inodeLayer = stored.inodeLayer ?? layer
  const inodeRow = stored.inodeRow ?? row
  // By layer + 1: no layer has no row but -1.
  const rows = Int32Array.from([0, ...tables.map(({ length }) => length)])
  const isEntry = (layer: number, row: number): boolean =>
    layer >= -1 && layer + 1 < rows.length && row < rows[layer + 1] && (layer < 0 ? row === -1 : row >= 0)
  const { length } = parent
  if (parent[ROOT] !== -1 || type[ROOT] !== TYPE.directory || alive[ROOT] !== 1) return false
  for (let node = 0; node < length; node++) {
    if (type[node] > TYPE.other || alive[node] > 1) return false
    if (!isEntry(layer[node], row[node])) return false
    if (inodeRow !== row && !isEntry(inodeLayer[node], inodeRow[node])) return false
    if (node !== ROOT && (parent[node] < 0 || parent[node] >= node)) return false
  }
  const { nodes, wasType, wasInodeLayer, wasInodeRow } = touched
  for (let i = 0; i < nodes.length; i++)
    if (nodes[i] < 0 || nodes[i] >= length || wasType[i] > TYPE.other) return false
    else if (!isEntry(wasInodeLayer[i], wasInodeRow[i])) return false
  return true
}

/** Whether each node has a name, kept or by its row, and all names have their bytes. */
function areNamed({ parent, row, names }: StoredTree, tables: readonly EntryTable[]): boolean {
  const { nodes, strings } = names
  let kept = 0
  for (let node = 0; node < parent.length; node++)
    if (node === nodes[kept]) kept++
    else if (row[node] < 0) return false
  if (kept !== nodes.length || nodes[0] !== ROOT || strings.end[0] !== 0) return false
  return areStrings(strings, nodes.length) && tables.every(({ names, length }) => areStrings(names, length))
}

function areStrings({ bytes, end }: Strings, count: number): boolean {
  let start = 0
  for (let i = 0; i < end.length; i++) {
    if (end[i] < start) return false
    start = end[i]
  }
  return end.length === count && start === bytes.length
}
