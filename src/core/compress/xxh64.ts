/**
 * XXH64 with seed 0, for the checksums of zstd frames. Lanes are pairs of 32-bit halves: with BigInt the loop would
 * take longer than the decoding.
 */

const PRIME1 = 0x9e3779b185ebca87n
const PRIME2 = 0xc2b2ae3d27d4eb4fn
const PRIME3 = 0x165667b19e3779f9n
const PRIME4 = 0x85ebca77c2b2ae63n
const PRIME5 = 0x27d4eb2f165667c5n
const MASK = (1n << 64n) - 1n

const low = (value: bigint): number => Number(value & 0xffffffffn) | 0
const high = (value: bigint): number => Number((value >> 32n) & 0xffffffffn) | 0
const times = (one: bigint, other: bigint): bigint => (one * other) & MASK
const rotated = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & MASK
const rounded = (lane: bigint, input: bigint): bigint =>
  times(rotated((lane + times(input, PRIME2)) & MASK, 31n), PRIME1)

const P1_LOW = low(PRIME1)
const P1_HIGH = high(PRIME1)
const P2_LOW = low(PRIME2)
const P2_HIGH = high(PRIME2)

/** The upper 32 bits of a product of two unsigned 32-bit numbers, from 16-bit parts. */
function upperProduct(one: number, other: number): number {
  const [a, b, c, d] = [one & 0xffff, one >>> 16, other & 0xffff, other >>> 16]
  const inner = Math.imul(b, c)
  const outer = Math.imul(a, d)
  const carry = ((Math.imul(a, c) >>> 16) + (inner & 0xffff) + (outer & 0xffff)) >>> 16
  return Math.imul(b, d) + (inner >>> 16) + (outer >>> 16) + carry
}

export class Xxh64 {
  /** Four lanes, each low half first. */
  readonly #lanes = new Int32Array(8)
  /** Bytes that do not fill a stripe of 32 yet. */
  readonly #rest = new Uint8Array(32)
  #restLength = 0
  #length = 0

  constructor() {
    const start = [PRIME1 + PRIME2, PRIME2, 0n, -PRIME1]
    start.forEach((value, lane) => this.#lanes.set([low(value & MASK), high(value & MASK)], lane * 2))
  }

  update(bytes: Uint8Array): void {
    this.#length += bytes.length
    let at = 0
    if (this.#restLength > 0) {
      at = Math.min(32 - this.#restLength, bytes.length)
      this.#rest.set(bytes.subarray(0, at), this.#restLength)
      this.#restLength += at
      if (this.#restLength < 32) return
      this.#stripes(this.#rest, 0, 32)
    }
    const end = at + ((bytes.length - at) & ~31)
    this.#stripes(bytes, at, end)
    this.#rest.set(bytes.subarray(end))
    this.#restLength = bytes.length - end
  }

  /** Whole stripes: lane = rotl(lane + input × PRIME2, 31) × PRIME1, eight bytes to each of the four lanes. */
  #stripes(bytes: Uint8Array, from: number, end: number): void {
    const lanes = this.#lanes
    for (let at = from; at < end; at += 8) {
      const lane = ((at - from) >>> 2) & 6
      const inLow = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
      const inHigh = bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24)
      const addLow = Math.imul(inLow, P2_LOW)
      const addHigh = upperProduct(inLow, P2_LOW) + Math.imul(inHigh, P2_LOW) + Math.imul(inLow, P2_HIGH)
      const sumLow = (lanes[lane] + addLow) | 0
      const sumHigh = (lanes[lane + 1] + addHigh + (sumLow >>> 0 < addLow >>> 0 ? 1 : 0)) | 0
      const turnedLow = (sumLow << 31) | (sumHigh >>> 1)
      const turnedHigh = (sumHigh << 31) | (sumLow >>> 1)
      lanes[lane] = Math.imul(turnedLow, P1_LOW)
      lanes[lane + 1] =
        upperProduct(turnedLow, P1_LOW) + Math.imul(turnedHigh, P1_LOW) + Math.imul(turnedLow, P1_HIGH)
    }
  }

  digest(): bigint {
    const view = new DataView(this.#rest.buffer)
    let hash = ((this.#length < 32 ? PRIME5 : this.#mergedLanes()) + BigInt(this.#length)) & MASK
    let at = 0
    for (; at + 8 <= this.#restLength; at += 8)
      hash = (times(rotated(hash ^ rounded(0n, view.getBigUint64(at, true)), 27n), PRIME1) + PRIME4) & MASK
    for (; at + 4 <= this.#restLength; at += 4)
      hash =
        (times(rotated(hash ^ times(BigInt(view.getUint32(at, true)), PRIME1), 23n), PRIME2) + PRIME3) & MASK
    for (; at < this.#restLength; at++)
      hash = times(rotated(hash ^ times(BigInt(this.#rest[at]), PRIME5), 11n), PRIME1)
    hash = times(hash ^ (hash >> 33n), PRIME2)
    hash = times(hash ^ (hash >> 29n), PRIME3)
    return hash ^ (hash >> 32n)
  }

  #mergedLanes(): bigint {
    const lanes = new BigUint64Array(this.#lanes.slice().buffer)
    let hash = 0n
    ;[1n, 7n, 12n, 18n].forEach((by, index) => (hash = (hash + rotated(lanes[index], by)) & MASK))
    for (const lane of lanes) hash = (times(hash ^ rounded(0n, lane), PRIME1) + PRIME4) & MASK
    return hash
  }
}
