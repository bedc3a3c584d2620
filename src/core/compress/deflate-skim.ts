/**
 * Goes through a deflate stream without decoding it, to learn where its blocks are and how many plain bytes each holds.
 * Of a symbol only its length in bits counts, and of runs of literals one look-up is enough: as fast as zlib inflates, in
 * JavaScript. What stands in the distances is not looked at.
 */
import {
  codesIn,
  DeflateError,
  distanceBits,
  fixedLengths,
  lengthBase,
  lengthBits,
  reversed,
  type CodeLengths,
} from './deflate-codes'
import { DeflateStream, type BlockKind, type Paused } from './deflate-stream'

/** Bits of the first look-up; longer codes take another. */
const BITS = 11
const FIRST = 1 << BITS
const FIRST_MASK = FIRST - 1
/** Bits that one turn of the loop may take: two look-ups, and a length with its distance. */
const TURN_BITS = 64

/**
 * Entries of the first table: bits in all (5), kind (2), more bits of a length (3), plain bytes. A run is one literal or
 * several whose codes fit.
 */
const KIND = { run: 0, length: 1 << 5, end: 2 << 5, long: 3 << 5 } as const
const KIND_MASK = 3 << 5

/** A block starts at this bit of the input, behind so many plain bytes. */
export type OnBlock = (bit: number, plain: number, kind: BlockKind) => void

export class DeflateSkimmer extends DeflateStream {
  /** Plain bytes that went by. */
  plain = 0
  readonly #onBlock: OnBlock
  readonly #first = new Uint32Array(FIRST)
  /** symbol << 4 | length of its code, of those that fit the first look-up; 0 of others. */
  readonly #single = new Uint16Array(FIRST)
  /** The same of longer codes, by as many bits as the longest has. */
  readonly #long = new Uint16Array(1 << 15)
  #longMask = 0
  /** Bits of a distance: its code and those that follow; 0 where no code is. */
  readonly #distance = new Uint8Array(1 << 15)
  #distanceMask = 0
  #lengths: CodeLengths | null = null

  constructor(onBlock: OnBlock) {
    super()
    this.#onBlock = onBlock
  }

  protected override startBlock(bit: number, kind: BlockKind): void {
    this.#onBlock(bit, this.plain, kind)
  }

  protected bytes(_input: Uint8Array, from: number, end: number): number {
    this.plain += end - from
    return end - from
  }

  protected startCodes(lengths: CodeLengths): void {
    // Blocks of fixed codes may follow each other a hundred thousand times a megabyte.
    if (this.#lengths === lengths) return
    this.#lengths = null
    this.#startLiterals(lengths.literals)
    this.#startDistances(lengths.distances)
    this.#lengths = lengths === fixedLengths ? lengths : null
  }

  #startLiterals(lengths: Uint8Array): void {
    const longest = this.#fillLiterals(lengths)
    this.#longMask = (1 << longest) - 1
    const [first, single] = [this.#first, this.#single]
    for (let index = 0; index < FIRST; index++) {
      const code = single[index]
      const [symbol, bits] = [code >>> 4, code & 15]
      if (bits === 0) first[index] = KIND.long
      else if (symbol < 256) first[index] = runFrom(single, index, bits)
      else if (symbol === 256) first[index] = KIND.end | bits
      else if (symbol > 285) first[index] = KIND.long
      else
        first[index] = KIND.length | bits | (lengthBits[symbol - 257] << 7) | (lengthBase[symbol - 257] << 10)
    }
  }

  /** Answers the length of the longest code. */
  #fillLiterals(lengths: Uint8Array): number {
    const { next, longest } = codesIn(lengths, 'literal', true)
    const [single, long] = [this.#single, this.#long]
    single.fill(0)
    const end = 1 << longest
    // Only what belongs to longer codes is looked at, but of an incomplete code (a single one of one bit) nothing else is.
    if (longest <= 1) long.fill(0, 0, 2)
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const length = lengths[symbol]
      if (length === 0) continue
      const entry = (symbol << 4) | length
      const from = reversed(next[length]++, length)
      if (length <= BITS) for (let at = from; at < FIRST; at += 1 << length) single[at] = entry
      // Two codes that the format reserves stay in the second table, which refuses them.
      if (length > BITS || symbol > 285) for (let at = from; at < end; at += 1 << length) long[at] = entry
    }
    return longest
  }

  #startDistances(lengths: Uint8Array): void {
    const { next, longest } = codesIn(lengths, 'distance', true)
    const distance = this.#distance
    const end = 1 << longest
    // A complete code fills all of it.
    if (longest <= 1) distance.fill(0, 0, 2)
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const length = lengths[symbol]
      if (length === 0) continue
      const bits = symbol < 30 ? length + distanceBits[symbol] : 0
      for (let at = reversed(next[length]++, length); at < end; at += 1 << length) distance[at] = bits
    }
    this.#distanceMask = end - 1
  }

  /** The hot loop: everything it touches is a local. */
  protected symbols(input: Uint8Array, bit: number, endBit: number, last: boolean): Paused {
    const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
    const [first, long, distance] = [this.#first, this.#long, this.#distance]
    const [longMask, distanceMask] = [this.#longMask, this.#distanceMask]
    const stopBit = last ? endBit : endBit - TURN_BITS
    let plain = 0
    let paused: Paused = null
    for (;;) {
      if (bit > stopBit) {
        paused = 'input'
        break
      }
      let word = view.getUint32(bit >>> 3, true) >>> (bit & 7)
      let entry = first[word & FIRST_MASK]
      if ((entry & KIND_MASK) === KIND.run) {
        bit += entry & 31
        plain += entry >>> 10
        word >>>= entry & 31
        entry = first[word & FIRST_MASK]
        if ((entry & KIND_MASK) === KIND.run) {
          bit += entry & 31
          plain += entry >>> 10
          continue
        }
        word = view.getUint32(bit >>> 3, true) >>> (bit & 7)
      }
      const kind = entry & KIND_MASK
      if (kind === KIND.length) {
        const bits = entry & 31
        const more = (entry >>> 7) & 7
        plain += (entry >>> 10) + ((word >>> bits) & ((1 << more) - 1))
        bit += bits + more
      } else if (kind === KIND.end) {
        bit += entry & 31
        break
      } else {
        const code = long[word & longMask]
        const [symbol, bits] = [code >>> 4, code & 15]
        if (bits === 0 || symbol > 285) throw new DeflateError('a literal code that was not defined')
        bit += bits
        if (symbol === 256) break
        if (symbol < 256) {
          plain++
          continue
        }
        const more = lengthBits[symbol - 257]
        plain += lengthBase[symbol - 257] + ((word >>> bits) & ((1 << more) - 1))
        bit += more
      }
      const bits = distance[(view.getUint32(bit >>> 3, true) >>> (bit & 7)) & distanceMask]
      if (bits === 0) throw new DeflateError('a distance code that was not defined')
      bit += bits
    }
    this.plain += plain
    this.passed = bit
    return paused ?? (bit > endBit ? 'input' : null)
  }
}

/** Literals one behind the other whose codes fit the first look-up, from the one of `bits` on. */
function runFrom(single: Uint16Array, index: number, bits: number): number {
  let count = 1
  for (;;) {
    const code = single[index >>> bits]
    const more = code & 15
    if (more === 0 || bits + more > BITS || code >>> 4 > 255) return bits | (count << 10)
    bits += more
    count++
  }
}
