/** A bit a node: whether it is marked. */
export class Marks {
  #bits: Int32Array

  constructor(capacity: number) {
    this.#bits = new Int32Array((capacity + 31) >>> 5)
  }

  has(node: number): boolean {
    return (this.#bits[node >>> 5] & (1 << (node & 31))) !== 0
  }

  add(node: number): void {
    this.#bits[node >>> 5] |= 1 << (node & 31)
  }

  /** A copy with room for `capacity` nodes. */
  copy(capacity: number): Marks {
    const copy = new Marks(capacity)
    copy.#bits.set(this.#bits.subarray(0, copy.#bits.length))
    return copy
  }
}
