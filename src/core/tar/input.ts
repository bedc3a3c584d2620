/** What the scanner reads from: a window that moves forward. Sources seek past big bodies; streams drain them. */
import type { ByteSource, Bytes } from '../bytes/source'
import { throwIfCancelled } from '../fault/fault'
import { LentPieces, Pieces, type Window } from './pieces'

export abstract class TarInput {
  /** Holds the bytes [start, end) of the tar. Views into it are good until the next `load` or `take`. */
  window: Uint8Array = new Uint8Array(0)
  start = 0
  end = 0
  /** Makes [at, at + length) lie in the window, as far as there are bytes; answers how many there are from `at`. `at` never goes back before `start`. */
  abstract load(at: number, length: number): Promise<number>

  /** Length of the whole tar; a stream is read to its end for it. */
  abstract total(): Promise<number>

  /** Nothing more will be read: a stream that is under way is ended. */
  close(): void {}

  protected show({ bytes, start }: Window): void {
    this.window = bytes
    this.start = start
    this.end = start + bytes.length
  }

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
/** A stream is read on over bodies shorter than this: Chromium has as much of it on its way already. */
const STREAMED_JUMP = 2 * 1024 * 1024
/** Bodies from this length on end a run of small ones. */
const BIG = 1024 * 1024

/**
 * Where entries are small, all of the tar is wanted, and a stream brings it at 0.6 of the CPU that slices of 4 MiB take
 * (Chromium); where bodies are big, windows are cut out behind each of them.
 */
export class SourceInput extends TarInput {
  readonly #source: ByteSource
  readonly #signal: AbortSignal | undefined
  readonly #onBytes: ((done: number) => void) | undefined
  #next = WINDOW
  #pieces: Pieces | null = null
  /** Where the entries begin that came since the last big body, and the last of them that moved the window. */
  #runFrom = 0
  #runTo = 0
  /** @param big whether bodies are expected to be big, as in an archive of layers: then the first window is a small one */
  constructor(source: ByteSource, signal?: AbortSignal, onBytes?: (done: number) => void, big = false) {
    super()
    if (big) this.#next = LEAST_WINDOW / 4
    this.#source = source
    this.#signal = signal
    this.#onBytes = onBytes
  }
  async load(at: number, length: number): Promise<number> {
    throwIfCancelled(this.#signal)
    const left = Math.max(0, this.#source.size - at)
    if (at + length > this.end || at < this.start) {
      if (this.#pieces && at - this.#pieces.end >= STREAMED_JUMP) {
        // Starting another one costs as much as a window does. Where hardly anything stood between two big bodies, though,
        // most of what it brings would be passed over too.
        const between = this.#runTo - this.#runFrom
        this.#pieces.stop()
        this.#pieces = between >= STREAMED_JUMP && left > WINDOW ? this.#stream(at) : null
        this.#next = WINDOW / 4
      }
      if (at - this.end >= BIG) this.#runFrom = at
      this.#runTo = at
      if (this.#pieces) this.show(await this.#pieces.window(at, length))
      else await this.#fromSource(at, length, left)
      this.#onBytes?.(Math.min(this.end, this.#source.size))
    }
    return Math.min(length, left)
  }

  #stream(from: number): Pieces {
    const rest = this.#source.slice(from, this.#source.size - from)
    return new Pieces(rest.stream(this.#signal), from)
  }

  async #fromSource(at: number, length: number, left: number): Promise<void> {
    this.#next =
      at - this.end >= JUMP ? Math.max(LEAST_WINDOW, this.#next / 4) : Math.min(WINDOW, this.#next * 4)
    if (this.#next === WINDOW && left > WINDOW) {
      this.#pieces = this.#stream(at)
      this.show(await this.#pieces.window(at, length))
      return
    }
    const take = Math.min(left, Math.max(length, this.#next))
    const from = Math.min(at, this.#source.size)
    const least = Math.min(left, length)
    const bytes = this.#source.readSome
      ? await this.#source.readSome(from, least, take)
      : await this.#source.read(from, take)
    this.show({ bytes, start: at })
  }
  async total(): Promise<number> {
    return this.#source.size
  }
  override close(): void {
    this.#pieces?.stop()
    this.#pieces = null
  }
}

/** Of a stream that is lent, what is looked at is copied: this much, and more where one entry is close behind the other. */
const LEAST_COPY = 2 * 1024
const MOST_COPY = 64 * 1024

export class StreamInput extends TarInput {
  readonly #pieces: Pieces | LentPieces
  #copy = LEAST_COPY
  /** @param lent whether a piece of the stream is good only until the next one is asked for */
  constructor(stream: AsyncIterable<Bytes>, lent = false) {
    super()
    this.#pieces = lent ? new LentPieces(stream) : new Pieces(stream)
  }
  async load(at: number, length: number): Promise<number> {
    if (at + length > this.end) {
      const near = at - this.end < this.#copy / 4
      this.#copy = near ? Math.min(MOST_COPY, this.#copy * 2) : Math.max(LEAST_COPY, this.#copy / 2)
      this.show(await this.#pieces.window(at, length, this.#copy))
    }
    return Math.max(0, Math.min(length, this.end - at))
  }
  /** Reads to the end: whoever listens to the stream (segments, hasher) sees all of it. */
  async total(): Promise<number> {
    while (!this.#pieces.done) await this.load(this.#pieces.end, 1)
    return this.#pieces.end
  }
}
