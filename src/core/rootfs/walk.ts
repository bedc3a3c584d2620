/** Finding the way in a tree: paths cleaned, links followed as the kernel would inside the root filesystem. */
import { TYPE } from '../tar/entry'
import { ROOT, type Tree } from './tree'

/** Linux gives up after 40 links in one path (man 7 path_resolution). */
const MOST_LINKS = 40

/** PATH_MAX: no longer target can be followed, nor made. */
const MOST_TARGET = 4096

/** Ranges of the names in a path: from0, to0, from1, to1, …; "", "." dropped, ".." resolved in the text, never above the root. */
export function namesIn(bytes: Uint8Array, from = 0, to = bytes.length): number[] {
  const ranges: number[] = []
  for (let start = from; start < to;) {
    let end = start
    while (end < to && bytes[end] !== 0x2f) end++
    const length = end - start
    const dots = length <= 2 && bytes[start] === 0x2e && (length === 1 || bytes[start + 1] === 0x2e)
    if (length > 0 && !dots) ranges.push(start, end)
    else if (length === 2 && dots) ranges.length = Math.max(0, ranges.length - 2)
    start = end + 1
  }
  return ranges
}

/** Target bytes of a symlink node. */
export type LinkTarget = (node: number) => Uint8Array

/**
 * The live node that `bytes` names, every link on the way followed, the last one only with `followLast`.
 * -1 where there is none, where something on the way is no directory, or where links go round in a circle.
 */
export function resolve(
  tree: Tree,
  bytes: Uint8Array,
  linkTarget: LinkTarget,
  followLast: boolean,
  from: number = ROOT,
): number {
  let hops = 0
  let node = from
  // Names still to walk, last first; a link pushes its own names on top.
  const todo: { bytes: Uint8Array; from: number; to: number }[] = []
  pushNames(todo, bytes)
  if (bytes.length > 0 && bytes[0] === 0x2f) node = ROOT
  while (todo.length > 0) {
    const name = todo.pop()!
    if (tree.type[node] !== TYPE.directory) return -1 // Before "..": a file has no parent to go to, says the kernel.
    if (name.to - name.from === 2 && name.bytes[name.from] === 0x2e && name.bytes[name.from + 1] === 0x2e) {
      node = node === ROOT ? ROOT : tree.parent[node]
      continue
    }
    const child = tree.liveChild(node, name.bytes, name.from, name.to)
    if (child < 0) return -1
    if (tree.type[child] === TYPE.symlink && (todo.length > 0 || followLast)) {
      if (++hops > MOST_LINKS) return -1
      const target = linkTarget(child)
      if (target.length > MOST_TARGET) return -1
      if (target.length > 0 && target[0] === 0x2f) node = ROOT
      pushNames(todo, target)
    } else node = child
  }
  return node
}

/** Here ".." stays a name: behind a link it means the parent of where the link leads. */
function pushNames(todo: { bytes: Uint8Array; from: number; to: number }[], bytes: Uint8Array): void {
  const names: { bytes: Uint8Array; from: number; to: number }[] = []
  for (let start = 0; start < bytes.length;) {
    let end = start
    while (end < bytes.length && bytes[end] !== 0x2f) end++
    if (end > start && !(end - start === 1 && bytes[start] === 0x2e))
      names.push({ bytes, from: start, to: end })
    start = end + 1
  }
  for (let i = names.length - 1; i >= 0; i--) todo.push(names[i])
}

/** Which nodes are there: by default the live ones. */
export type Holds = (node: number) => boolean

/** Live children, or those that `holds` lets through, in the order of their names' bytes. */
export function sortedChildren(tree: Tree, node: number, holds?: Holds): number[] {
  const children: number[] = []
  for (let child = tree.firstChild(node); child >= 0; child = tree.nextSibling(child))
    if (holds ? holds(child) : tree.alive[child] === 1) children.push(child)
  return children.sort((a, b) => compareNames(tree, a, b))
}

export function compareNames(tree: Tree, a: number, b: number): number {
  return tree.names.compare(a, b)
}

/** Calls `visit` for every live node (or every one that `holds` lets through) below `top` (not itself), parents first, siblings by name. Not recursive: depth is the image's choice. */
export function walkTree(tree: Tree, top: number, visit: (node: number) => void, holds?: Holds): void {
  const stack = sortedChildren(tree, top, holds).reverse()
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    visit(node)
    if (tree.type[node] === TYPE.directory && tree.firstChild(node) >= 0) {
      const children = sortedChildren(tree, node, holds)
      for (let i = children.length - 1; i >= 0; i--) stack.push(children[i])
    }
  }
}
