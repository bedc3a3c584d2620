/**
 * Decodes the blocks of zstd frames (RFC 8878, 3.1.1.2 and 3.1.1.3).
 *
 * Our own, since fzstd moves its whole window for each block, takes no window beyond 32 MiB, and hangs on Huffman
 * weights and match lengths that a hostile layer can hold. Everything here is bounded by the size of a block.
 */
import type { Bytes } from '../bytes/source'
import {
  backwardStart,
  decodeHuffman,
  fseTable,
  readFseTable,
  readHuffmanTable,
  rleTable,
  ZstdError,
  type FseTable,
  type HuffmanTable,
} from './zstd-entropy'

/** No block becomes more than this (RFC 8878, 3.1.1.2.4). */
export const MAX_BLOCK = 128 * 1024
/** Output that is collected behind the window before the window is moved: the more, the rarer that is. */
const SLACK_MIN = 1024 * 1024
const SLACK_MAX = 8 * 1024 * 1024

/** What the codes of lengths stand for: a smallest value and a number of further bits (RFC 8878, 3.1.1.3.2.1.1). */
interface Lengths {
  readonly base: Int32Array
  readonly bits: Uint8Array
}

function lengths(first: number, direct: number, bits: readonly number[]): Lengths {
  const all = [...new Array<number>(direct).fill(0), ...bits]
  const base = new Int32Array(all.length)
  all.forEach((_, code) => (base[code] = code === 0 ? first : base[code - 1] + 2 ** all[code - 1]))
  return { base, bits: Uint8Array.from(all) }
}

const literalLengths = lengths(0, 16, [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
const matchLengths = lengths(3, 32, [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])

interface Kind {
  readonly maxLog: number
  readonly maxSymbol: number
  /** The table where the block brings none (RFC 8878, 3.1.1.3.2.2). */
  readonly usual: FseTable
}

const ones = (count: number, value = 1): number[] => new Array<number>(count).fill(value)
const literalKind: Kind = {
  maxLog: 9,
  maxSymbol: 35,
  usual: fseTable([4, 3, ...ones(11, 2), 1, 1, 1, ...ones(9, 2), 3, 2, ...ones(5), ...ones(4, -1)], 6),
}
const offsetKind: Kind = {
  maxLog: 8,
  maxSymbol: 31,
  usual: fseTable([...ones(6), 2, 2, 2, ...ones(15), ...ones(5, -1)], 5),
}
const matchKind: Kind = {
  maxLog: 9,
  maxSymbol: 52,
  usual: fseTable([1, 4, 3, ...ones(6, 2), ...ones(37), ...ones(7, -1)], 6),
}

/** One for a whole stream of frames: `start` each, `decode` its blocks, `take` what came out. */
export class ZstdDecoder {
  /** The window, then what was decoded and not taken. */
  #out: Bytes = new Uint8Array(SLACK_MIN)
  /** How long #out may become for this frame: reached by growing, since a header can promise what never comes. */
  #capacity = 0
  #filled = 0
  #taken = 0
  /** Bytes of this frame so far. */
  #produced = 0
  #window = 0
  #blockLimit = 0
  readonly #literals = new Uint8Array(MAX_BLOCK)
  /** Where the literals of the block are: in #literals, or as they are in the input. */
  #literalBytes: Uint8Array = this.#literals
  #literalAt = 0
  #literalEnd = 0
  #huffman: HuffmanTable | null = null
  #literalTable: FseTable | null = null
  #offsetTable: FseTable | null = null
  #matchTable: FseTable | null = null
  readonly #repeats = new Int32Array(3)

  get produced(): number {
    return this.#produced
  }

  /** Bytes that can be taken. */
  get ready(): number {
    return this.#filled - this.#taken
  }

  /** Begins a frame; everything before must have been taken. `content` is the promised size of the frame, or null. */
  start(window: number, content: number | null): void {
    // A window larger than the whole content would never be used.
    const reach = Math.min(window, content ?? window)
    this.#capacity = reach + Math.min(SLACK_MAX, Math.max(SLACK_MIN, reach)) + MAX_BLOCK
    this.#filled = this.#taken = 0
    this.#produced = 0
    this.#window = window
    this.#blockLimit = Math.min(window, MAX_BLOCK)
    this.#huffman = this.#literalTable = this.#offsetTable = this.#matchTable = null
    this.#repeats.set([1, 4, 8])
  }

  /** What was decoded since the last call, as a copy. */
  take(): Bytes {
    const bytes = this.#out.slice(this.#taken, this.#filled)
    this.#taken = this.#filled
    return bytes
  }

  /** A block that is stored as it is. */
  raw(input: Uint8Array, at: number, end: number): void {
    this.#makeRoom(end - at)
    this.#out.set(input.subarray(at, end), this.#filled)
    this.#advance(end - at)
  }

  /** A block of `length` times the same byte. */
  repeat(byte: number, length: number): void {
    this.#makeRoom(length)
    this.#out.fill(byte, this.#filled, this.#filled + length)
    this.#advance(length)
  }

  /** A compressed block, input[at, end); behind it 16 more bytes can be read. Throws ZstdError. */
  compressed(input: Uint8Array, at: number, end: number): void {
    this.#makeRoom(this.#blockLimit)
    at = this.#readLiterals(input, at, end)
    at = this.#readSequences(input, at, end)
    const rest = this.#literalEnd - this.#literalAt
    if (at - this.#filled + rest > this.#blockLimit)
      throw new ZstdError('a block that holds more than a block may')
    this.#out.set(this.#literalBytes.subarray(this.#literalAt, this.#literalEnd), at)
    this.#advance(at - this.#filled + rest)
  }

  #advance(length: number): void {
    this.#filled += length
    this.#produced += length
  }

  /** Moves the window to the front where the next block would not fit; takes must have kept up. */
  #makeRoom(length: number): void {
    if (length > this.#blockLimit) throw new ZstdError('a block that holds more than a block may')
    if (this.#filled + length <= this.#out.length) return
    if (this.#out.length < this.#capacity) this.#grow()
    else this.#moveWindow()
    if (this.#filled + length > this.#out.length) throw new ZstdError('more data than the frame promised')
  }

  #grow(): void {
    const larger = new Uint8Array(Math.min(this.#capacity, 2 * this.#out.length))
    larger.set(this.#out.subarray(0, this.#filled))
    this.#out = larger
  }

  #moveWindow(): void {
    const from = Math.max(0, Math.min(this.#taken, this.#filled - this.#window))
    this.#out.copyWithin(0, from, this.#filled)
    this.#filled -= from
    this.#taken -= from
  }

  /** Literals section (RFC 8878, 3.1.1.3.1); answers where the sequences begin. */
  #readLiterals(input: Uint8Array, at: number, end: number): number {
    if (at >= end) throw new ZstdError('an empty block')
    const type = input[at] & 3
    const format = (input[at] >> 2) & 3
    return type < 2
      ? this.#plainLiterals(input, at, end, type === 1, format)
      : this.#codedLiterals(input, at, end, type === 3, format)
  }

  #plainLiterals(input: Uint8Array, at: number, end: number, same: boolean, format: number): number {
    const header = format === 1 ? 2 : format === 3 ? 3 : 1
    const word = input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)
    const size = header === 1 ? input[at] >> 3 : header === 2 ? (word & 0xffff) >> 4 : word >> 4
    at += header
    this.#checkLiterals(at + (same ? 1 : size), end, size)
    if (same) this.#literals.fill(input[at], 0, size)
    this.#literalBytes = same ? this.#literals : input
    this.#literalAt = same ? 0 : at
    this.#literalEnd = this.#literalAt + size
    return at + (same ? 1 : size)
  }

  #checkLiterals(stop: number, end: number, size: number): void {
    if (stop > end) throw new ZstdError('literals that are cut off')
    if (size > this.#blockLimit) throw new ZstdError('more literals than a block may hold')
  }

  #codedLiterals(input: Uint8Array, at: number, end: number, again: boolean, format: number): number {
    // Two sizes of 10, 14 or 18 bits behind the first four: up to 40 bits, so not by shifts alone.
    const width = format < 2 ? 10 : format === 2 ? 14 : 18
    const header = (4 + 2 * width + 4) >> 3
    const low = ((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) >>> 4) & ((1 << width) - 1)
    const highAt = at + ((4 + width) >> 3)
    const high = (input[highAt] | (input[highAt + 1] << 8) | (input[highAt + 2] << 16)) >>> ((4 + width) & 7)
    const size = low
    const stop = at + header + (high & ((1 << width) - 1))
    this.#checkLiterals(stop, end, size)
    at += header
    if (!again) ({ table: this.#huffman, at } = readHuffmanTable(input, at, stop))
    if (!this.#huffman) throw new ZstdError('literals with the tree of a block before, and there is none')
    if (format === 0) decodeHuffman(this.#huffman, input, at, stop, this.#literals, 0, size)
    else this.#fourStreams(this.#huffman, input, at, stop, size)
    this.#literalBytes = this.#literals
    this.#literalAt = 0
    this.#literalEnd = size
    return stop
  }

  /** Four streams of the same number of literals, the last one shorter; the sizes of three come first. */
  #fourStreams(table: HuffmanTable, input: Uint8Array, at: number, stop: number, size: number): void {
    const each = (size + 3) >> 2
    if (stop - at < 10 || 3 * each > size)
      throw new ZstdError('literals in four streams that are too short for it')
    let from = at + 6
    for (let stream = 0; stream < 4; stream++) {
      const length = input[at + 2 * stream] | (input[at + 2 * stream + 1] << 8)
      const end = stream < 3 ? from + length : stop
      if (end > stop) throw new ZstdError('literals that are cut off')
      decodeHuffman(
        table,
        input,
        from,
        end,
        this.#literals,
        stream * each,
        Math.min(size, (stream + 1) * each),
      )
      from = end
    }
  }

  /** Sequences section (RFC 8878, 3.1.1.3.2), carried out; answers how far the output goes then. */
  #readSequences(input: Uint8Array, at: number, end: number): number {
    if (at >= end) throw new ZstdError('a block without its sequences')
    let count = input[at++]
    if (count === 0) {
      if (at !== end) throw new ZstdError('a block that goes on behind its end')
      return this.#filled
    }
    if (count === 255) {
      count = (input[at] | (input[at + 1] << 8)) + 0x7f00
      at += 2
    } else if (count > 127) count = ((count - 128) << 8) | input[at++]
    const modes = input[at++]
    if (at > end || modes & 3) throw new ZstdError('a sequences header that is none')
    const table = (kind: Kind, mode: number, before: FseTable | null): FseTable => {
      const read = readTable(kind, mode, before, input, at, end)
      at = read.at
      return read.table
    }
    this.#literalTable = table(literalKind, modes >> 6, this.#literalTable)
    this.#offsetTable = table(offsetKind, (modes >> 4) & 3, this.#offsetTable)
    this.#matchTable = table(matchKind, (modes >> 2) & 3, this.#matchTable)
    return this.#execute(input, at, end, count, this.#literalTable, this.#offsetTable, this.#matchTable)
  }

  /** The hot loop: each sequence is some literals, then a match. Everything it touches is a local. */
  #execute(
    input: Uint8Array,
    start: number,
    end: number,
    count: number,
    ll: FseTable,
    of: FseTable,
    ml: FseTable,
  ): number {
    const { symbol: llSymbol, bits: llBits, next: llNext } = ll
    const { symbol: ofSymbol, bits: ofBits, next: ofNext } = of
    const { symbol: mlSymbol, bits: mlBits, next: mlNext } = ml
    const { base: llBase, bits: llMore } = literalLengths
    const { base: mlBase, bits: mlMore } = matchLengths
    const out = this.#out
    const literals = this.#literalBytes
    const literalEnd = this.#literalEnd
    const startBit = start * 8
    const blockStart = this.#filled
    const blockEnd = blockStart + this.#blockLimit
    const window = this.#window
    const producedBefore = this.#produced
    let [repeat0, repeat1, repeat2] = this.#repeats
    let literalAt = this.#literalAt
    let filled = blockStart
    let bit = backwardStart(input, start, end)
    // Reads of up to 25 bits: a word of four bytes, shifted by up to seven.
    bit -= ll.log
    let at = bit >> 3
    let llState =
      ((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) >>> (bit & 7)) & ((1 << ll.log) - 1)
    bit -= of.log
    at = bit >> 3
    let ofState =
      ((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) >>> (bit & 7)) & ((1 << of.log) - 1)
    bit -= ml.log
    at = bit >> 3
    let mlState =
      ((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) >>> (bit & 7)) & ((1 << ml.log) - 1)

    for (let left = count; left > 0; left--) {
      const ofCode = ofSymbol[ofState]
      // A window has 27 bits at most, so a larger code reaches back further than anything.
      if (ofCode > 27) throw new ZstdError('a match that reaches back before the window')
      let value = 1 << ofCode
      if (ofCode > 24) {
        bit -= ofCode - 16
        at = bit >> 3
        value |=
          (((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) >>> (bit & 7)) &
            ((1 << (ofCode - 16)) - 1)) <<
          16
        bit -= 16
        at = bit >> 3
        value |= ((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) >>> (bit & 7)) & 0xffff
      } else {
        bit -= ofCode
        at = bit >> 3
        value |=
          ((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16) | (input[at + 3] << 24)) >>> (bit & 7)) &
          ((1 << ofCode) - 1)
      }
      const mlCode = mlSymbol[mlState]
      bit -= mlMore[mlCode]
      at = bit >> 3
      const matchLength =
        mlBase[mlCode] +
        (((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) >>> (bit & 7)) &
          ((1 << mlMore[mlCode]) - 1))
      const llCode = llSymbol[llState]
      bit -= llMore[llCode]
      at = bit >> 3
      const literalLength =
        llBase[llCode] +
        (((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) >>> (bit & 7)) &
          ((1 << llMore[llCode]) - 1))

      if (left > 1) {
        let width = llBits[llState]
        bit -= width
        at = bit >> 3
        llState =
          llNext[llState] +
          (((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) >>> (bit & 7)) & ((1 << width) - 1))
        width = mlBits[mlState]
        bit -= width
        at = bit >> 3
        mlState =
          mlNext[mlState] +
          (((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) >>> (bit & 7)) & ((1 << width) - 1))
        width = ofBits[ofState]
        bit -= width
        at = bit >> 3
        ofState =
          ofNext[ofState] +
          (((input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) >>> (bit & 7)) & ((1 << width) - 1))
      }
      if (bit < startBit) throw new ZstdError('sequences that are cut off')

      // Values 1 to 3 stand for recent distances, one further along where no literals come before the match.
      let distance: number
      if (value > 3) {
        distance = value - 3
        repeat2 = repeat1
        repeat1 = repeat0
        repeat0 = distance
      } else {
        const index = value - (literalLength === 0 ? 0 : 1)
        distance = index === 0 ? repeat0 : index === 1 ? repeat1 : index === 2 ? repeat2 : repeat0 - 1
        if (index > 1) repeat2 = repeat1
        if (index > 0) {
          repeat1 = repeat0
          repeat0 = distance
        }
      }

      const matchAt = filled + literalLength
      const stop = matchAt + matchLength
      if (stop > blockEnd) throw new ZstdError('a block that holds more than a block may')
      if (literalAt + literalLength > literalEnd) throw new ZstdError('more literals used than there are')
      if (distance <= 0 || distance > window || distance > producedBefore + matchAt - blockStart)
        throw new ZstdError('a match that reaches back before the window')

      if (literalLength > 64) {
        out.set(literals.subarray(literalAt, literalAt + literalLength), filled)
        literalAt += literalLength
        filled = matchAt
      } else while (filled < matchAt) out[filled++] = literals[literalAt++]
      let from = matchAt - distance
      if (matchLength > 64 && distance >= matchLength) {
        out.copyWithin(filled, from, from + matchLength)
        filled = stop
      } else while (filled < stop) out[filled++] = out[from++]
    }
    if (bit !== startBit) throw new ZstdError('sequences of another length than promised')
    this.#literalAt = literalAt
    this.#repeats[0] = repeat0
    this.#repeats[1] = repeat1
    this.#repeats[2] = repeat2
    return filled
  }
}

/** The table of one kind of code: the usual one, a single symbol, one that the block brings, or the last one. */
function readTable(
  kind: Kind,
  mode: number,
  before: FseTable | null,
  input: Uint8Array,
  at: number,
  end: number,
): { table: FseTable; at: number } {
  if (mode === 0) return { table: kind.usual, at }
  if (mode === 2) return readFseTable(input, at, end, kind.maxLog, kind.maxSymbol)
  if (mode === 3) {
    if (!before) throw new ZstdError('sequences with the table of a block before, and there is none')
    return { table: before, at }
  }
  if (at >= end || input[at] > kind.maxSymbol) throw new ZstdError('a code that does not exist')
  return { table: rleTable(input[at]), at: at + 1 }
}
