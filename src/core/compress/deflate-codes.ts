/** The codes of a deflate block (RFC 1951, 3.2.2 and 3.2.7): what the decoder and who only looks for blocks have in common. */

/** As far back as a match may reach. */
export const WINDOW = 32 * 1024
/** The longest match. */
export const LONGEST = 258
/** Bytes of the longest block header: 17 bits, 19 × 3 bits, 320 × 14 bits. */
export const HEADER_BYTES = 572

/** Why a stream is none; the caller knows the offset. */
export class DeflateError extends Error {}

/** The bits are right as far as they go. */
export class DeflateCutOff extends DeflateError {
  constructor() {
    super('the data ends in the middle')
  }
}

/** Look-up by the next bits: symbol << 4 | length of its code; 0 where no code is. */
export interface Code {
  readonly table: Uint16Array
  readonly mask: number
}

export const lengthBase = new Uint16Array(29)
export const lengthBits = new Uint8Array(29)
export const distanceBase = new Uint16Array(30)
export const distanceBits = new Uint8Array(30)
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
export function codeOf(lengths: Uint8Array, what: string, single: boolean): Code {
  const { next, longest } = codesIn(lengths, what, single)
  const table = new Uint16Array(1 << longest)
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]
    if (length === 0) continue
    const entry = (symbol << 4) | length
    for (let at = reversed(next[length]++, length); at < table.length; at += 1 << length) table[at] = entry
  }
  return { table, mask: table.length - 1 }
}

/** The first code of each length, and the longest length, 0 where there is no code. Throws where the lengths promise more or fewer codes than there are. */
export function codesIn(
  lengths: Uint8Array,
  what: string,
  single: boolean,
): { next: Uint16Array; longest: number } {
  const count = new Uint16Array(16)
  for (const length of lengths) count[length]++
  count[0] = 0
  const longest = Math.max(
    0,
    count.findLastIndex((n) => n > 0),
  )
  if (longest === 0 && !single) throw new DeflateError(`a block without a ${what} code`)
  const next = new Uint16Array(16)
  let code = 0
  let room = 1
  for (let length = 1; length <= longest; length++) {
    code = (code + count[length - 1]) << 1
    next[length] = code
    room = room * 2 - count[length]
    if (room < 0) throw new DeflateError(`more ${what} codes than fit`)
  }
  if (room > 0 && !(single && longest <= 1)) throw new DeflateError(`an incomplete ${what} code`)
  return { next, longest }
}

/** Deflate packs codes with their first bit lowest, so the table is indexed by the code backwards. */
export function reversed(code: number, length: number): number {
  let out = 0
  for (let bit = 0; bit < length; bit++) out |= ((code >> bit) & 1) << (length - 1 - bit)
  return out
}

/** Length of each symbol's code, 0 where it has none. */
export interface CodeLengths {
  readonly literals: Uint8Array
  readonly distances: Uint8Array
}

/** Of the blocks that list none (RFC 1951, 3.2.6). */
export const fixedLengths: CodeLengths = {
  literals: new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280),
  distances: new Uint8Array(32).fill(5),
}

/** Numbers of up to 16 bits, lowest bit first. */
export class BitReader {
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
export function readCodeLengths(reader: BitReader, endBit: number): CodeLengths {
  const literals = reader.take(5) + 257
  const distances = reader.take(5) + 1
  const count = reader.take(4) + 4
  if (literals > 286 || distances > 30) throw new DeflateError('more codes than deflate has')
  const order = new Uint8Array(19)
  for (let index = 0; index < count; index++) order[lengthOrder[index]] = reader.take(3)
  if (reader.bit > endBit) throw new DeflateCutOff()
  const lengths = readLengths(reader, codeOf(order, 'length', false), literals + distances, endBit)
  if (lengths[256] === 0) throw new DeflateError('a block that cannot end')
  return { literals: lengths.subarray(0, literals), distances: lengths.subarray(literals) }
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
