/** A source read in order through one buffer: what a decoder needs that has to look at bytes before it takes them. */
import type { ByteSource } from '../bytes/source'

/** Zero bytes behind the last one, so that a decoder may look ahead without asking where the end is. */
const SLACK = 16

/** Look at `bytes[at]` up to `bytes[end]`; step over bytes by adding to `at`. */
export class SourceWindow {
  bytes = new Uint8Array(SLACK)
  at = 0
  end = 0
  /** No byte of the source lies behind `end`. */
  last = false
  /** Offset of `bytes[0]` in the source. */
  #base = 0
  readonly #pieces: AsyncIterator<Uint8Array>

  constructor(source: ByteSource, signal?: AbortSignal) {
    this.#pieces = source.stream(signal)[Symbol.asyncIterator]()
  }

  /** Offset in the source of the byte at `at`. */
  get offset(): number {
    return this.#base + this.at
  }

  get available(): number {
    return this.end - this.at
  }

  /** Reads on until `length` bytes are in sight; false where the source ends before. */
  async has(length: number): Promise<boolean> {
    while (this.available < length && !this.last) await this.#readOn()
    return this.available >= length
  }

  /** Steps over `length` bytes, in sight or not; false where the source ends before. */
  async skip(length: number): Promise<boolean> {
    while (this.available < length && !this.last) {
      length -= this.available
      this.at = this.end
      await this.#readOn()
    }
    const step = Math.min(length, this.available)
    this.at += step
    return step === length
  }

  /** One more piece behind the bytes in sight. */
  async #readOn(): Promise<void> {
    const { done, value } = await this.#pieces.next()
    if (done) {
      this.last = true
      return
    }
    const rest = this.bytes.subarray(this.at, this.end)
    const bytes = new Uint8Array(rest.length + value.length + SLACK)
    bytes.set(rest)
    bytes.set(value, rest.length)
    this.#base += this.at
    this.bytes = bytes
    this.at = 0
    this.end = rest.length + value.length
  }

  async close(): Promise<void> {
    await this.#pieces.return?.()
  }
}
