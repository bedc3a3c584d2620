/**
 * Bytes that the layers carry and the final root filesystem does not show: overwritten, whited out, under an opaque
 * or replaced directory. A hard link carries no bytes of its own, so data counts once a layer.
 */
import { TYPE } from '../tar/entry'
import type { EntryTable } from '../layer/table'
import { absolute } from '../rootfs/union'
import { pathBytesOf } from '../layer/rows'
import type { Tree } from '../rootfs/tree'

export interface Waste {
  /** Bytes of regular files that the final root filesystem shows. */
  readonly live: number
  readonly reclaimable: number
  /** live / (live + reclaimable); 1 where there are no bytes at all. */
  readonly efficiency: number
  /** By layer: bytes in it that nothing shows. */
  readonly byLayer: readonly number[]
}

/** Which rows of which layer are the inode of a live path. */
function liveRows(tree: Tree, tables: readonly EntryTable[]): Uint8Array[] {
  const live = tables.map((table) => new Uint8Array(table.length))
  for (let node = 1; node < tree.length; node++) {
    const layer = tree.inodeLayer[node]
    if (tree.alive[node] === 1 && layer >= 0 && layer < tables.length) live[layer][tree.inodeRow[node]] = 1
  }
  return live
}

export function wasteOf(tree: Tree, tables: readonly EntryTable[]): Waste {
  let live = 0
  const rows = liveRows(tree, tables)
  const byLayer = tables.map((table, layer) => {
    let wasted = 0
    for (let row = 0; row < table.length; row++) {
      if (table.type[row] !== TYPE.file) continue
      if (rows[layer][row] === 1) live += table.size[row]
      else wasted += table.size[row]
    }
    return wasted
  })
  const reclaimable = byLayer.reduce((sum, bytes) => sum + bytes, 0)
  return {
    live,
    reclaimable,
    efficiency: live + reclaimable === 0 ? 1 : live / (live + reclaimable),
    byLayer,
  }
}

export interface WastedPath {
  readonly path: string
  readonly bytes: number
  /** The layers that hold a copy nobody sees, base first. */
  readonly layers: readonly number[]
}

/** The paths behind `reclaimable`, biggest first, at most `limit`. */
export function wastedPaths(tree: Tree, tables: readonly EntryTable[], limit = 1000): WastedPath[] {
  const found = new Map<string, { path: string; bytes: number; layers: number[] }>()
  liveRows(tree, tables).forEach((rows, layer) => {
    const table = tables[layer]
    for (let row = 0; row < table.length; row++) {
      if (table.type[row] !== TYPE.file || rows[row] === 1 || table.size[row] === 0) continue
      const path = absolute(pathBytesOf(table, row))
      const known = found.get(path)
      if (known) {
        known.bytes += table.size[row]
        known.layers.push(layer)
      } else found.set(path, { path, bytes: table.size[row], layers: [layer] })
    }
  })
  return [...found.values()].sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1)).slice(0, limit)
}
