/** Bytes that come in pieces, put away as Blob segments: the browser keeps those outside this thread's heap, and on disk where they are many. */
import { BlobSource, JoinedSource, type ByteSource, type Bytes } from '../core/bytes/source'

/** Big enough that a 10 GB layer is a few hundred records, small enough that each of four workers can hold one. */
export const SEGMENT = 32 * 1024 * 1024

/** A segment on its way: bytes in memory in their order, or a Blob of them. */
export type Segment = readonly Bytes[] | Blob

export function asBlob(segment: Segment): Blob {
  return segment instanceof Blob ? segment : new Blob([...segment])
}

/** Puts a segment away, and answers where it lies now; null where it cannot be put, and the segment is all there is of it. */
export type StoreSegment<Stored = ByteSource> = (segment: Segment) => Promise<Stored | null>

/** Where bytes go while they are read. */
export interface Keep<Stored = ByteSource> {
  readonly size: number
  /** Whether bytes that were pushed may be written over afterwards. */
  readonly copies: boolean
  push(bytes: Bytes): Promise<void>
  /** The last, shorter segment, and all of them. */
  finish(): Promise<(Stored | Blob)[]>
}

export class Segments<Stored = ByteSource> implements Keep<Stored> {
  readonly #store: StoreSegment<Stored> | undefined
  readonly #most: number
  readonly #sealed: Promise<Stored | Blob>[] = []
  readonly copies = false
  #pending: Bytes[] = []
  #held = 0
  size = 0

  constructor(store?: StoreSegment<Stored>, most = SEGMENT) {
    this.#store = store
    this.#most = most
  }

  /** One segment is on its way to the store while the next one fills; a third waits. */
  async push(bytes: Bytes): Promise<void> {
    this.#pending.push(bytes)
    this.#held += bytes.length
    this.size += bytes.length
    if (this.#held >= this.#most) await this.#seal()
  }

  async #seal(): Promise<void> {
    await this.#sealed.at(-1)
    const stored = this.#away(this.#pending, this.#held)
    this.#pending = []
    this.#held = 0
    stored.catch(() => {}) // Whoever asks for it sees the fault.
    this.#sealed.push(stored)
  }

  async #away(segment: Segment, bytes: number): Promise<Stored | Blob> {
    const stored = (await this.#store?.(segment)) ?? null
    return stored === null ? asBlob(segment) : forgotten<Stored>(bytes)(stored)
  }

  async finish(): Promise<(Stored | Blob)[]> {
    if (this.#held > 0) await this.#seal()
    return Promise.all(this.#sealed)
  }
}

/**
 * For after a Blob was stored: its bytes lie in the browser until this thread's collector frees the handle, and to the
 * collector a handle weighs nothing. A buffer of the same size that nobody touches, and that so takes no memory either,
 * tells it the weight (measured on a layer that inflates to 2 GB: 2.1 GB in the browser's process without, 0.3 with).
 */
export function forgotten<T>(bytes: number): (value: T) => T {
  return (value) => {
    void new ArrayBuffer(bytes)
    return value
  }
}

export function joined(segments: readonly (ByteSource | Blob)[]): ByteSource {
  const sources = segments.map((segment) => (segment instanceof Blob ? new BlobSource(segment) : segment))
  return sources.length === 1 ? sources[0] : new JoinedSource(sources)
}

/** A source as one Blob: a handle, without a copy where its parts are Blobs. */
export async function blobOf(source: ByteSource, type = 'application/octet-stream'): Promise<Blob> {
  return new Blob(await source.blobParts(), { type })
}

/**
 * The bytes themselves as a Blob. Chromium stores a Blob that is a part of a file on disk as that part: once the file is
 * changed or gone, what IndexedDB "holds" cannot be read (seen in version 156).
 */
export async function ownBlob(source: ByteSource): Promise<Blob> {
  const segments = new Segments()
  for await (const piece of source.stream()) await segments.push(piece)
  return blobOf(joined(await segments.finish()), '')
}
