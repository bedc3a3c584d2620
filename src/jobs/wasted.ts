/** What an image wastes, for the screen: computed when it is first asked for, kept while the layers stay. */
import type { WasteRow, WasteView } from '../../workers/api'
import { bytesOfName } from '../core/bytes/text'
import { wastedPaths, wasteOf, type HiddenRows, type WastedPath } from '../core/insight/waste'
import type { EntryTable } from '../core/layer/table'
import { ROOT, type Tree } from '../core/rootfs/tree'

/** Rows that come along: about two screens. */
const FIRST_ROWS = 100

export class Wasted {
  readonly #sums: Omit<WasteView, 'first'>
  readonly #paths: readonly WastedPath[]

  /** `hidden`: noted while the layers were united. */
  constructor(union: Tree, tables: readonly EntryTable[], hidden: HiddenRows) {
    const { live, reclaimable, efficiency, byLayer } = wasteOf(union, tables)
    this.#paths = wastedPaths(union, tables, hidden)
    const hid = tables.map(() => 0)
    for (const { copies } of this.#paths) for (const { hiddenBy, bytes } of copies) hid[hiddenBy] += bytes
    this.#sums = {
      live,
      reclaimable,
      efficiency,
      layers: byLayer.map((unseen, layer) => ({ unseen, hid: hid[layer] })),
      paths: this.#paths.length,
    }
  }

  /** `now` is the tree with the pending edits. */
  view(now: Tree): WasteView {
    return { ...this.#sums, first: this.rows(now, 0, FIRST_ROWS) }
  }

  rows(now: Tree, from: number, count: number): WasteRow[] {
    return this.#paths
      .slice(from, from + Math.min(count, 1000))
      .map((wasted) => ({ ...wasted, live: isLive(now, wasted.path) }))
  }
}

function isLive(tree: Tree, path: string): boolean {
  let node: number = ROOT
  for (const name of path.split('/').filter(Boolean)) {
    const bytes = bytesOfName(name)
    node = tree.liveChild(node, bytes, 0, bytes.length)
    if (node < 0) return false
  }
  return true
}
