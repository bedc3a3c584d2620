/** A part of a source that knows which part it is: what is made of it may find the same bytes in another form. */
import type { ByteSource, Bytes } from './source'

export class TracedSource implements ByteSource {
  readonly #bytes: ByteSource
  /** Of which source it is a part, as whoever made it numbers them. */
  readonly origin: number
  /** Where it starts in that. */
  readonly at: number

  constructor(bytes: ByteSource, origin: number, at = 0) {
    this.#bytes = bytes
    this.origin = origin
    this.at = at
  }
  get size(): number {
    return this.#bytes.size
  }
  read(at: number, length: number): Promise<Bytes> {
    return this.#bytes.read(at, length)
  }
  slice(at: number, length: number): ByteSource {
    return new TracedSource(this.#bytes.slice(at, length), this.origin, this.at + at)
  }
  stream(signal?: AbortSignal): AsyncIterable<Bytes> {
    return this.#bytes.stream(signal)
  }
  blobParts(): Promise<BlobPart[]> {
    return this.#bytes.blobParts()
  }
}
