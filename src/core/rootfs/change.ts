/** What the layer that was applied last did to each node, for people: added, changed, metadata only, removed. */
import { sameBytes } from '../bytes/text'
import { TYPE } from '../tar/entry'
import { entryAt, entryOf, type Entry, type Sources } from './entry'
import type { Tree } from './tree'

export const CHANGE = { same: 0, added: 1, changed: 2, metadata: 3, removed: 4 } as const
export type ChangeCode = (typeof CHANGE)[keyof typeof CHANGE]

/** One code a node. */
export function changesOf(tree: Tree, sources: Sources): Uint8Array {
  const changes = new Uint8Array(tree.length)
  const { nodes, wasAlive, wasType, wasInodeLayer, wasInodeRow } = tree.touched
  nodes.forEach((node, i) => {
    if (tree.alive[node] === 0) changes[node] = wasAlive[i] ? CHANGE.removed : CHANGE.same
    else if (!wasAlive[i]) changes[node] = CHANGE.added
    else if (wasType[i] !== tree.type[node]) changes[node] = CHANGE.changed
    else if (wasInodeLayer[i] !== tree.inodeLayer[node] || wasInodeRow[i] !== tree.inodeRow[node])
      changes[node] = compared(
        before(sources, wasInodeLayer[i], wasInodeRow[i]),
        entryOf(tree, sources, node),
        wasInodeLayer[i],
        wasInodeRow[i],
      )
  })
  return changes
}

function before({ tables, upper }: Sources, layer: number, row: number): Entry | null {
  if (row < 0) return null
  return layer === tables.length ? upper[row] : entryAt(tables, layer, row)
}

/** Layers list a file again when its contents or only its attributes changed; the same size and time say: attributes. */
function compared(old: Entry | null, now: Entry, oldLayer: number, oldRow: number): ChangeCode {
  if (old === null) return now.type === TYPE.directory ? CHANGE.same : CHANGE.changed
  const sameAttributes = old.mode === now.mode && old.uid === now.uid && old.gid === now.gid
  if (now.type === TYPE.directory)
    return sameAttributes && old.mtime === now.mtime ? CHANGE.same : CHANGE.metadata
  if (now.type === TYPE.symlink) return sameBytes(old.link, now.link) ? CHANGE.metadata : CHANGE.changed
  if (now.type !== TYPE.file) return CHANGE.metadata
  // An edit of attributes points at the old bytes.
  if (now.content?.from === 'layer' && now.content.layer === oldLayer && now.content.row === oldRow)
    return CHANGE.metadata
  return now.content?.from !== 'stored' && old.size === now.size && old.mtime === now.mtime
    ? CHANGE.metadata
    : CHANGE.changed
}
