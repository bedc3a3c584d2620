/** Bytes at rest, wherever they lie: random access without copying, and a stream in order. */
import { ImageError, throwIfCancelled } from '../fault/fault'
import { toReader } from '../memory/let-go'

export type Bytes = Uint8Array<ArrayBuffer>

export interface ByteSource {
  readonly size: number
  /** Exactly `length` bytes from `at`, or a `truncated` fault. The result may share memory with others: do not write to it. */
  read(at: number, length: number): Promise<Bytes>
  /** From `at` on, at least `least` and at most `most` bytes: as many as one read brings. Where it is not there, `read` brings `most`. */
  readSome?(at: number, least: number, most: number): Promise<Bytes>
  /** A part of it as a source of its own, without a copy. */
  slice(at: number, length: number): ByteSource
  /** All of it, in order, in pieces of at most a few MiB. */
  stream(signal?: AbortSignal): AsyncIterable<Bytes>
  /** The same bytes for `new Blob(parts)`; costs no copy where the source is a Blob. */
  blobParts(): Promise<BlobPart[]>
}

/** Most bytes of a piece of `stream`: large enough that a fixed cost per read vanishes. */
const PIECE = 4 * 1024 * 1024

function truncated(at: number, length: number, size: number): ImageError {
  return new ImageError(
    'truncated',
    `Bytes ${at} to ${at + length} were asked for, and there are only ${size}.`,
    { at },
  )
}

function checkRange(at: number, length: number, size: number): void {
  if (at < 0 || length < 0 || at + length > size) throw truncated(at, length, size)
}

async function* inPieces(source: ByteSource, signal?: AbortSignal): AsyncIterable<Bytes> {
  for (let at = 0; at < source.size; at += PIECE) {
    throwIfCancelled(signal)
    yield await source.read(at, Math.min(PIECE, source.size - at))
  }
}

export class MemorySource implements ByteSource {
  readonly size: number
  readonly #bytes: Bytes
  constructor(bytes: Bytes) {
    this.#bytes = bytes
    this.size = bytes.length
  }
  async read(at: number, length: number): Promise<Bytes> {
    checkRange(at, length, this.size)
    return this.#bytes.subarray(at, at + length)
  }
  slice(at: number, length: number): ByteSource {
    checkRange(at, length, this.size)
    return new MemorySource(this.#bytes.subarray(at, at + length))
  }
  stream(signal?: AbortSignal): AsyncIterable<Bytes> {
    return inPieces(this, signal)
  }
  async blobParts(): Promise<BlobPart[]> {
    return [this.#bytes]
  }
}

/** A File or Blob. A file that changed on disk fails with NotReadableError, which faultOf calls `source-changed`. */
export class BlobSource implements ByteSource {
  readonly size: number
  readonly #blob: Blob
  constructor(blob: Blob) {
    this.#blob = blob
    this.size = blob.size
  }
  async read(at: number, length: number): Promise<Bytes> {
    checkRange(at, length, this.size)
    const buffer = await this.#blob.slice(at, at + length).arrayBuffer()
    if (buffer.byteLength !== length) throw truncated(at, length, at + buffer.byteLength)
    return new Uint8Array(buffer)
  }
  slice(at: number, length: number): ByteSource {
    checkRange(at, length, this.size)
    // A slice is a message to the process that holds the bytes; of 127 kept layers, that adds up.
    return length === this.size ? this : new BlobSource(this.#blob.slice(at, at + length))
  }
  /** The platform's own stream: it costs 0.6 of the CPU of as many slices (measured in Chromium). */
  async *stream(signal?: AbortSignal): AsyncIterable<Bytes> {
    const reader = this.#blob.stream().getReader()
    let at = 0
    try {
      for (;;) {
        throwIfCancelled(signal)
        const { done, value } = await reader.read()
        if (done) break
        at += value.length
        if (value.length <= PIECE) yield toReader(value)
        // WebKit hands out 35 MB at once.
        else for (let i = 0; i < value.length; i += PIECE) yield value.subarray(i, i + PIECE)
      }
      if (at < this.size) throw truncated(at, this.size - at, at)
    } finally {
      void reader.cancel().catch(() => {}) // What is left of it, nobody wants.
    }
  }
  async blobParts(): Promise<BlobPart[]> {
    return [this.#blob]
  }
}

/** Sources one after the other: stored segments, or an archive laid out again from its parts. */
export class JoinedSource implements ByteSource {
  readonly size: number
  /** None of them empty. */
  readonly parts: readonly ByteSource[]
  /** #ends[i]: offset at which part i ends. */
  readonly #ends: Float64Array
  constructor(parts: readonly ByteSource[]) {
    this.parts = parts.filter((part) => part.size > 0)
    this.#ends = new Float64Array(this.parts.length)
    let end = 0
    this.parts.forEach((part, index) => (this.#ends[index] = end += part.size))
    this.size = end
  }
  /** Index of the part that holds offset `at`. */
  #partAt(at: number): number {
    let low = 0
    let high = this.#ends.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ends[middle] <= at) low = middle + 1
      else high = middle
    }
    return low
  }
  /** The ranges of parts that make up [at, at + length). */
  *#ranges(at: number, length: number): Iterable<{ part: ByteSource; from: number; length: number }> {
    for (let index = this.#partAt(at); length > 0; index++) {
      const part = this.parts[index]
      const from = at - (this.#ends[index] - part.size)
      const take = Math.min(length, part.size - from)
      yield { part, from, length: take }
      at += take
      length -= take
    }
  }
  async read(at: number, length: number): Promise<Bytes> {
    checkRange(at, length, this.size)
    const ranges = [...this.#ranges(at, length)]
    if (ranges.length === 1) return ranges[0].part.read(ranges[0].from, length)
    const out = new Uint8Array(length)
    let filled = 0
    for (const range of ranges) {
      out.set(await range.part.read(range.from, range.length), filled)
      filled += range.length
    }
    return out
  }
  /** What is left of the part at `at`, if that is enough: of an archive that is laid out again, headers are parts in memory. */
  async readSome(at: number, least: number, most: number): Promise<Bytes> {
    checkRange(at, least, this.size)
    const index = this.#partAt(at)
    const left = index < this.#ends.length ? this.#ends[index] - at : 0
    return this.read(at, left >= least ? Math.min(left, most) : Math.min(most, this.size - at))
  }
  slice(at: number, length: number): ByteSource {
    checkRange(at, length, this.size)
    const parts = [...this.#ranges(at, length)].map((range) => range.part.slice(range.from, range.length))
    return parts.length === 1 ? parts[0] : new JoinedSource(parts)
  }
  async *stream(signal?: AbortSignal): AsyncIterable<Bytes> {
    for (const part of this.parts) yield* part.stream(signal)
  }
  async blobParts(): Promise<BlobPart[]> {
    return (await Promise.all(this.parts.map((part) => part.blobParts()))).flat()
  }
}

/** Zero bytes without holding them: padding, holes of sparse files. */
export class ZeroSource implements ByteSource {
  readonly size: number
  constructor(size: number) {
    this.size = size
  }
  async read(at: number, length: number): Promise<Bytes> {
    checkRange(at, length, this.size)
    return new Uint8Array(length)
  }
  slice(at: number, length: number): ByteSource {
    checkRange(at, length, this.size)
    return new ZeroSource(length)
  }
  stream(signal?: AbortSignal): AsyncIterable<Bytes> {
    return inPieces(this, signal)
  }
  async blobParts(): Promise<BlobPart[]> {
    const piece = new Uint8Array(Math.min(this.size, PIECE))
    const parts: BlobPart[] = []
    for (let left = this.size; left > 0; left -= piece.length)
      parts.push(piece.subarray(0, Math.min(left, piece.length)))
    return parts
  }
}

/** All of a source at once; for documents and small files. Throws `too-large` beyond `limit` bytes. */
export async function readAll(source: ByteSource, limit: number): Promise<Bytes> {
  if (source.size > limit)
    throw new ImageError('too-large', `This is ${source.size} bytes; at most ${limit} are read at once here.`)
  return source.read(0, source.size)
}
