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

  /** Those whose bit is set: of node n, bit n mod 32 of word n / 32 (`bitsFor`, `setBit`). The bits become its own. */
  constructor(bits: Uint32Array) {
    this.#bits = bits
    this.#before = new Uint32Array(bits.length)
    let count = 0
    for (let word = 0; word < bits.length; word++) {
      this.#before[word] = count
      count += bitsOf(bits[word])
    }
    this.count = count
  }

  /** Those of the first `length` nodes that `holds` answers true for. */
  static where(length: number, holds: (node: number) => boolean): Numbered {
    const bits = bitsFor(length)
    for (let node = 0; node < length; node++) if (holds(node)) setBit(bits, node)
    return new Numbered(bits)
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

/** Bits for so many nodes, none of them set. */
export function bitsFor(length: number): Uint32Array {
  return new Uint32Array((length + 31) >>> 5)
}

export function setBit(bits: Uint32Array, node: number): void {
  bits[node >>> 5] |= 1 << (node & 31)
}

/** How many bits of a word of 32 are set. */
function bitsOf(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
