/** What another stack of layers would do to the root filesystem, told before it is done. */
import { laid, ownCount, type Stack } from '../edit/stack'
import { unitedInOrder } from '../edit/order'
import { Notices } from '../fault/notice'
import type { EntryTable } from '../layer/table'
import { entryOf, type Sources } from '../rootfs/entry'
import { lintLayer } from '../rootfs/lint'
import { entryDifference } from '../rootfs/same'
import { ROOT, Tree } from '../rootfs/tree'
import { applyLayer, linkTargets } from '../rootfs/union'
import { resolve, sortedChildren } from '../rootfs/walk'
import { TYPE } from '../tar/entry'

export interface StackPreview {
  /** Paths that come back, or come with a new base. */
  readonly appear: readonly string[]
  readonly vanish: readonly string[]
  /** There before and after, and another file or other attributes. */
  readonly change: readonly string[]
  /** Links that lead to nothing any more. A hard link among them must go before the image can be built. */
  readonly break: readonly { readonly path: string; readonly kind: 'hardlink' | 'symlink' }[]
  /** Where overlay engines would come to merge the layers otherwise than is shown. */
  readonly differ: readonly { readonly path: string; readonly why: string }[]
}

/** Two nodes of one path, whether they are another thing for people. */
type IsOther = (before: Tree, old: number, after: Tree, now: number) => boolean

/** `tables`: of both stacks, those of a new base behind the image's own. */
export function previewOf(tables: readonly EntryTable[], from: Stack, to: Stack): StackPreview {
  const count = ownCount(to, tables)
  const [old, order] = [laid(from, count), laid(to, count)]
  const [before, after] = [unitedInOrder(tables, old), unitedInOrder(tables, order)]
  const changes = { appear: [] as string[], vanish: [] as string[], change: [] as string[] }
  compare(before, after, to.rebased !== from.rebased ? byAttributes(tables) : byEntry(tables), changes)
  return {
    ...changes,
    break: broken(before, tables, after),
    differ: old.join() === order.join() ? [] : differing(tables, old, order),
  }
}

/** Layers of one image: another entry is another file. Times of directories are passed over: each layer brings its own. */
function byEntry(tables: readonly EntryTable[]): IsOther {
  const sources: Sources = { tables, upper: [] }
  return (before, old, after, now) => {
    const same =
      before.inodeLayer[old] === after.inodeLayer[now] && before.inodeRow[old] === after.inodeRow[now]
    if (same && before.type[old] === after.type[now]) return false
    if (before.type[old] !== TYPE.directory || after.type[now] !== TYPE.directory) return true
    return entryDifference(entryOf(before, sources, old), entryOf(after, sources, now), () => true) !== null
  }
}

/** Another image's files are never the same entries: what their headers say decides. */
function byAttributes(tables: readonly EntryTable[]): IsOther {
  const sources: Sources = { tables, upper: [] }
  const never = (): boolean => true
  return (before, old, after, now) => {
    const [a, b] = [entryOf(before, sources, old), entryOf(after, sources, now)]
    return entryDifference(a, b, a.type === TYPE.directory ? never : (x, y) => x === y) !== null
  }
}

function compare(
  before: Tree,
  after: Tree,
  isOther: IsOther,
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
): { path: string; kind: 'hardlink' | 'symlink' }[] {
  const [oldTarget, newTarget] = [linkTargets(before, tables), linkTargets(after, tables)]
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

/** What the union and the lint warn of in the new order and did not in the old one, beside links without a file: those break. */
function differing(
  tables: readonly EntryTable[],
  old: readonly number[],
  order: readonly number[],
): { path: string; why: string }[] {
  const known = new Set(warnings(tables, old).map(({ key }) => key))
  return warnings(tables, order)
    .filter(({ key }) => !known.has(key))
    .map(({ path, why }) => ({ path, why }))
}

function warnings(
  tables: readonly EntryTable[],
  order: readonly number[],
): { key: string; path: string; why: string }[] {
  const notices = new Notices()
  const tree = new Tree()
  for (const layer of order) {
    lintLayer(tree, tables, layer, notices)
    applyLayer(tree, tables, layer, notices)
  }
  return notices.list
    .filter(({ severity, code }) => severity !== 'info' && code !== 'hardlink-missing')
    .map(({ code, message, where }) => ({
      key: `${code} ${where.layer} ${where.path}`,
      path: where.path ?? '',
      why: message,
    }))
}
