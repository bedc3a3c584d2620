/**
 * Some of the nodes, numbered in their order: what few nodes have then takes a place for each of those, and a bit and a
 * half for all others.
 */
export class Numbered {
  readonly count: number
  /** One bit a node. */
  readonly #bits: Uint32Array
  /** By word of bits, how many are set before it. */
  readonly #before: Uint32Array

  /** Those of the first `length` nodes that `holds` answers true for. */
  constructor(length: number, holds: (node: number) => boolean) {
    const words = (length + 31) >>> 5
    this.#bits = new Uint32Array(words)
    this.#before = new Uint32Array(words)
    let count = 0
    for (let word = 0, node = 0; word < words; word++) {
      let bits = 0
      for (const end = Math.min(length, node + 32); node < end; node++)
        if (holds(node)) bits |= 1 << (node & 31)
      this.#bits[word] = bits
      this.#before[word] = count
      count += bitsOf(bits)
    }
    this.count = count
  }

  has(node: number): boolean {
    return (this.#bits[node >>> 5] & (1 << (node & 31))) !== 0
  }

  /** The node's number, from 0; -1 where it is none of them. */
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
