/** What dropping layers would do to the root filesystem, told before it is done. */
import { remaining, stacked, UNTOUCHED } from '../edit/stack'
import type { EntryTable } from '../layer/table'
import { ROOT, type Tree } from '../rootfs/tree'
import { linkTargets, unite } from '../rootfs/union'
import { resolve, sortedChildren } from '../rootfs/walk'
import { TYPE } from '../tar/entry'

export interface DropPreview {
  /** Paths that a dropped layer hid: they come back. */
  readonly appear: readonly string[]
  readonly vanish: readonly string[]
  /** There before and after, and another file or other attributes: the version of a lower layer. */
  readonly change: readonly string[]
  /** Links that lead to nothing any more. A hard link among them must go before the layer can. */
  readonly break: readonly { readonly path: string; readonly kind: 'hardlink' | 'symlink' }[]
}

/** Throws `bad-operation` where the layers cannot be dropped at all. */
export function previewOfDrop(tables: readonly EntryTable[], layers: readonly number[]): DropPreview {
  const stack = layers.reduce((sum, layer) => stacked(sum, { op: 'drop', layer }, tables.length), UNTOUCHED)
  const without = remaining(tables, stack)
  const [before, after] = [unite(tables), unite(without)]
  const preview = { appear: [] as string[], vanish: [] as string[], change: [] as string[] }
  compare(before, after, preview)
  return { ...preview, break: broken(before, tables, after, without) }
}

function compare(
  before: Tree,
  after: Tree,
  { appear, vanish, change }: { appear: string[]; vanish: string[]; change: string[] },
): void {
  const pairs: (readonly [number, number])[] = [[ROOT, ROOT]]
  for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
    const [old, now] = pair
    for (const child of sortedChildren(before, old)) {
      const twin = twinOf(after, now, before, child)
      if (twin < 0) vanish.push(...subtree(before, child))
      else {
        if (isOther(before, child, after, twin)) change.push(before.path(child))
        pairs.push([child, twin])
      }
    }
    for (const child of sortedChildren(after, now))
      if (twinOf(before, old, after, child) < 0) appear.push(...subtree(after, child))
  }
  for (const list of [appear, vanish, change]) list.sort()
}

function twinOf(tree: Tree, parent: number, from: Tree, child: number): number {
  const name = from.nameBytes(child)
  return tree.liveChild(parent, name, 0, name.length)
}

function isOther(before: Tree, old: number, after: Tree, now: number): boolean {
  return (
    before.type[old] !== after.type[now] ||
    before.inodeLayer[old] !== after.inodeLayer[now] ||
    before.inodeRow[old] !== after.inodeRow[now]
  )
}

function subtree(tree: Tree, top: number): string[] {
  const paths: string[] = []
  const stack = [top]
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    paths.push(tree.path(node))
    stack.push(...sortedChildren(tree, node))
  }
  return paths
}

function broken(
  before: Tree,
  tables: readonly EntryTable[],
  after: Tree,
  without: readonly EntryTable[],
): { path: string; kind: 'hardlink' | 'symlink' }[] {
  const [oldTarget, newTarget] = [linkTargets(before, tables), linkTargets(after, without)]
  const found: { path: string; kind: 'hardlink' | 'symlink' }[] = []
  for (let node = 1; node < after.length; node++) {
    if (after.alive[node] === 0) continue
    if (after.type[node] === TYPE.hardlink) found.push({ path: after.path(node), kind: 'hardlink' })
    if (after.type[node] !== TYPE.symlink) continue
    const path = after.pathBytes(node)
    if (resolve(after, path, newTarget, true) < 0 && resolve(before, path, oldTarget, true) >= 0)
      found.push({ path: after.path(node), kind: 'symlink' })
  }
  return found
}
