/** Steps through one deflate stream block by block (RFC 1951, 3.2.3); what is done with a block's symbols is up to who extends it. */
import {
  BitReader,
  DeflateCutOff,
  DeflateError,
  fixedLengths,
  HEADER_BYTES,
  readCodeLengths,
  type CodeLengths,
} from './deflate-codes'

/** Why it stands still: 'input' is used up, 'output' is full, or it is the 'end'. */
export type DeflateStatus = 'input' | 'output' | 'end'
export type Paused = 'input' | 'output' | null

/** `final`: the last one. `stored`: not compressed, and so with bytes that start where a byte does. */
export interface BlockKind {
  readonly final: boolean
  readonly stored: boolean
}

export abstract class DeflateStream {
  #state: 'header' | 'stored' | 'coded' | 'end' = 'header'
  #final = false
  /** Bytes of a stored block that are still to come. */
  #stored = 0
  /** Bits of the byte at `at` that are used already. */
  #bit = 0
  /** After `run`: index of the first byte of the input that was not used whole. */
  at = 0
  /** At the end: the bit of the input at which the last block ended. */
  ended = 0

  /**
   * Goes through input[from, end), behind which 16 more bytes can be read. `last` says that nothing follows it.
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

  /** A block starts at this bit of the input. */
  protected startBlock(_bit: number, _kind: BlockKind): void {}

  /** The symbols that follow have these codes. */
  protected abstract startCodes(lengths: CodeLengths): void

  /** Symbols from `bit` on, and leaves in `passed` up to where; null where the block has ended. */
  protected abstract symbols(input: Uint8Array, bit: number, endBit: number, last: boolean): Paused

  /** The bit of the input up to which `symbols` came. */
  protected passed = 0

  /** Takes input[from, end), bytes of a stored block, or as many of them as there is room for; answers how many. */
  protected abstract bytes(input: Uint8Array, from: number, end: number): number

  #step(input: Uint8Array, end: number, last: boolean): Paused {
    if (this.#state === 'header') return this.#header(input, end, last)
    return this.#state === 'stored' ? this.#takeStored(input, end) : this.#takeSymbols(input, end, last)
  }

  #header(input: Uint8Array, end: number, last: boolean): 'input' | null {
    if (this.#final) {
      this.ended = this.at * 8 + this.#bit
      this.#endByte()
      this.#state = 'end'
      return null
    }
    if (end - this.at < HEADER_BYTES && !last) return 'input'
    const start = this.at * 8 + this.#bit
    const reader = new BitReader(input, start)
    this.#final = reader.take(1) === 1
    const type = reader.take(2)
    if (type === 0) this.#startStored(reader)
    else if (type === 1) this.#startCoded(fixedLengths)
    else if (type === 2) this.#startCoded(readCodeLengths(reader, end * 8))
    else throw new DeflateError('a block of the type that is reserved')
    if (reader.bit > end * 8) return 'input'
    this.startBlock(start, { final: this.#final, stored: type === 0 })
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

  #startCoded(lengths: CodeLengths): void {
    this.startCodes(lengths)
    this.#state = 'coded'
  }

  #takeStored(input: Uint8Array, end: number): Paused {
    const here = Math.min(this.#stored, end - this.at)
    const taken = this.bytes(input, this.at, this.at + here)
    this.at += taken
    this.#stored -= taken
    if (this.#stored === 0) this.#state = 'header'
    else return taken < here ? 'output' : 'input'
    return null
  }

  #takeSymbols(input: Uint8Array, end: number, last: boolean): Paused {
    const endBit = end * 8
    const paused = this.symbols(input, this.at * 8 + this.#bit, endBit, last)
    if (this.passed > endBit && last) throw new DeflateCutOff()
    if (paused === null) this.#state = 'header'
    this.#moveTo(this.passed)
    return paused
  }
}
