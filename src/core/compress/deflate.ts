/**
 * Decodes one deflate stream (RFC 1951), for the gzip walker.
 *
 * Our own, for three things that fflate's Inflate does not do: it stops when its output buffer is full (fflate turns
 * whatever it is fed into one buffer, so that half a megabyte of a bomb becomes half a gigabyte), it says where the
 * stream ends, and it refuses the codes that zlib refuses.
 */

const WINDOW = 32 * 1024
const OUTPUT = 256 * 1024
/** The longest match; room that must be left before a symbol is decoded. */
const LONGEST = 258
/** Bits of one symbol at most: 15 + 5 for a length, 15 + 13 for a distance. */
const SYMBOL_BITS = 48
/** Bytes of the longest block header: 17 bits, 19 × 3 bits, 320 × 14 bits. */
const HEADER_BYTES = 572

/** Why a stream is none; the caller knows the offset. */
export class DeflateError extends Error {}

/** The bits are right as far as they go. */
export class DeflateCutOff extends DeflateError {
  constructor() {
    super('the data ends in the middle')
  }
}

/** Look-up by the next bits: symbol << 4 | length of its code; 0 where no code is. */
interface Code {
  readonly table: Uint16Array
  readonly mask: number
}

const lengthBase = new Uint16Array(29)
const lengthBits = new Uint8Array(29)
const distanceBase = new Uint16Array(30)
const distanceBits = new Uint8Array(30)
for (let index = 0, base = 3; index < 28; index++) {
  lengthBits[index] = index < 4 ? 0 : (index - 4) >> 2
  lengthBase[index] = base
  base += 1 << lengthBits[index]
}
lengthBase[28] = LONGEST
for (let index = 0, base = 1; index < 30; index++) {
  distanceBits[index] = index < 2 ? 0 : (index - 2) >> 1
  distanceBase[index] = base
  base += 1 << distanceBits[index]
}

/** In which order a dynamic block lists the lengths of its code-length code (RFC 1951, 3.2.7). */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/**
 * The code of these lengths. Incomplete codes are refused like in zlib, but for a single code of one bit
 * (`single`), which writers use where only one distance occurs, and for no code at all.
 */
function codeOf(lengths: Uint8Array, what: string, single: boolean): Code {
  const count = new Uint16Array(16)
  for (const length of lengths) count[length]++
  count[0] = 0
  const longest = count.findLastIndex((n) => n > 0)
  if (longest < 0) {
    if (!single) throw new DeflateError(`a block without a ${what} code`)
    return { table: new Uint16Array(1), mask: 0 }
  }
  const next = firstCodes(count, longest, what, single)
  const table = new Uint16Array(1 << longest)
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]
    if (length === 0) continue
    const entry = (symbol << 4) | length
    for (let at = reversed(next[length]++, length); at < table.length; at += 1 << length) table[at] = entry
  }
  return { table, mask: table.length - 1 }
}

/** The first code of each length; throws where the lengths promise more or fewer codes than there are. */
function firstCodes(count: Uint16Array, longest: number, what: string, single: boolean): Uint16Array {
  const next = new Uint16Array(16)
  let code = 0
  let room = 1
  for (let length = 1; length <= longest; length++) {
    code = (code + count[length - 1]) << 1
    next[length] = code
    room = room * 2 - count[length]
    if (room < 0) throw new DeflateError(`more ${what} codes than fit`)
  }
  if (room > 0 && !(single && longest === 1)) throw new DeflateError(`an incomplete ${what} code`)
  return next
}

/** Deflate packs codes with their first bit lowest, so the table is indexed by the code backwards. */
function reversed(code: number, length: number): number {
  let out = 0
  for (let bit = 0; bit < length; bit++) out |= ((code >> bit) & 1) << (length - 1 - bit)
  return out
}

let fixed: { literals: Code; distances: Code } | null = null

function fixedCodes(): { literals: Code; distances: Code } {
  if (fixed) return fixed
  const literals = new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280)
  fixed = {
    literals: codeOf(literals, 'literal', false),
    distances: codeOf(new Uint8Array(32).fill(5), 'distance', false),
  }
  return fixed
}

export type DeflateStatus = 'input' | 'output' | 'end'

/** Call `run` until it says 'end'; on 'output' and 'end', `take` what was decoded. */
export class DeflateDecoder {
  /** What was decoded lies between #taken and #filled; the WINDOW bytes before are what matches refer to. */
  readonly #out = new Uint8Array(WINDOW + OUTPUT)
  #filled = WINDOW
  #taken = WINDOW
  /** Bytes decoded in all, as far as a distance can reach: matches before the start are refused. */
  #reach = 0
  #state: 'header' | 'stored' | 'coded' | 'end' = 'header'
  #final = false
  #stored = 0
  #literals: Code | null = null
  #distances: Code | null = null
  /** Bits of the byte at `at` that are used already. */
  #bit = 0
  /** After `run`: index of the first byte of the input that was not used whole. */
  at = 0

  /**
   * Decodes input[from, end), behind which 16 more bytes can be read. `last` says that nothing follows it.
   * Throws DeflateError where the bits are none that deflate writes, or end too soon.
   */
  run(input: Uint8Array, from: number, end: number, last: boolean): DeflateStatus {
    this.at = from
    for (;;) {
      if (this.#state === 'end') return 'end'
      const paused = this.#step(input, end, last)
      if (paused === 'input' && last) throw new DeflateCutOff()
      if (paused) return paused
    }
  }

  #step(input: Uint8Array, end: number, last: boolean): 'input' | 'output' | null {
    if (this.#state === 'header') return this.#header(input, end, last)
    return this.#state === 'stored' ? this.#copyStored(input, end) : this.#decode(input, end, last)
  }

  /** The bytes decoded since the last call, as a copy. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#out.slice(this.#taken, this.#filled)
    this.#reach = Math.min(WINDOW, this.#reach + bytes.length)
    this.#out.copyWithin(0, this.#filled - WINDOW, this.#filled)
    this.#filled = this.#taken = WINDOW
    return bytes
  }

  #header(input: Uint8Array, end: number, last: boolean): 'input' | null {
    if (this.#final) {
      this.#endByte()
      this.#state = 'end'
      return null
    }
    if (end - this.at < HEADER_BYTES && !last) return 'input'
    const reader = new BitReader(input, this.at * 8 + this.#bit)
    this.#final = reader.take(1) === 1
    const type = reader.take(2)
    if (type === 0) this.#startStored(reader)
    else if (type === 1) this.#startCoded(fixedCodes())
    else if (type === 2) this.#startCoded(readCodes(reader, end * 8))
    else throw new DeflateError('a block of the type that is reserved')
    if (reader.bit > end * 8) return 'input'
    this.#moveTo(reader.bit)
    return null
  }

  #moveTo(bit: number): void {
    this.at = Math.floor(bit / 8)
    this.#bit = bit & 7
  }

  /** The rest of a started byte is padding. */
  #endByte(): void {
    if (this.#bit > 0) this.at++
    this.#bit = 0
  }

  #startStored(reader: BitReader): void {
    reader.bit = Math.ceil(reader.bit / 8) * 8
    const length = reader.take(16)
    if ((length ^ reader.take(16)) !== 0xffff)
      throw new DeflateError('a stored block whose length contradicts itself')
    this.#stored = length
    this.#state = 'stored'
  }

  #startCoded(codes: { literals: Code; distances: Code }): void {
    this.#literals = codes.literals
    this.#distances = codes.distances
    this.#state = 'coded'
  }

  #copyStored(input: Uint8Array, end: number): 'input' | 'output' | null {
    const length = Math.min(this.#stored, end - this.at, this.#out.length - this.#filled)
    this.#out.set(input.subarray(this.at, this.at + length), this.#filled)
    this.#filled += length
    this.at += length
    this.#stored -= length
    if (this.#stored === 0) this.#state = 'header'
    else return this.#filled === this.#out.length ? 'output' : 'input'
    return null
  }

  /** The hot loop: everything it touches is a local. */
  #decode(input: Uint8Array, end: number, last: boolean): 'input' | 'output' | null {
    const out = this.#out
    const { table: literals, mask: literalMask } = this.#literals as Code
    const { table: distances, mask: distanceMask } = this.#distances as Code
    const endBit = end * 8
    const stopBit = last ? endBit : endBit - SYMBOL_BITS
    const stopOut = out.length - LONGEST
    /** The lowest index that a match may refer to. */
    const floor = WINDOW - this.#reach
    let bit = this.at * 8 + this.#bit
    let filled = this.#filled
    let paused: 'input' | 'output' | null = null
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
        if (bit > endBit) paused = 'input'
        else this.#state = 'header'
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
    if (bit > endBit && last) throw new DeflateCutOff()
    this.#filled = filled
    this.#moveTo(bit)
    return paused
  }
}

/** Numbers of up to 16 bits, lowest bit first. */
class BitReader {
  readonly #input: Uint8Array
  bit: number
  constructor(input: Uint8Array, bit: number) {
    this.#input = input
    this.bit = bit
  }
  peek(): number {
    const at = this.bit >>> 3
    return (
      ((this.#input[at] | (this.#input[at + 1] << 8) | (this.#input[at + 2] << 16)) >>> (this.bit & 7)) &
      0xffff
    )
  }
  take(count: number): number {
    const value = this.peek() & ((1 << count) - 1)
    this.bit += count
    return value
  }
}

/** The codes of a dynamic block. Past `endBit` it reads zeros; the caller looks at where the reader stands. */
function readCodes(reader: BitReader, endBit: number): { literals: Code; distances: Code } {
  const literals = reader.take(5) + 257
  const distances = reader.take(5) + 1
  const count = reader.take(4) + 4
  if (literals > 286 || distances > 30) throw new DeflateError('more codes than deflate has')
  const order = new Uint8Array(19)
  for (let index = 0; index < count; index++) order[lengthOrder[index]] = reader.take(3)
  if (reader.bit > endBit) throw new DeflateCutOff()
  const lengths = readLengths(reader, codeOf(order, 'length', false), literals + distances, endBit)
  if (lengths[256] === 0) throw new DeflateError('a block that cannot end')
  return {
    literals: codeOf(lengths.subarray(0, literals), 'literal', true),
    distances: codeOf(lengths.subarray(literals), 'distance', true),
  }
}

/** Code lengths, run-length coded (RFC 1951, 3.2.7): 16 repeats the last one, 17 and 18 are runs of zeros. */
function readLengths(reader: BitReader, code: Code, total: number, endBit: number): Uint8Array {
  const lengths = new Uint8Array(total)
  for (let at = 0; at < total;) {
    const entry = code.table[reader.peek() & code.mask]
    reader.bit += entry & 15
    if (reader.bit > endBit) throw new DeflateCutOff()
    const symbol = entry >>> 4
    if (symbol < 16) {
      lengths[at++] = symbol
      continue
    }
    if (symbol === 16 && at === 0) throw new DeflateError('a repeated code length with none before it')
    const value = symbol === 16 ? lengths[at - 1] : 0
    const run = symbol === 16 ? 3 + reader.take(2) : symbol === 17 ? 3 + reader.take(3) : 11 + reader.take(7)
    if (at + run > total) throw new DeflateError('more code lengths than there are codes')
    lengths.fill(value, at, at + run)
    at += run
  }
  return lengths
}
