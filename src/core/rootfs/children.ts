/**
 * Who is whose child. A child that comes stands before its elder siblings, so siblings are gone through from the last
 * that came to the first. While layers are applied that is two columns; packed, it is only what the numbers of nodes do
 * not say: the first child of those that have one, and the next sibling where it is not the node before.
 */
import { Numbered } from './numbered'

export class Children {
  /** By node; packed, by its number in `#parents` and `#gaps`. */
  #first: Int32Array<ArrayBuffer>
  #next: Int32Array<ArrayBuffer>
  #parents: Numbered | null = null
  #gaps: Numbered | null = null

  constructor(capacity: number) {
    this.#first = new Int32Array(capacity)
    this.#next = new Int32Array(capacity)
  }

  /** As they came, node by node, below the parents that they have. */
  static of(parent: Int32Array): Children {
    const children = new Children(parent.length)
    for (let node = 0; node < parent.length; node++) children.enter(node, parent[node])
    return children
  }

  /** The child that came last; -1 for none. */
  first(node: number): number {
    if (this.#parents === null) return this.#first[node]
    const at = this.#parents.of(node)
    return at < 0 ? -1 : this.#first[at]
  }

  /** The sibling that came before; -1 for none. */
  next(node: number): number {
    if (this.#gaps === null) return this.#next[node]
    const at = this.#gaps.of(node)
    return at < 0 ? node - 1 : this.#next[at]
  }

  /** A node that is new, and the last of all. Not to what is packed: `copy` unpacks. */
  enter(node: number, parent: number): void {
    this.#first[node] = -1
    this.#next[node] = parent < 0 ? -1 : this.#first[parent]
    if (parent >= 0) this.#first[parent] = node
  }

  /** The same of the first `length` nodes, in less room, until it is copied. */
  packed(length: number): Children {
    const packed = new Children(0)
    packed.#parents = new Numbered(length, (node) => this.first(node) >= 0)
    packed.#gaps = new Numbered(length, (node) => this.next(node) !== node - 1)
    packed.#first = new Int32Array(packed.#parents.count)
    packed.#next = new Int32Array(packed.#gaps.count)
    for (let node = 0, parents = 0, gaps = 0; node < length; node++) {
      const first = this.first(node)
      const next = this.next(node)
      if (first >= 0) packed.#first[parents++] = first
      if (next !== node - 1) packed.#next[gaps++] = next
    }
    return packed
  }

  /** The same of the first `length` nodes, with room for `capacity`. */
  copy(length: number, capacity: number): Children {
    const copy = new Children(capacity)
    if (this.#parents === null) {
      copy.#first.set(this.#first.subarray(0, length))
      copy.#next.set(this.#next.subarray(0, length))
    } else
      for (let node = 0; node < length; node++) {
        copy.#first[node] = this.first(node)
        copy.#next[node] = this.next(node)
      }
    return copy
  }
}
