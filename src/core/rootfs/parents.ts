/**
 * Numbers for the nodes that have children, in the order of nodes. What directories add up to then takes a place for each
 * of them and none for files, of which there are ten times as many.
 */
import type { Tree } from './tree'

export class Parents {
  readonly count: number
  /** One bit a node. */
  readonly #bits: Uint32Array
  /** By word of bits, how many are set before it. */
  readonly #before: Uint32Array

  /** As the tree is now: children that come later are not seen. */
  constructor({ length, firstChild }: Tree) {
    const words = (length + 31) >>> 5
    this.#bits = new Uint32Array(words)
    this.#before = new Uint32Array(words)
    for (let node = 0; node < length; node++)
      if (firstChild[node] >= 0) this.#bits[node >>> 5] |= 1 << (node & 31)
    let count = 0
    for (let word = 0; word < words; word++) {
      this.#before[word] = count
      count += bitsOf(this.#bits[word])
    }
    this.count = count
  }

  /** The node's number, from 0; -1 where it has no children. */
  of(node: number): number {
    const bits = this.#bits[node >>> 5]
    const bit = 1 << (node & 31)
    return (bits & bit) === 0 ? -1 : this.#before[node >>> 5] + bitsOf(bits & (bit - 1))
  }
}

/** How many bits of a word of 32 are set. */
function bitsOf(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
