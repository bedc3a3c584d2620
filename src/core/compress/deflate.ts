/**
 * Decodes one deflate stream (RFC 1951), for the gzip walker.
 *
 * Our own, for three things that fflate's Inflate does not do: it stops when its output buffer is full (fflate turns
 * whatever it is fed into one buffer, so that half a megabyte of a bomb becomes half a gigabyte), it says where the
 * stream ends, and it refuses the codes that zlib refuses.
 */
import {
  codeOf,
  DeflateError,
  distanceBase,
  distanceBits,
  fixedLengths,
  lengthBase,
  lengthBits,
  LONGEST,
  WINDOW,
  type Code,
  type CodeLengths,
} from './deflate-codes'
import { DeflateStream, type Paused } from './deflate-stream'

const OUTPUT = 256 * 1024
/** Bits of one symbol at most: 15 + 5 for a length, 15 + 13 for a distance. */
const SYMBOL_BITS = 48

interface Codes {
  readonly literals: Code
  readonly distances: Code
}

const codesOf = ({ literals, distances }: CodeLengths): Codes => ({
  literals: codeOf(literals, 'literal', true),
  distances: codeOf(distances, 'distance', true),
})

let fixed: Codes | null = null

/** Call `run` until it says 'end'; on 'output' and 'end', `take` what was decoded. */
export class DeflateDecoder extends DeflateStream {
  /** What was decoded lies between #taken and #filled; the WINDOW bytes before are what matches refer to. */
  readonly #out = new Uint8Array(WINDOW + OUTPUT)
  #filled = WINDOW
  #taken = WINDOW
  /** Bytes decoded in all, as far as a distance can reach: matches before the start are refused. */
  #reach = 0
  #codes: Codes | null = null

  /** The bytes decoded since the last call, as a copy. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#out.slice(this.#taken, this.#filled)
    this.#reach = Math.min(WINDOW, this.#reach + bytes.length)
    this.#out.copyWithin(0, this.#filled - WINDOW, this.#filled)
    this.#filled = this.#taken = WINDOW
    return bytes
  }

  protected startCodes(lengths: CodeLengths): void {
    this.#codes = lengths === fixedLengths ? (fixed ??= codesOf(lengths)) : codesOf(lengths)
  }

  protected bytes(input: Uint8Array, from: number, end: number): number {
    const length = Math.min(end - from, this.#out.length - this.#filled)
    this.#out.set(input.subarray(from, from + length), this.#filled)
    this.#filled += length
    return length
  }

  /** The hot loop: everything it touches is a local. */
  protected symbols(input: Uint8Array, bit: number, endBit: number, last: boolean): Paused {
    const out = this.#out
    const { literals: literalCode, distances: distanceCode } = this.#codes as Codes
    const { table: literals, mask: literalMask } = literalCode
    const { table: distances, mask: distanceMask } = distanceCode
    const stopBit = last ? endBit : endBit - SYMBOL_BITS
    const stopOut = out.length - LONGEST
    /** The lowest index that a match may refer to. */
    const floor = WINDOW - this.#reach
    let filled = this.#filled
    let paused: Paused
    for (;;) {
      if (bit > stopBit) {
        paused = 'input'
        break
      }
      if (filled > stopOut) {
        paused = 'output'
        break
      }
      let at = bit >>> 3
      const entry =
        literals[((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) >>> (bit & 7)) & literalMask]
      if (entry === 0) throw new DeflateError('a literal code that was not defined')
      bit += entry & 15
      const symbol = entry >>> 4
      if (symbol < 256) {
        out[filled++] = symbol
        continue
      }
      if (symbol === 256) {
        paused = bit > endBit ? 'input' : null
        break
      }
      if (symbol > 285) throw new DeflateError('a length code that is reserved')
      at = bit >>> 3
      const moreLength = lengthBits[symbol - 257]
      const length =
        lengthBase[symbol - 257] +
        (((input[at] | (input[at + 1] << 8)) >>> (bit & 7)) & ((1 << moreLength) - 1))
      bit += moreLength
      at = bit >>> 3
      const entry2 =
        distances[((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) >>> (bit & 7)) & distanceMask]
      if (entry2 === 0 || entry2 >= 30 << 4) throw new DeflateError('a distance code that was not defined')
      bit += entry2 & 15
      at = bit >>> 3
      const moreDistance = distanceBits[entry2 >>> 4]
      const distance =
        distanceBase[entry2 >>> 4] +
        (((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) >>> (bit & 7)) &
          ((1 << moreDistance) - 1))
      bit += moreDistance
      let from = filled - distance
      if (from < floor) throw new DeflateError('a match that reaches back before the start')
      const stop = filled + length
      // Byte by byte: a match may overlap what it writes.
      while (filled < stop) out[filled++] = out[from++]
    }
    this.#filled = filled
    this.passed = bit
    return paused
  }
}
