/** Whether two trees show the same root filesystem: the proof that a rebuilt image is the one that was on screen. */
import { sameBytes } from '../bytes/text'
import { xattrsIn } from '../layer/rows'
import { entryOf, type Entry, type Sources } from './entry'
import { NodeName } from './node-name'
import { inodeKey, isLinkName } from './sums'
import { ROOT, type Tree } from './tree'
import { TYPE } from '../tar/entry'

export interface Side {
  readonly tree: Tree
  readonly sources: Sources
}

/** Whether two times count as one: what is written may have been clamped to an epoch. */
export type SameTime = (a: number, b: number) => boolean

/**
 * The first path in which they differ, with what differs; null where they are the same. Contents are compared by size only;
 * their bytes are the digests' business. `sameTime` holds for a time and itself.
 */
export function firstDifference(
  a: Side,
  b: Side,
  sameTime: SameTime = (x, y) => x === y,
): { path: string; what: string } | null {
  /** Nodes that are to be compared: one of each tree in turn. */
  const pairs: number[] = [ROOT, ROOT]
  const links = new LinkPairs(a.tree, b.tree)
  while (pairs.length > 0) {
    const y = pairs.pop()!
    const x = pairs.pop()!
    const what =
      x === ROOT || isSameRow(a, x, b, y)
        ? null
        : entryDifference(entryOf(a.tree, a.sources, x), entryOf(b.tree, b.sources, y), sameTime)
    if (what ?? links.differ(x, y)) return { path: a.tree.path(x), what: what ?? 'its hard links' }
    const found = pairChildren(a.tree, x, b.tree, y, pairs)
    if (found) return found
  }
  return null
}

/** Both came from one row of one table: of layers that stay as they are, all do, and a million entries need not be made objects of. */
function isSameRow(a: Side, x: number, b: Side, y: number): boolean {
  const row = a.tree.inodeRow[x]
  if (row !== b.tree.inodeRow[y] || a.tree.type[x] !== b.tree.type[y]) return false
  const table = a.sources.tables[a.tree.inodeLayer[x]]
  return row >= 0 && table !== undefined && table === b.sources.tables[b.tree.inodeLayer[y]]
}

/** Puts the live children of `x` and `y` onto `pairs`, by name; where one has no twin, says so. */
function pairChildren(
  a: Tree,
  x: number,
  b: Tree,
  y: number,
  pairs: number[],
): { path: string; what: string } | null {
  let paired = 0
  const name = new NodeName(a.names)
  // Where both trees were made of the same layers, their children stand in the same order.
  let next = liveFrom(b, b.firstChild(y))
  for (let child = liveFrom(a, a.firstChild(x)); child >= 0; child = liveFrom(a, a.nextSibling(child))) {
    name.at(child)
    const isNext = next >= 0 && b.names.is(next, name.bytes, name.from, name.to)
    const twin = isNext ? next : twinOf(name, b, y)
    if (twin < 0) return { path: a.path(child), what: 'it is missing' }
    pairs.push(child, twin)
    paired++
    next = liveFrom(b, b.nextSibling(twin))
  }
  let there = 0
  for (let child = liveFrom(b, b.firstChild(y)); child >= 0; child = liveFrom(b, b.nextSibling(child)))
    there++
  if (there === paired) return null
  const other = new NodeName(b.names)
  for (let child = liveFrom(b, b.firstChild(y)); child >= 0; child = liveFrom(b, b.nextSibling(child))) {
    other.at(child)
    if (twinOf(other, a, x) < 0) return { path: b.path(child), what: 'it should not be there' }
  }
  return null
}

/** The node itself or the first of its further siblings that lives; -1 for none. */
function liveFrom(tree: Tree, node: number): number {
  while (node >= 0 && tree.alive[node] === 0) node = tree.nextSibling(node)
  return node
}

function twinOf(name: NodeName, b: Tree, parent: number): number {
  return b.liveChild(parent, name.bytes, name.from, name.to)
}

/** Names that share an inode in one tree must share one in the other. */
class LinkPairs {
  readonly #a: Tree
  readonly #b: Tree
  /** Inodes that have a hard link for a name, of either tree: all others have one name, and nothing to compare. */
  readonly #linkedA: ReadonlySet<number>
  readonly #linkedB: ReadonlySet<number>
  readonly #there = new Map<number, number>()
  readonly #back = new Map<number, number>()

  constructor(a: Tree, b: Tree) {
    this.#a = a
    this.#b = b
    this.#linkedA = linkedInodes(a)
    this.#linkedB = linkedInodes(b)
  }

  differ(x: number, y: number): boolean {
    if (this.#linkedA.size + this.#linkedB.size === 0 || this.#a.type[x] === TYPE.directory) return false
    const p = inodeKey(this.#a, x)
    const q = inodeKey(this.#b, y)
    if (!this.#linkedA.has(p) && !this.#linkedB.has(q)) return false
    const [there, back] = [this.#there.get(p) ?? q, this.#back.get(q) ?? p]
    this.#there.set(p, there)
    this.#back.set(q, back)
    return there !== q || back !== p
  }
}

function linkedInodes(tree: Tree): ReadonlySet<number> {
  const linked = new Set<number>()
  if (tree.inodeRow === tree.row) return linked // No node is a hard link.
  for (let node = 1; node < tree.length; node++)
    if (tree.alive[node] === 1 && isLinkName(tree, node)) linked.add(inodeKey(tree, node))
  return linked
}

/** What differs between two inodes; contents are compared by size only. */
export function entryDifference(a: Entry, b: Entry, sameTime: SameTime): string | null {
  if (a.type !== b.type) return 'its type'
  if (a.type === TYPE.symlink) return sameBytes(a.link, b.link) ? null : 'its target'
  if (a.mode !== b.mode) return `its mode (${a.mode.toString(8)}, ${b.mode.toString(8)})`
  if (a.uid !== b.uid || a.gid !== b.gid) return 'its owner'
  if (a.type === TYPE.file && a.size !== b.size) return `its size (${a.size}, ${b.size})`
  if (!sameTime(a.mtime, b.mtime)) return `its time (${a.mtime}, ${b.mtime})`
  if (a.major !== b.major || a.minor !== b.minor) return 'its device numbers'
  const [p, q] = [xattrsIn(a.pax), xattrsIn(b.pax)]
  if (p.size !== q.size) return 'its extended attributes'
  for (const [name, value] of p)
    if (!q.has(name) || !sameBytes(value, q.get(name)!)) return `its extended attribute ${name}`
  return null
}
