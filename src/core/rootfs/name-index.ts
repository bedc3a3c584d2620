/**
 * Nodes by parent and name: open addressing. Made when paths are looked up, never stored: its hash has another seed in
 * every session, so names that collide cannot be prepared.
 */
import { NodeName } from './node-name'
import type { NodeNames } from './node-names'

/** What the index must know of the tree it is of. */
export interface Named {
  readonly length: number
  readonly parent: Int32Array
  readonly names: NodeNames
}

export class NameIndex {
  /** Entries are node + 1; 0 is free. */
  #slots: Int32Array
  /** Hash of (parent, name) of each node: growing reads no name again, and few that differ are compared. */
  #hash: Int32Array

  private constructor(slots: Int32Array, hashes: Int32Array) {
    this.#slots = slots
    this.#hash = hashes
  }

  static of(tree: Named): NameIndex {
    let slots = 4096
    while (slots < tree.length * 2) slots *= 2
    const index = new NameIndex(new Int32Array(slots), new Int32Array(Math.max(1024, tree.length)))
    const { parent } = tree
    const name = new NodeName(tree.names)
    for (let node = 1; node < tree.length; node++) {
      name.at(node)
      index.#put(node, hash(parent[node], name.bytes, name.from, name.to))
    }
    return index
  }

  copy(): NameIndex {
    return new NameIndex(this.#slots.slice(), this.#hash.slice())
  }

  /** The node at (parent, name); -1 for none. */
  find(tree: Named, parent: number, bytes: Uint8Array, from: number, to: number, hashed: number): number {
    const mask = this.#slots.length - 1
    for (let slot = hashed & mask; ; slot = (slot + 1) & mask) {
      const node = this.#slots[slot] - 1
      if (node < 0) return -1
      if (this.#hash[node] === hashed && tree.parent[node] === parent && tree.names.is(node, bytes, from, to))
        return node
    }
  }

  /** Enters the node that was added to the tree last. */
  enter(node: number, hashed: number): void {
    if (node >= this.#hash.length) {
      const wider = new Int32Array(Math.ceil(node * 1.5))
      wider.set(this.#hash)
      this.#hash = wider
    }
    if ((node + 1) * 2 > this.#slots.length) {
      this.#slots = new Int32Array(this.#slots.length * 2)
      for (let other = 1; other < node; other++) this.#put(other, this.#hash[other])
    }
    this.#put(node, hashed)
  }

  #put(node: number, hashed: number): void {
    this.#hash[node] = hashed
    const mask = this.#slots.length - 1
    let slot = hashed & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = node + 1
  }
}

/** The order of children does not depend on it. */
const SEED = Math.floor(Math.random() * 0x100000000)

/** FNV-1a over the name, seeded with the parent, and turned at each step: FNV's low bits alone would depend on the names' low bits only. */
export function hash(parent: number, bytes: Uint8Array, from: number, to: number): number {
  let h = SEED ^ Math.imul(parent + 1, 0x9e3779b1)
  for (let i = from; i < to; i++) {
    h = Math.imul(h ^ bytes[i], 0x01000193)
    h = (h << 13) | (h >>> 19)
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  return (h ^ (h >>> 13)) | 0
}
