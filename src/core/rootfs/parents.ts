/**
 * Numbers for the nodes that have children, in the order of nodes. What directories add up to then takes a place for each
 * of them and none for files, of which there are ten times as many.
 */
import { Marks } from './marks'
import { Numbered } from './numbered'
import type { Tree } from './tree'

/** As the tree is now: children that come later are not seen. */
export function parentsOf(tree: Tree): Numbered {
  if (tree.packedParents) return tree.packedParents
  const { parent, length } = tree
  const marks = new Marks(length)
  for (let node = 1; node < length; node++) marks.add(parent[node])
  return new Numbered(marks)
}
