/**
 * Names of the nodes of a tree. While layers are applied they are bytes of its own. Nearly all of them stand in the
 * tables too, as the last names of the rows that list the nodes: once the tree is sealed they are read there, and only
 * names are kept that no row says, of parents that no layer lists and of paths such as "a/b/..". What is added to a
 * sealed tree has bytes of its own again.
 */
import { grown } from '../layer/strings'
import type { EntryTable } from '../layer/table'
import { NodeName, type NamePlace } from './node-name'
import { RowNames, type KeptNames, type Listed } from './row-names'

export class NodeNames {
  /** Of the nodes that were there when it was sealed; null where it was not. */
  readonly rows: RowNames | null
  /** Of those behind them. */
  #count = 0
  #bytes = new Uint8Array(0)
  #end = new Uint32Array(0)
  readonly #from: number
  readonly #one: NodeName
  readonly #other: NodeName

  constructor(rows: RowNames | null = null) {
    this.rows = rows
    this.#from = rows?.length ?? 0
    this.#one = new NodeName(this)
    this.#other = new NodeName(this)
  }

  /** Of nodes whose names are all read in `tables` but those that are kept. */
  static of(listed: Listed, tables: readonly EntryTable[], kept: KeptNames): NodeNames {
    return new NodeNames(new RowNames(listed, tables, kept))
  }

  /** The same names, read in `tables` as far as those have them. */
  sealed(listed: Listed, tables: readonly EntryTable[]): NodeNames {
    return new NodeNames(RowNames.of(listed, tables, new NodeName(this)))
  }

  /** The names that no row says; null where some were added since it was sealed. */
  get kept(): KeptNames | null {
    return this.#count === 0 && this.rows ? this.rows.kept : null
  }

  copy(): NodeNames {
    const copy = new NodeNames(this.rows)
    copy.#count = this.#count
    copy.#bytes = this.#bytes.slice()
    copy.#end = this.#end.slice()
    return copy
  }

  /** The name of the node behind the last. */
  push(bytes: Uint8Array, from: number, to: number): void {
    const at = this.#count++
    const start = at === 0 ? 0 : this.#end[at - 1]
    const end = start + to - from
    if (end > this.#bytes.length)
      this.#bytes = grown(this.#bytes, Math.max(end, this.#bytes.length * 2, 16 * 1024))
    if (at === this.#end.length) this.#end = grown(this.#end, Math.max(1024, at * 2))
    for (let i = 0; i < to - from; i++) this.#bytes[start + i] = bytes[from + i]
    this.#end[at] = end
  }

  /** Where the name of a node is that was added since it was sealed. */
  findOwn(node: number, place: NamePlace): void {
    const at = node - this.#from
    place.bytes = this.#bytes
    place.from = at === 0 ? 0 : this.#end[at - 1]
    place.to = this.#end[at]
  }

  /** Not to be changed. */
  bytesOf(node: number): Uint8Array {
    const name = this.#one
    name.at(node)
    return name.bytes.subarray(name.from, name.to)
  }

  lengthOf(node: number): number {
    this.#one.at(node)
    return this.#one.length
  }

  /** Whether the node's name is `bytes` [from, to). */
  is(node: number, bytes: Uint8Array, from: number, to: number): boolean {
    const name = this.#one
    name.at(node)
    if (name.length !== to - from) return false
    const { bytes: own, from: start } = name
    for (let i = to - from - 1; i >= 0; i--) if (own[start + i] !== bytes[from + i]) return false
    return true
  }

  /** Which of two names stands first, byte by byte: below 0 for `a`. */
  compare(a: number, b: number): number {
    const one = this.#one
    const other = this.#other
    one.at(a)
    other.at(b)
    const { bytes: first, from, to } = one
    const { bytes: second, from: start } = other
    const longer = to - from - (other.to - start)
    const end = longer > 0 ? to - longer : to
    for (let i = from, j = start; i < end; i++, j++) if (first[i] !== second[j]) return first[i] - second[j]
    return longer
  }
}
