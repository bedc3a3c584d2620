/** Whole subtrees moved, copied, and brought back from an earlier layer. */
import { bytesOfName } from '../bytes/text'
import { ImageError } from '../fault/fault'
import type { EntryTable } from '../layer/table'
import { entryOf } from '../rootfs/entry'
import { inodeKey, isLinkName } from '../rootfs/sums'
import { ROOT, type Tree } from '../rootfs/tree'
import { linkTargets, unite } from '../rootfs/union'
import { resolve, sortedChildren } from '../rootfs/walk'
import type { TypeCode } from '../tar/entry'
import { addRow, nodeAt, placeOf, refuseIfThere, upperLayer, type Edited, type Place } from './place'

/** Puts `node` of the tree that is read at (parent, name) of the one that is written; answers the new node. */
type PutOne = (node: number, parent: number, name: Uint8Array) => number

/** Moves a name with all below it. Inodes come along: hard links stay together. */
export function rename(edited: Edited, from: string, to: string): void {
  const { tree } = edited
  const { node, place } = ends(edited, from, to, 'moved')
  if (place.there === node) return
  refuseIfThere(edited, place, to)
  carry(tree, node, place, (each, parent, name) => putAs(tree, tree, each, parent, name))
  tree.kill(node)
}

/** A copy as `cp -a` makes it: inodes of its own, hard links inside the subtree kept together. */
export function copy(edited: Edited, from: string, to: string): void {
  const { tree } = edited
  const { node, place } = ends(edited, from, to, 'copied')
  refuseIfThere(edited, place, to)
  const inodes = new Map<number, number>()
  carry(tree, node, place, (each, parent, name) => putNew(edited, tree, each, parent, name, inodes))
}

function ends(edited: Edited, from: string, to: string, verb: string): { node: number; place: Place } {
  const { tree } = edited
  const node = nodeAt(edited, from, false)
  if (node === ROOT) throw new ImageError('bad-path', `The root directory cannot be ${verb}.`, { path: from })
  const place = placeOf(edited, to, null)
  for (let at = place.parent; at >= 0; at = tree.parent[at])
    if (at === node) throw new ImageError('bad-path', `${from} cannot be ${verb} into itself.`, { path: to })
  return { node, place }
}

/**
 * The version of a path that the image had after layer `layer`, with all below it, in the place of what stands there
 * now. An entry that is the same as the image's own is that entry again, so that a layer need not repeat it.
 */
export function recover(edited: Edited, path: string, layer: number): void {
  const { tree } = edited
  const then = treeAfter(edited.sources.tables, layer, path)
  const node = resolve(then.tree, bytesOfName(path), then.target, false)
  if (node < 0)
    throw new ImageError('no-such-path', `After layer ${layer} there was no ${path}.`, { path, layer })
  if (node === ROOT) throw new ImageError('bad-path', 'The root directory cannot be recovered.', { path })
  const place = placeAgain(edited, then.tree, node, path)
  if (place.there >= 0) tree.kill(place.there)
  const taken = entriesInUse(tree)
  const inodes = new Map<number, number>()
  carry(then.tree, node, place, (each, parent, name) => {
    const isTaken = !isLinkName(then.tree, each) && taken.has(inodeKey(then.tree, each))
    // The entry was moved elsewhere: what comes back is a file of its own, and no hard link to the moved one.
    return isTaken || inodes.has(inodeKey(then.tree, each))
      ? putNew(edited, then.tree, each, parent, name, inodes)
      : putAs(tree, then.tree, each, parent, name)
  })
}

/** The directory that held it then, made again where it is gone, with the attributes it had. */
function placeAgain({ tree }: Edited, then: Tree, node: number, path: string): Place {
  const way: number[] = []
  for (let at = then.parent[node]; at !== ROOT; at = then.parent[at]) way.unshift(at)
  let parent: number = ROOT
  for (const step of way) {
    const name = then.nameBytes(step)
    const there = tree.liveChild(parent, name, 0, name.length)
    if (there >= 0 && !tree.isDirectory(there))
      throw new ImageError('not-a-directory', `${tree.path(there)} is not a directory.`, { path })
    parent = there >= 0 ? there : putAs(tree, then, step, parent, name)
  }
  const name = then.nameBytes(node)
  return { parent, name, there: tree.liveChild(parent, name, 0, name.length) }
}

/** Keys of entries whose own name is alive somewhere. */
function entriesInUse(tree: Tree): ReadonlySet<number> {
  const keys = new Set<number>()
  for (let node = 1; node < tree.length; node++)
    if (tree.alive[node] === 1 && tree.row[node] >= 0 && !isLinkName(tree, node))
      keys.add(inodeKey(tree, node))
  return keys
}

interface Then {
  readonly tree: Tree
  readonly target: (node: number) => Uint8Array
}

/** The one united last: several paths of one layer are recovered one after the other. */
let last: { readonly tables: readonly EntryTable[]; readonly then: Then } | null = null

function treeAfter(tables: readonly EntryTable[], layer: number, path: string): Then {
  if (layer < 0 || layer >= tables.length)
    throw new ImageError('bad-operation', `There is no layer ${layer}.`, { path })
  const some = tables.slice(0, layer + 1)
  const isLast = last?.tables.length === some.length && some.every((table, i) => table === last?.tables[i])
  if (!last || !isLast) {
    const tree = unite(some)
    last = { tables: some, then: { tree, target: linkTargets(tree, some) } }
  }
  return last.then
}

/** `top` and all below it, parents first, siblings by name. */
function carry(from: Tree, top: number, { parent, name }: Place, put: PutOne): void {
  const pairs = [{ from: top, to: put(top, parent, name) }]
  for (let pair = pairs.pop(); pair; pair = pairs.pop())
    for (const child of sortedChildren(from, pair.from).reverse())
      pairs.push({ from: child, to: put(child, pair.to, from.nameBytes(child).slice()) })
}

/** The same inode under another name. */
function putAs(tree: Tree, from: Tree, node: number, parent: number, name: Uint8Array): number {
  return tree.put(
    parent,
    name,
    0,
    name.length,
    from.layer[node],
    from.row[node],
    from.type[node] as TypeCode,
    from.inodeLayer[node],
    from.inodeRow[node],
  )
}

/** A new inode with the same contents and attributes; names of one inode get one new inode. */
function putNew(
  edited: Edited,
  from: Tree,
  node: number,
  parent: number,
  name: Uint8Array,
  inodes: Map<number, number>,
): number {
  const layer = upperLayer(edited)
  const type = from.type[node] as TypeCode
  const key = inodeKey(from, node)
  const known = from.row[node] < 0 && from.inodeRow[node] < 0 ? undefined : inodes.get(key)
  const row = known ?? addRow(edited, entryOf(from, edited.sources, node))
  inodes.set(key, row)
  return edited.tree.put(
    parent,
    name,
    0,
    name.length,
    layer,
    known === undefined ? row : -1,
    type,
    layer,
    row,
  )
}
