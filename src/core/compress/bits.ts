/** Bits in the order of deflate: the lowest of each byte first (RFC 1951, 3.1.1). */
import { joinedBytes } from '../bytes/join'
import type { ByteSource, Bytes } from '../bytes/source'

/** Read at once; large, since each read is a message to another process in a browser. */
const PIECE = 4 * 1024 * 1024

/** Bits one behind the other, wherever they stood in their bytes before. */
export class BitJoin {
  /** Bits that fill no byte yet. */
  #bits = 0
  #count = 0

  /** How many bits of a byte there are, from 0 to 7. */
  get count(): number {
    return this.#count
  }

  /** `count` bits, eight at most. */
  *add(value: number, count: number): Iterable<Bytes> {
    const bits = this.#bits | (value << this.#count)
    this.#count += count
    this.#bits = bits
    if (this.#count < 8) return
    yield Uint8Array.of(bits & 255)
    this.#bits = bits >>> 8
    this.#count -= 8
  }

  /** Bits [from, end) of `source`, in pieces of a few MiB. Throws the faults of the source. */
  async *copy(source: ByteSource, from: number, end: number): AsyncGenerator<Bytes, void, undefined> {
    const last = Math.ceil(end / 8)
    for (let at = Math.floor(from / 8); from < end; at += PIECE) {
      // One byte more than is stepped over: the last of its bits may be in it.
      const bytes = await source.read(at, Math.min(PIECE + 1, last - at))
      const stop = Math.min(end, (at + PIECE) * 8)
      yield* this.#copyFrom(bytes, from - at * 8, stop - at * 8)
      from = stop
    }
  }

  *#copyFrom(bytes: Bytes, from: number, end: number): Iterable<Bytes> {
    // Whole bytes at one shift, and what is left bit by bit.
    const whole = Math.floor((end - from) / 8)
    if (whole > 0) yield this.#shifted(bytes, from, whole)
    for (let bit = from + whole * 8; bit < end; bit++)
      yield* this.add((bytes[bit >>> 3] >>> (bit & 7)) & 1, 1)
  }

  #shifted(bytes: Bytes, from: number, whole: number): Bytes {
    const start = from >>> 3
    const right = from & 7
    const count = this.#count
    if (right === 0 && count === 0) return bytes.slice(start, start + whole)
    const out = new Uint8Array(whole)
    let held = this.#bits
    for (let i = 0; i < whole; i++) {
      // Past the end of `bytes` it reads nothing, which is 0: those bits are not among the ones that are copied.
      held |= (((bytes[start + i] | (bytes[start + i + 1] << 8)) >>> right) & 255) << count
      out[i] = held
      held >>>= 8
    }
    this.#bits = held
    return out
  }

  /** Zeros to the end of the byte. */
  pad(): Iterable<Bytes> {
    return this.#count === 0 ? [] : this.add(0, 8 - this.#count)
  }

  /** An empty stored block that is not the last one, and with it the end of a byte (RFC 1951, 3.2.4); nothing where that is here. */
  close(): Bytes {
    if (this.#count === 0) return new Uint8Array(0)
    return joinedBytes([...this.add(0, 3), ...this.pad(), Uint8Array.of(0, 0, 255, 255)])
  }
}
