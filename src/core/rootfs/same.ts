/** Whether two trees show the same root filesystem: the proof that a rebuilt image is the one that was on screen. */
import { sameBytes } from '../bytes/text'
import { xattrsIn } from '../layer/rows'
import { entryOf, type Entry, type Sources } from './entry'
import { inodeKey } from './sums'
import { ROOT, type Tree } from './tree'
import { TYPE } from '../tar/entry'

export interface Side {
  readonly tree: Tree
  readonly sources: Sources
}

/** Whether two times count as one: what is written may have been clamped to an epoch. */
export type SameTime = (a: number, b: number) => boolean

/** The first path in which they differ, with what differs; null where they are the same. Contents are compared by size only; their bytes are the digests' business. */
export function firstDifference(
  a: Side,
  b: Side,
  sameTime: SameTime = (x, y) => x === y,
): { path: string; what: string } | null {
  const stack: [number, number][] = [[ROOT, ROOT]]
  const inodes = new Map<number, number>()
  for (let pair = stack.pop(); pair; pair = stack.pop()) {
    const [x, y] = pair
    const what =
      x === ROOT
        ? null
        : (entryDifference(entryOf(a.tree, a.sources, x), entryOf(b.tree, b.sources, y), sameTime) ??
          linkDifference(a.tree, x, b.tree, y, inodes))
    if (what) return { path: a.tree.path(x), what }
    for (let child = a.tree.firstChild[x]; child >= 0; child = a.tree.nextSibling[child]) {
      if (a.tree.alive[child] === 0) continue
      const name = a.tree.nameBytes(child)
      const twin = b.tree.liveChild(y, name, 0, name.length)
      if (twin < 0) return { path: a.tree.path(child), what: 'it is missing' }
      stack.push([child, twin])
    }
    for (let child = b.tree.firstChild[y]; child >= 0; child = b.tree.nextSibling[child]) {
      if (b.tree.alive[child] === 0) continue
      const name = b.tree.nameBytes(child)
      if (a.tree.liveChild(x, name, 0, name.length) < 0)
        return { path: b.tree.path(child), what: 'it should not be there' }
    }
  }
  return null
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

/** Names that share an inode on one side must share one on the other. */
function linkDifference(a: Tree, x: number, b: Tree, y: number, inodes: Map<number, number>): string | null {
  if (a.type[x] === TYPE.directory) return null
  const [p, q] = [inodeKey(a, x), inodeKey(b, y)]
  const known = inodes.get(p)
  if (known === undefined) inodes.set(p, q)
  return known === undefined || known === q ? null : 'its hard links'
}
