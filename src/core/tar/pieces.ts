/**
 * Bytes that come in pieces, looked at through a window that moves forward. A window is a piece as it came; only what
 * lies across two of them is joined, and nothing else is ever copied.
 *
 *   pieces   ├──────────────────┤├──────────────────┤
 *   windows  ├──────────────────┤              the first piece, while what is asked for lies in it
 *                            ├──────┤          joined: one header across the border
 *                                ├──────────────────┤
 */
import { joinedBytes } from '../bytes/join'
import type { Bytes } from '../bytes/source'
import { letGo } from '../memory/let-go'

export interface Window {
  readonly bytes: Bytes
  /** Offset of its first byte in the whole. */
  readonly start: number
}

export class Pieces {
  readonly #coming: AsyncIterator<Bytes>
  /** Pieces that are not passed yet: #held[#first] starts at #from, the last one ends at #end. */
  #held: Bytes[] = []
  #first = 0
  #from: number
  #end: number
  #done = false

  /** @param start offset of the stream's first byte in the whole */
  constructor(stream: AsyncIterable<Bytes>, start = 0) {
    this.#coming = stream[Symbol.asyncIterator]()
    this.#from = this.#end = start
  }

  /** Where the last piece so far ends; the end of the whole once `done`. */
  get end(): number {
    return this.#end
  }
  get done(): boolean {
    return this.#done
  }

  /** A window that holds [at, at + length), as far as there are bytes. `at` never goes back. Throws what the stream throws. */
  async window(at: number, length: number): Promise<Window> {
    while (this.#end < at + length && !this.#done) {
      const { value, done } = await this.#coming.next()
      if (done) this.#done = true
      else this.#hold(value, at)
    }
    this.#pass(at)
    const first = this.#held[this.#first]
    if (!first) return { bytes: new Uint8Array(0), start: at }
    const alone = this.#first === this.#held.length - 1
    return alone || at + length <= this.#from + first.length
      ? { bytes: first, start: this.#from }
      : { bytes: this.#joined(at, Math.min(at + length, this.#end)), start: at }
  }

  /** Ends the stream early. */
  stop(): void {
    this.#done = true
    this.#pass(Infinity)
    void this.#coming.return?.().catch(() => {}) // Nobody waits for it, and nothing of it is wanted.
  }

  #hold(piece: Bytes, at: number): void {
    this.#pass(at)
    if (piece.length === 0) return
    this.#held.push(piece)
    this.#end += piece.length
  }

  /** Lets go of what lies before `at`. */
  #pass(at: number): void {
    while (this.#first < this.#held.length && this.#from + this.#held[this.#first].length <= at) {
      const piece = this.#held[this.#first++]
      this.#from += piece.length
      letGo(piece)
    }
    // Some streams come in pieces of a few bytes (gzip members of one small file each): taken off one by one from the
    // front, they would move all the others each time.
    if (this.#first === this.#held.length || this.#first > 1024) {
      this.#held = this.#held.slice(this.#first)
      this.#first = 0
    }
  }

  #joined(at: number, to: number): Bytes {
    const bytes = new Uint8Array(to - at)
    let from = this.#from
    for (let i = this.#first; from < to; i++) {
      const piece = this.#held[i]
      bytes.set(piece.subarray(Math.max(0, at - from), to - from), Math.max(0, from - at))
      from += piece.length
    }
    return bytes
  }
}

/** Small copies lie side by side in memory of this size: an array buffer for each costs several times the copying. */
const ARENA = 256 * 1024

/** The same for pieces that are good only until the next one is asked for: a window is a copy of what it shows. */
export class LentPieces {
  readonly #coming: AsyncIterator<Bytes>
  #piece: Bytes = new Uint8Array(0)
  #last: Window = { bytes: this.#piece, start: 0 }
  #arena: Bytes = new Uint8Array(0)
  #used = ARENA
  #end = 0
  #done = false

  constructor(stream: AsyncIterable<Bytes>) {
    this.#coming = stream[Symbol.asyncIterator]()
  }

  /** Where the last piece so far ends; the end of the whole once `done`. */
  get end(): number {
    return this.#end
  }
  get done(): boolean {
    return this.#done
  }

  /** As of `Pieces`, with up to `most` bytes where that is more than was asked for. */
  async window(at: number, length: number, most = length): Promise<Window> {
    const copies: Bytes[] = []
    let to = at
    const add = (copy: Bytes): void => {
      if (copy.length > 0) copies.push(copy)
      to += copy.length
    }
    add(this.#again(at))
    for (;;) {
      add(this.#copied(to, at + Math.max(length, most)))
      if (to >= at + length || this.#done) break
      await this.#next()
    }
    this.#last = { bytes: copies.length === 1 ? copies[0] : joinedBytes(copies), start: at }
    return this.#last
  }

  /** What the window before shows of pieces that are gone. */
  #again(at: number): Bytes {
    const { bytes, start } = this.#last
    return at < this.#end - this.#piece.length ? bytes.subarray(at - start) : bytes.subarray(0, 0)
  }

  /** [at, to), as far as the piece goes. */
  #copied(at: number, to: number): Bytes {
    const from = this.#end - this.#piece.length
    const shown = this.#piece.subarray(Math.max(0, at - from), Math.max(0, to - from))
    if (shown.length > ARENA / 4) return shown.slice()
    if (this.#used + shown.length > ARENA) [this.#arena, this.#used] = [new Uint8Array(ARENA), 0]
    const copy = this.#arena.subarray(this.#used, this.#used + shown.length)
    copy.set(shown)
    this.#used += (shown.length + 3) & ~3 // Words of a window are looked at as words.
    return copy
  }

  async #next(): Promise<void> {
    const { value, done } = await this.#coming.next()
    this.#piece = done ? new Uint8Array(0) : value
    this.#end += this.#piece.length
    if (done) this.#done = true
  }
}
