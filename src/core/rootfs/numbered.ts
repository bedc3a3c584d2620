/**
 * Some of the nodes, numbered in their order: what few nodes have then takes a place for each of those, and a bit and a
 * half for all others.
 */
import type { Marks } from './marks'

export class Numbered {
  readonly count: number
  readonly #marks: Marks
  /** By word of marks, how many are set before it. */
  readonly #before: Uint32Array

  /** Those that are marked. The marks become its own. */
  constructor(marks: Marks) {
    const { words } = marks
    this.#marks = marks
    this.#before = new Uint32Array(words.length)
    let count = 0
    for (let word = 0; word < words.length; word++) {
      this.#before[word] = count
      count += bitsOf(words[word])
    }
    this.count = count
  }

  /** A bit a node, as `Marks` has them. */
  get words(): Int32Array {
    return this.#marks.words
  }

  has(node: number): boolean {
    return this.#marks.has(node)
  }

  /** The node's number, from 0; -1 where it is none of them. */
  of(node: number): number {
    const bits = this.#marks.words[node >>> 5]
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
