/**
 * Bytes that the layers carry and the final root filesystem does not show: overwritten, whited out, under an opaque
 * or replaced directory. A hard link carries no bytes of its own, so data counts once a layer.
 */
import { TYPE } from '../tar/entry'
import type { EntryTable } from '../layer/table'
import { absolute } from '../rootfs/union'
import { pathBytesOf, sizeOf } from '../layer/rows'
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
      if (rows[layer][row] === 1) live += sizeOf(table, row)
      else wasted += sizeOf(table, row)
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

/** A copy that nobody sees, and the layer that hid it: wrote the path anew, removed it or a directory above it. */
export interface HiddenCopy {
  readonly layer: number
  readonly bytes: number
  readonly hiddenBy: number
}

export interface WastedPath {
  readonly path: string
  readonly bytes: number
  /** Base first. */
  readonly copies: readonly HiddenCopy[]
}

/** The paths behind `reclaimable`, biggest first. `hidden` was noted while the layers were applied. */
export function wastedPaths(tree: Tree, tables: readonly EntryTable[], hidden: HiddenRows): WastedPath[] {
  const hiddenBy = hidden.byRow(tables)
  const found = new Map<string, { path: string; bytes: number; copies: HiddenCopy[] }>()
  liveRows(tree, tables).forEach((rows, layer) => {
    const table = tables[layer]
    for (let row = 0; row < table.length; row++) {
      if (table.type[row] !== TYPE.file || rows[row] === 1 || sizeOf(table, row) === 0) continue
      const path = absolute(pathBytesOf(table, row))
      const bytes = sizeOf(table, row)
      const copy = { layer, bytes, hiddenBy: hiddenBy[layer][row] }
      const known = found.get(path)
      if (known) {
        known.bytes += bytes
        known.copies.push(copy)
      } else found.set(path, { path, bytes, copies: [copy] })
    }
  })
  return [...found.values()].sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1))
}

/** Which layer hid which rows of lower ones: overwrote them, or removed them. Noted layer by layer while they are applied. */
export class HiddenRows {
  /** Layer, row, and the layer that hid it. */
  #noted = new Int32Array(0)
  #length = 0

  /** As they were stored; null where one of them is no row that a layer above it can have hidden. */
  static restored(triples: unknown, tables: readonly EntryTable[]): HiddenRows | null {
    if (!(triples instanceof Int32Array) || triples.length % 3 !== 0) return null
    for (let i = 0; i < triples.length; i += 3) {
      const [layer, row, hiddenBy] = [triples[i], triples[i + 1], triples[i + 2]]
      const there = layer >= 0 && layer <= hiddenBy && hiddenBy < tables.length
      if (!there || row < 0 || row >= tables[layer].length) return null
    }
    const hidden = new HiddenRows()
    hidden.#noted = triples as Int32Array<ArrayBuffer>
    hidden.#length = triples.length
    return hidden
  }

  /** Layer, row and the layer that hid it, of one after the other. */
  get triples(): Int32Array {
    return this.#noted.slice(0, this.#length)
  }

  /** `layer` was applied to `tree` last. */
  note(tree: Tree, layer: number): void {
    const { nodes, wasAlive, wasInodeLayer, wasInodeRow } = tree.touched
    const { alive, inodeLayer, inodeRow } = tree
    for (let i = 0; i < nodes.length; i++) {
      if (wasAlive[i] === 0 || wasInodeRow[i] < 0) continue
      const node = nodes[i]
      const stays =
        alive[node] === 1 && inodeLayer[node] === wasInodeLayer[i] && inodeRow[node] === wasInodeRow[i]
      if (!stays) this.#push(wasInodeLayer[i], wasInodeRow[i], layer)
    }
  }

  #push(layer: number, row: number, hiddenBy: number): void {
    if (this.#length + 3 > this.#noted.length) {
      const wider = new Int32Array(Math.max(192, 2 * this.#noted.length))
      wider.set(this.#noted)
      this.#noted = wider
    }
    this.#noted[this.#length++] = layer
    this.#noted[this.#length++] = row
    this.#noted[this.#length++] = hiddenBy
  }

  /**
   * For each row of each layer, the layer after which no name leads to it any more; its own, where that layer lists the
   * path twice. Of what is still seen it says nothing.
   */
  byRow(tables: readonly EntryTable[]): Int16Array[] {
    const hiders = tables.map((table, layer) => new Int16Array(table.length).fill(layer))
    for (let i = 0; i < this.#length; i += 3) hiders[this.#noted[i]][this.#noted[i + 1]] = this.#noted[i + 2]
    return hiders
  }
}
