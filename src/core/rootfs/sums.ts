/** What a tree adds up to. */
import { TYPE } from '../tar/entry'
import { parentsOf } from './parents'
import { ROOT, type Tree } from './tree'

/** Size in bytes of the inode behind a node; 0 for all but regular files. */
export type SizeOf = (tree: Tree, node: number) => number

/** Of a tree as it was when they were made. */
export interface Sums {
  /** Bytes of regular files at and below a node, hard-linked data once; 0 for a node that does not live. */
  bytes(node: number): number
  /** Live paths below a node, itself not counted. */
  below(node: number): number
  /** Whether any inode has more than one name. */
  readonly linked: boolean
  readonly columns: SumColumns
}

/** By number of a parent. */
export interface SumColumns {
  readonly bytes: Float64Array
  /** Live paths below it, and those of them that are its own children. */
  readonly below: Uint32Array
  readonly children: Uint32Array
  /** Live directories below the root. */
  readonly directories: number
}

/** Of trees that were stored with their sums: by a column that no tree shares with another one than its unchanged copies. */
const stored = new WeakMap<Uint8Array, SumColumns>()

/** Says what a sealed tree adds up to; nothing is believed that has not a place for each parent. */
export function restoreSums(tree: Tree, columns: SumColumns): void {
  const { count } = parentsOf(tree)
  const { bytes, below, children } = columns
  if (!(bytes instanceof Float64Array && below instanceof Uint32Array && children instanceof Uint32Array))
    return
  if (bytes.length !== count || below.length !== count || children.length !== count) return
  if (Number.isInteger(columns.directories)) stored.set(tree.alive, columns)
}

/** Sums over all live nodes, or those of them that `counts` names; bottom up: parents stand before their children. */
export function sumsOf(
  tree: Tree,
  sizeOf: SizeOf,
  counts?: (node: number) => boolean,
  parents = parentsOf(tree),
): Sums {
  const others = furtherNames(tree)
  const { alive, type, parent } = tree
  const own = (node: number): number =>
    alive[node] === 1 && type[node] === TYPE.file && !others.has(node) && (!counts || counts(node))
      ? sizeOf(tree, node)
      : 0
  const added = (): SumColumns => {
    const bytes = new Float64Array(parents.count)
    const below = new Uint32Array(parents.count)
    const children = new Uint32Array(parents.count)
    let directories = 0
    // Siblings mostly stand together.
    let above = -1
    let sum = -1
    for (let node = tree.length - 1; node > ROOT; node--) {
      if (alive[node] === 0) continue
      if (parent[node] !== above) sum = parents.of((above = parent[node]))
      const at = parents.of(node)
      bytes[sum] += own(node)
      if (at >= 0) {
        bytes[sum] += bytes[at]
        below[sum] += below[at]
      }
      if (counts && !counts(node)) continue
      below[sum]++
      children[sum]++
      if (type[node] === TYPE.directory) directories++
    }
    return { bytes, below, children, directories }
  }
  const columns = (counts ? undefined : stored.get(alive)) ?? added()
  return {
    bytes: (node) => {
      const at = parents.of(node)
      return own(node) + (at < 0 ? 0 : columns.bytes[at])
    },
    below: (node) => {
      const at = parents.of(node)
      return at < 0 ? 0 : columns.below[at]
    },
    linked: others.size > 0,
    columns,
  }
}

/** Nodes that are a second, third, … name of an inode: all names but one. */
export function furtherNames(tree: Tree): ReadonlySet<number> {
  const further = new Set<number>()
  if (tree.inodeRow === tree.row) return further // No node is a hard link.
  const first = new Map<number, number>()
  for (let node = 1; node < tree.length; node++) {
    if (tree.alive[node] === 0 || !isLinkName(tree, node)) continue
    const key = inodeKey(tree, node)
    if (first.has(key)) further.add(node)
    else first.set(key, node)
  }
  if (first.size === 0) return further
  // The name that came with the data, where it is still there, is the one that counts.
  for (let node = 1; node < tree.length; node++) {
    if (tree.alive[node] === 0 || isLinkName(tree, node)) continue
    const linked = first.get(inodeKey(tree, node))
    if (linked !== undefined) further.add(linked)
  }
  return further
}

/** Whether the node's entry is a hard link: its inode came with another entry. */
export function isLinkName(tree: Tree, node: number): boolean {
  return tree.inodeRow[node] !== tree.row[node] || tree.inodeLayer[node] !== tree.layer[node]
}

/** One number an inode: rows are below 2^31, layers below 2^15. */
export function inodeKey(tree: Tree, node: number): number {
  return tree.inodeLayer[node] * 0x80000000 + tree.inodeRow[node]
}

export interface TypeCounts {
  files: number
  directories: number
  symlinks: number
  /** Names whose entry is a hard link; the first name of an inode counts as what it is. */
  hardlinks: number
  devices: number
  fifos: number
  bytes: number
}

export function typeCounts(tree: Tree, sizeOf: SizeOf): TypeCounts {
  const counts: TypeCounts = {
    files: 0,
    directories: 0,
    symlinks: 0,
    hardlinks: 0,
    devices: 0,
    fifos: 0,
    bytes: 0,
  }
  const others = furtherNames(tree)
  for (let node = 1; node < tree.length; node++) {
    if (tree.alive[node] === 0) continue
    const type = tree.type[node]
    if (type === TYPE.file && !others.has(node)) counts.bytes += sizeOf(tree, node)
    if (isLinkName(tree, node) && type !== TYPE.directory) counts.hardlinks++
    else if (type === TYPE.file) counts.files++
    else if (type === TYPE.directory) counts.directories++
    else if (type === TYPE.symlink) counts.symlinks++
    else if (type === TYPE.char || type === TYPE.block) counts.devices++
    else if (type === TYPE.fifo) counts.fifos++
  }
  return counts
}
