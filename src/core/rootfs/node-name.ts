/** The name of one node after the other, without making anything of it: searches look at a million within a frame or two. */
import type { NodeNames } from './node-names'
import { Marks } from './marks'
import { Numbered } from './numbered'
import type { RowNames } from './row-names'

/** A name is bytes [from, to) of `bytes`. */
export interface NamePlace {
  bytes: Uint8Array
  from: number
  to: number
}

/** Moved from node to node: what it says is the name of the node it was moved to last. */
export class NodeName implements NamePlace {
  bytes: Uint8Array = new Uint8Array(0)
  from = 0
  to = 0
  readonly #names: NodeNames
  readonly #rows: RowNames | null
  readonly #layer: Int8Array | Int16Array
  readonly #row: Int32Array
  readonly #isKept: Numbered
  /** The layer that `bytes` are of, -1 for none, and where the names of its rows end. */
  #of = -1
  #end: Uint32Array = new Uint32Array(0)

  constructor(names: NodeNames) {
    this.#names = names
    this.#rows = names.rows
    this.#layer = names.rows?.layer ?? new Int8Array(0)
    this.#row = names.rows?.row ?? new Int32Array(0)
    this.#isKept = names.rows?.isKept ?? NONE
  }

  /** All in one: calls from here cost as much as the rest. */
  at(node: number): void {
    if (node >= this.#row.length) this.#names.findOwn(node, this)
    else if (this.#isKept.has(node)) this.#rows!.findKept(node, this)
    else {
      const layer = this.#layer[node]
      if (layer !== this.#of) this.#turnTo(layer)
      const { bytes } = this
      const row = this.#row[node]
      const from = row === 0 ? 0 : this.#end[row - 1]
      let to = this.#end[row]
      while (to > from && bytes[to - 1] === SLASH) to--
      this.from = from
      this.to = to
      return
    }
    this.#of = -1
  }

  #turnTo(layer: number): void {
    const { bytes, end } = this.#rows!.ofLayer(layer)
    this.bytes = bytes
    this.#end = end
    this.#of = layer
  }

  get length(): number {
    return this.to - this.from
  }
}

const NONE = new Numbered(new Marks(0))
const SLASH = 0x2f
