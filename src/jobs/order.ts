/**
 * Children of a directory in the order of their names' bytes. Of large directories the order is kept with the tree: a
 * filter that is typed letter by letter shows parts of the same list.
 */
import { NodeName } from '../core/rootfs/node-name'
import type { Tree } from '../core/rootfs/tree'
import { compareNames } from '../core/rootfs/walk'

/** From here on sorting can be felt: about 0.3 ms. */
const LARGE = 1000

const kept = new WeakMap<Tree, Map<number, Int32Array>>()

/** The children that `seen` has, 1 a node. */
export function childrenByName(tree: Tree, node: number, seen: Uint8Array): Int32Array {
  const all: number[] = []
  let count = 0
  for (let child = tree.firstChild(node); child >= 0; child = tree.nextSibling(child)) {
    count++
    if (seen[child] === 1) all.push(child)
  }
  if (count < LARGE)
    return Int32Array.from(all.length > 1 ? all.sort((a, b) => compareNames(tree, a, b)) : all)
  const known = kept.get(tree) ?? new Map<number, Int32Array>()
  kept.set(tree, known)
  let order = known.get(node)
  // Children are only ever added.
  if (order?.length !== count) known.set(node, (order = sortedLarge(tree, node, count)))
  return all.length === count ? order : order.filter((child) => seen[child] === 1)
}

/** Six bytes behind what all names begin with, as one number each, decide most comparisons. */
function sortedLarge(tree: Tree, node: number, count: number): Int32Array {
  const children = new Int32Array(count)
  for (let child = tree.firstChild(node), i = 0; child >= 0; child = tree.nextSibling(child))
    children[i++] = child
  const common = commonLength(tree, children)
  const name = new NodeName(tree.names)
  const keys = Float64Array.from(children, (child) => {
    name.at(child)
    return keyOf(name, common)
  })
  const places = Int32Array.from(children, (_, i) => i)
  places.sort((a, b) => keys[a] - keys[b] || compareNames(tree, children[a], children[b]))
  return places.map((place) => children[place])
}

function commonLength(tree: Tree, children: Int32Array): number {
  const first = new NodeName(tree.names)
  const name = new NodeName(tree.names)
  first.at(children[0])
  let common = first.to - first.from
  for (const child of children) {
    name.at(child)
    common = Math.min(common, name.to - name.from)
    for (let i = 0; i < common; i++) if (name.bytes[name.from + i] !== first.bytes[first.from + i]) common = i
  }
  return common
}

/** Of what stands behind the first `common` bytes. */
function keyOf({ bytes, from, to }: NodeName, common: number): number {
  const start = from + common
  let key = 0
  // A name that ends sorts before one that goes on; a byte of 0 in a name is told apart by the whole comparison.
  for (let i = 0; i < 6; i++) key = key * 256 + (start + i < to ? bytes[start + i] : 0)
  return key
}
