/** Files of a new base that the image's own layers hide: named before the image is put onto it. */
import { laid, type Stack } from '../edit/stack'
import type { EntryTable } from '../layer/table'
import { Tree } from '../rootfs/tree'
import { applyLayer } from '../rootfs/union'
import { TYPE } from '../tar/entry'

export interface Shadowed {
  readonly path: string
  /** The image's own layer that wrote the path anew, or took it away. */
  readonly layer: number
  readonly what: 'replaced' | 'removed'
}

/** By path. `count`: how many layers are the image's own; the new base has the numbers from there on. */
export function shadowedBy(tables: readonly EntryTable[], stack: Stack, count: number): Shadowed[] {
  const order = laid(stack, count)
  const tree = new Tree()
  for (const layer of order) if (layer >= count) applyLayer(tree, tables, layer)
  const length = tree.length
  const shown = tree.alive.slice(0, length)
  const isDirectory = tree.type.slice(0, length).map((type) => (type === TYPE.directory ? 1 : 0))
  const by = new Map<number, number>()
  for (const layer of order) {
    if (layer >= count) continue
    applyLayer(tree, tables, layer)
    for (const node of tree.touched.nodes)
      if (node < length && shown[node] === 1 && (isDirectory[node] === 0 || tree.alive[node] === 0))
        by.set(node, layer)
  }
  return [...by]
    .map(([node, layer]): Shadowed => ({
      path: tree.path(node),
      layer,
      what: tree.alive[node] === 1 ? 'replaced' : 'removed',
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}
