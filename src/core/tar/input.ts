/** What the scanner reads from: a window that moves forward. Sources seek past big bodies; streams drain them. */
import type { ByteSource, Bytes } from '../bytes/source'
import { throwIfCancelled } from '../fault/fault'

export abstract class TarInput {
  /** Holds the bytes [start, end) of the tar. Replaced, never overwritten: views into it stay good. */
  window: Uint8Array = new Uint8Array(0)
  start = 0
  end = 0
  /** Makes [at, at + length) lie in the window, as far as there are bytes; answers how many there are from `at`. `at` never goes back before `start`. */
  abstract load(at: number, length: number): Promise<number>

  /** Length of the whole tar; a stream is read to its end for it. */
  abstract total(): Promise<number>

  /** A copy of [at, at + length), or what there is of it. For bodies of extension headers. */
  async take(at: number, length: number): Promise<Uint8Array> {
    const got = at + length <= this.end ? length : Math.min(length, await this.load(at, length))
    return this.window.slice(at - this.start, at - this.start + got)
  }
}

/** Windows of 4 MiB: small random reads of a Blob cost about a millisecond each (measured), so none are made. */
const WINDOW = 4 * 1024 * 1024
/** Where bodies are big, reading on is wasted: windows shrink with each jump over this much, and grow again while entries are small. */
const JUMP = 256 * 1024
const LEAST_WINDOW = 64 * 1024

export class SourceInput extends TarInput {
  readonly #source: ByteSource
  readonly #signal: AbortSignal | undefined
  readonly #onBytes: ((done: number) => void) | undefined
  #next = WINDOW
  /** The window behind this one, on its way while entries of this one are read: a scan that waits for each read in turn takes 1.4 times as long as a stream (measured). */
  #ahead: { readonly at: number; readonly length: number; readonly bytes: Promise<Bytes> } | null = null
  constructor(source: ByteSource, signal?: AbortSignal, onBytes?: (done: number) => void) {
    super()
    this.#source = source
    this.#signal = signal
    this.#onBytes = onBytes
  }
  async load(at: number, length: number): Promise<number> {
    throwIfCancelled(this.#signal)
    const left = Math.max(0, this.#source.size - at)
    if (at + length > this.end || at < this.start) {
      if (!(await this.#fromAhead(at, length))) await this.#fromSource(at, length, left)
      this.#onBytes?.(this.end)
    }
    return Math.min(length, left)
  }

  async #fromSource(at: number, length: number, left: number): Promise<void> {
    this.#next =
      at - this.end >= JUMP ? Math.max(LEAST_WINDOW, this.#next / 4) : Math.min(WINDOW, this.#next * 4)
    const take = Math.min(left, Math.max(length, this.#next))
    this.#show(at, await this.#source.read(Math.min(at, this.#source.size), take))
  }

  /** Takes the window that was fetched ahead, where it holds what is asked for. */
  async #fromAhead(at: number, length: number): Promise<boolean> {
    const ahead = this.#ahead
    this.#ahead = null
    if (!ahead || at < ahead.at || at + length > ahead.at + ahead.length) return false
    this.#show(ahead.at, await ahead.bytes)
    return true
  }

  #show(at: number, bytes: Bytes): void {
    this.window = bytes
    this.start = at
    this.end = at + bytes.length
    // Only where windows are at their widest: entries are small there, and the next window is wanted for certain.
    const length = Math.min(WINDOW, this.#source.size - this.end)
    if (bytes.length < WINDOW || length <= 0) return
    const read = this.#source.read(this.end, length)
    read.catch(() => {}) // Whoever takes the window sees the fault; nobody may.
    this.#ahead = { at: this.end, length, bytes: read }
  }
  async total(): Promise<number> {
    return this.#source.size
  }
}

export class StreamInput extends TarInput {
  readonly #chunks: AsyncIterator<Bytes>
  #done = false
  constructor(stream: AsyncIterable<Bytes>) {
    super()
    this.#chunks = stream[Symbol.asyncIterator]()
  }
  async load(at: number, length: number): Promise<number> {
    // Gathered, and joined once: some streams come in pieces of a few bytes (gzip members of one small file each).
    const fresh: Bytes[] = []
    let end = this.end
    while (end < at + length && !this.#done) {
      const { value, done } = await this.#chunks.next()
      if (done) this.#done = true
      else {
        end += value.length
        if (end > at) fresh.push(value)
      }
    }
    if (end > this.end) this.#append(fresh, at, end)
    return Math.max(0, Math.min(length, this.end - at))
  }
  /** A window of what is kept of the old one, from `at`, and the fresh pieces, which end at `end`. */
  #append(fresh: readonly Bytes[], at: number, end: number): void {
    const kept =
      this.end > at ? this.window.subarray(Math.max(at, this.start) - this.start) : this.window.subarray(0, 0)
    const length = fresh.reduce((sum, piece) => sum + piece.length, kept.length)
    this.start = end - length
    this.end = end
    if (fresh.length === 1 && kept.length === 0) {
      this.window = fresh[0]
      return
    }
    this.window = new Uint8Array(length)
    this.window.set(kept)
    let filled = kept.length
    for (const piece of fresh) {
      this.window.set(piece, filled)
      filled += piece.length
    }
  }
  /** Reads to the end: whoever listens to the stream (segments, hasher) sees all of it. */
  async total(): Promise<number> {
    while (!this.#done) await this.load(this.end, 1)
    return this.end
  }
}
