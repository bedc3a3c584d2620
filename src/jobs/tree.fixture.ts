/** Trees of directories by their paths alone, for tests of what goes by names. */
import { utf8 } from '../core/bytes/text'
import { ROOT, Tree } from '../core/rootfs/tree'
import { TYPE } from '../core/tar/entry'

export function treeOf(paths: readonly string[]): Tree {
  const tree = new Tree()
  for (const path of paths) {
    let node: number = ROOT
    for (const name of path.split('/').filter(Boolean)) {
      const bytes = utf8(name)
      const there = tree.child(node, bytes, 0, bytes.length)
      node = there >= 0 ? there : tree.put(node, bytes, 0, bytes.length, 0, 0, TYPE.directory)
    }
  }
  return tree
}
