/** A bit a node: whether it is marked. */
export class Marks {
  /** Of node n, bit n mod 32 of word n / 32. */
  readonly words: Int32Array

  constructor(capacity: number, words = new Int32Array((capacity + 31) >>> 5)) {
    this.words = words
  }

  has(node: number): boolean {
    return (this.words[node >>> 5] & (1 << (node & 31))) !== 0
  }

  add(node: number): void {
    this.words[node >>> 5] |= 1 << (node & 31)
  }

  /** A copy with room for `capacity` nodes. */
  copy(capacity: number): Marks {
    const copy = new Marks(capacity)
    copy.words.set(this.words.subarray(0, copy.words.length))
    return copy
  }
}
