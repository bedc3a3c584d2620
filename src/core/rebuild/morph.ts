/** One tree made into another over the same tables, so that what it took is the change between them. */
import { ROOT, type Tree } from '../rootfs/tree'
import { TYPE, type TypeCode } from '../tar/entry'

/** Another inode in the place of one that moved: its layer and row; null for the same. */
export type InodeMap = (layer: number, row: number) => number | null

/** A copy of `from` that shows what `to` shows; its `touched` is the difference. */
export function morphed(from: Tree, to: Tree, newRow: InodeMap = () => null): Tree {
  const tree = from.clone()
  tree.begin()
  const pairs: (readonly [number, number])[] = [[ROOT, ROOT]]
  setIfOther(tree, ROOT, to, ROOT, newRow)
  for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
    const [here, there] = pair
    killOthers(tree, here, to, there)
    for (let child = to.firstChild(there); child >= 0; child = to.nextSibling(child))
      if (to.alive[child] === 1) {
        const node = putAs(tree, here, to, child, newRow)
        if (to.type[child] === TYPE.directory) pairs.push([node, child])
      }
  }
  return tree
}

function killOthers(tree: Tree, here: number, to: Tree, there: number): void {
  for (let child = tree.firstChild(here); child >= 0; child = tree.nextSibling(child)) {
    if (tree.alive[child] === 0) continue
    const name = tree.nameBytes(child)
    if (to.liveChild(there, name, 0, name.length) < 0) tree.kill(child)
  }
}

function putAs(tree: Tree, parent: number, to: Tree, child: number, newRow: InodeMap): number {
  const name = to.nameBytes(child)
  const node = tree.liveChild(parent, name, 0, name.length)
  if (node >= 0) {
    if (to.type[child] !== TYPE.directory || tree.type[node] !== TYPE.directory) tree.killChildren(node)
    setIfOther(tree, node, to, child, newRow)
    return node
  }
  const [layer, row, inodeLayer, inodeRow] = entryIn(to, child, newRow)
  return tree.put(parent, name, 0, name.length, layer, row, to.type[child] as TypeCode, inodeLayer, inodeRow)
}

function setIfOther(tree: Tree, node: number, to: Tree, child: number, newRow: InodeMap): void {
  const type = to.type[child] as TypeCode
  const [layer, row, inodeLayer, inodeRow] = entryIn(to, child, newRow)
  const same =
    tree.type[node] === type && tree.inodeLayer[node] === inodeLayer && tree.inodeRow[node] === inodeRow
  if (!same) tree.set(node, layer, row, type, inodeLayer, inodeRow)
}

function entryIn(to: Tree, node: number, newRow: InodeMap): [number, number, number, number] {
  const row = newRow(to.inodeLayer[node], to.inodeRow[node]) ?? to.inodeRow[node]
  return [to.layer[node], to.row[node], to.inodeLayer[node], row]
}
