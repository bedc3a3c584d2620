/**
 * Who is whose child. A child that comes stands before its elder siblings, so siblings are gone through from the last
 * that came to the first. While layers are applied that is two columns; packed, it is only what the numbers of nodes do
 * not say: the first child of those that have one, and the next sibling where it is not the node before.
 */
import { Marks } from './marks'
import { Numbered } from './numbered'

/** What packed children come to, to be stored. */
export interface PackedChildren {
  /** A bit a node: whether it has children. */
  readonly parents: Int32Array
  /** For each of those, its child that came last. */
  readonly first: Int32Array
  /** A bit a node: whether the sibling that came before is not the node before. */
  readonly gaps: Int32Array
  /** For each of those, that sibling; -1 for none. */
  readonly next: Int32Array
}

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

  /**
   * Those of the first `length` nodes below the parents that they have, in little room, until they are copied. Nodes come
   * in their order, so parents say it all; in one pass, since an image that is taken up again waits for it.
   */
  static packedOf(parent: Int32Array, length: number): Children {
    const packed = new Children(0)
    const gaps = new Marks(length)
    let count = 0
    for (let node = 1; node < length; node++)
      if (parent[node] !== parent[node - 1]) {
        gaps.add(node)
        count++
      }
    const next = (packed.#next = new Int32Array(count))
    /** By parent, its child that came last; 0, the root, for none. */
    const last = new Int32Array(length)
    const parents = new Marks(length)
    for (let node = 1, gap = 0; node < length; node++) {
      const above = parent[node]
      if (above !== parent[node - 1]) {
        next[gap++] = last[above] || -1
        parents.add(above)
      }
      last[above] = node
    }
    packed.#parents = new Numbered(parents)
    packed.#gaps = new Numbered(gaps)
    const first = (packed.#first = new Int32Array(packed.#parents.count))
    for (let node = 0, at = 0; node < length; node++) if (last[node] > 0) first[at++] = last[node]
    return packed
  }

  /** As they were packed below `parent`; null where they are no children of it, or a way from one to the next would not end. */
  static restored({ parents, first, gaps, next }: PackedChildren, parent: Int32Array): Children | null {
    const { length } = parent
    const words = (length + 31) >>> 5
    if (parents.length !== words || gaps.length !== words) return null
    const packed = new Children(0)
    const isParent = (packed.#parents = new Numbered(new Marks(length, parents as Int32Array<ArrayBuffer>)))
    const isGap = (packed.#gaps = new Numbered(new Marks(length, gaps as Int32Array<ArrayBuffer>)))
    packed.#first = first as Int32Array<ArrayBuffer>
    packed.#next = next as Int32Array<ArrayBuffer>
    if (isParent.count !== first.length || isGap.count !== next.length) return null
    if (isGap.has(0)) return null // The root has no siblings.
    for (let node = 1, gap = 0; node < length; node++) {
      if (isGap.has(node) !== (parent[node] !== parent[node - 1])) return null
      if (!isGap.has(node)) continue
      const before = next[gap++]
      if (!isParent.has(parent[node])) return null
      if (before !== -1 && !(before > 0 && before < node && parent[before] === parent[node])) return null
    }
    for (let at = 0; at < first.length; at++) {
      const child = first[at]
      if (!(child > 0 && child < length) || isParent.of(parent[child]) !== at) return null
    }
    return packed
  }

  /** Null until they are packed. Columns that nobody changes. */
  get packed(): PackedChildren | null {
    if (this.#parents === null || this.#gaps === null) return null
    return {
      parents: this.#parents.words,
      first: this.#first,
      gaps: this.#gaps.words,
      next: this.#next,
    }
  }

  /** Nodes that have children, where they are packed. */
  get parents(): Numbered | null {
    return this.#parents
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
