/** What a new layer will hold, before a byte of it is written: entries in order, and whiteouts. */
import { utf8 } from '../bytes/text'
import { ImageError } from '../fault/fault'
import type { Edited } from '../edit/apply'
import { entryOf, type Entry, type Sources } from '../rootfs/entry'
import { inodeKey } from '../rootfs/sums'
import { ROOT, type Tree } from '../rootfs/tree'
import { compareNames, walkTree } from '../rootfs/walk'
import { TYPE } from '../tar/entry'

export interface PlannedEntry {
  /** Relative, without a slash at either end; "." for the root. */
  readonly path: Uint8Array
  readonly entry: Entry
  /** Path of the first name of the same inode, where that stands earlier in this layer; else null. */
  readonly linkTo: Uint8Array | null
}

const WHITEOUT = utf8('.wh.')
const DOT = utf8('.')

/** Markers are empty files; containerd writes them with zero time too. */
const MARKER: Entry = {
  type: TYPE.file,
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  link: new Uint8Array(0),
  uname: '',
  gname: '',
  major: 0,
  minor: 0,
  pax: [],
  content: null,
}

/** All live paths of a tree as one layer: what FROM scratch would hold. */
export function* flattened(tree: Tree, sources: Sources): Iterable<PlannedEntry> {
  const names = new FirstNames(tree)
  if (tree.row[ROOT] >= 0) yield { path: DOT, entry: entryOf(tree, sources, ROOT), linkTo: null }
  const order: number[] = []
  walkTree(tree, ROOT, (node) => order.push(node))
  for (const node of order) yield planned(tree, sources, node, names)
}

/**
 * The change between the union and the edited tree as one layer, such that appliers that merge and engines that
 * overlay give the same tree (semantics: parents always with their attributes, one marker at the top of what is
 * gone, markers before siblings, no marker beside an entry of its name, no hard link across layers).
 */
export function* difference(edited: Edited): Iterable<PlannedEntry> {
  const { tree, sources } = edited
  const marked = markChanges(tree)
  const names = new FirstNames(tree)
  for (const node of inOrder(tree, marked)) {
    if (tree.alive[node] === 1)
      yield node === ROOT
        ? { path: DOT, entry: entryOf(tree, sources, ROOT), linkTo: null }
        : planned(tree, sources, node, names)
    else yield { path: markerPath(tree, node), entry: MARKER, linkTo: null }
  }
}

/** Whether the edits change any file at all. */
export function changesFiles(tree: Tree): boolean {
  return markChanges(tree).size > 0
}

function planned(tree: Tree, sources: Sources, node: number, names: FirstNames): PlannedEntry {
  if (tree.type[node] === TYPE.hardlink)
    throw new ImageError(
      'bad-operation',
      `${tree.path(node)} is a hard link to a file that is not there: no engine can make it. Remove it first.`,
      { path: tree.path(node) },
    )
  const path = tree.pathBytes(node)
  const first = tree.type[node] === TYPE.directory ? null : names.before(node)
  return { path, entry: entryOf(tree, sources, node), linkTo: first === null ? null : tree.pathBytes(first) }
}

function markerPath(tree: Tree, node: number): Uint8Array {
  const parent = tree.pathBytes(tree.parent[node])
  const name = tree.nameBytes(node)
  const path = new Uint8Array((parent.length > 0 ? parent.length + 1 : 0) + 4 + name.length)
  path.set(parent)
  if (parent.length > 0) path[parent.length] = 0x2f
  path.set(WHITEOUT, path.length - name.length - 4)
  path.set(name, path.length - name.length)
  return path
}

/** Gives each inode its first name in the order of writing. */
class FirstNames {
  readonly #tree: Tree
  /** Only inodes with more than one name: others need no bookkeeping. */
  readonly #shared: ReadonlySet<number>
  readonly #first = new Map<number, number>()
  constructor(tree: Tree) {
    this.#tree = tree
    this.#shared = sharedInodes(tree)
  }
  /** The name already written for the inode of `node`, or null: then `node` is the first. */
  before(node: number): number | null {
    const key = inodeKey(this.#tree, node)
    if (!this.#shared.has(key)) return null
    const first = this.#first.get(key)
    if (first !== undefined) return first
    this.#first.set(key, node)
    return null
  }
}

function sharedInodes(tree: Tree): Set<number> {
  // Only a name whose entry is a hard link, or a moved one, can share; so most nodes are looked at once and left.
  const candidates = new Set<number>()
  for (let node = 1; node < tree.length; node++)
    if (
      tree.alive[node] === 1 &&
      (tree.inodeRow[node] !== tree.row[node] || tree.inodeLayer[node] !== tree.layer[node])
    )
      candidates.add(inodeKey(tree, node))
  return candidates
}

/** Nodes that the layer must speak of: changed ones, gone ones, and the live parents of all these. */
function markChanges(tree: Tree): Set<number> {
  const marked = new Set<number>()
  const inodes = new Set<number>()
  const { nodes, wasAlive, wasType, wasInodeLayer, wasInodeRow } = tree.touched
  nodes.forEach((node, i) => {
    if (tree.alive[node] === 0) {
      const top = tree.alive[tree.parent[node]] === 1 && tree.type[tree.parent[node]] === TYPE.directory
      if (wasAlive[i] && top) mark(tree, marked, node)
      return
    }
    const same =
      wasAlive[i] &&
      wasType[i] === tree.type[node] &&
      wasInodeLayer[i] === tree.inodeLayer[node] &&
      wasInodeRow[i] === tree.inodeRow[node]
    if (same) return
    mark(tree, marked, node)
    inodes.add(inodeKey(tree, node))
  })
  // A hard link cannot reach into a lower layer, so all names of such an inode are written again.
  const shared = sharedInodes(tree)
  const again = [...inodes].filter((key) => shared.has(key))
  if (again.length > 0) {
    const keys = new Set(again)
    for (let node = 1; node < tree.length; node++)
      if (tree.alive[node] === 1 && tree.type[node] !== TYPE.directory && keys.has(inodeKey(tree, node)))
        mark(tree, marked, node)
  }
  return marked
}

function mark(tree: Tree, marked: Set<number>, node: number): void {
  marked.add(node)
  for (let at = tree.parent[node]; at > ROOT && !marked.has(at); at = tree.parent[at]) marked.add(at)
}

/** Parents first; in a directory markers first, then by name. */
function inOrder(tree: Tree, marked: ReadonlySet<number>): number[] {
  const children = new Map<number, number[]>()
  for (const node of marked) {
    if (node === ROOT) continue
    const parent = tree.parent[node]
    const list = children.get(parent)
    if (list) list.push(node)
    else children.set(parent, [node])
  }
  const order: number[] = marked.has(ROOT) ? [ROOT] : []
  const stack = sorted(tree, children.get(ROOT) ?? [])
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    order.push(node)
    if (tree.alive[node] === 1) stack.push(...sorted(tree, children.get(node) ?? []))
  }
  return order
}

/** Last first, for a stack. */
function sorted(tree: Tree, nodes: number[]): number[] {
  return nodes.sort((a, b) => tree.alive[b] - tree.alive[a] || compareNames(tree, b, a))
}
