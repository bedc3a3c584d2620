/** A source whose first bytes lie in memory: what only looks at the head (a magic number) asks nobody. */
import type { ByteSource, Bytes } from './source'

export class HeadedSource implements ByteSource {
  readonly size: number
  readonly #head: Bytes
  readonly #rest: ByteSource
  /** @param head the first bytes of `source`, as many as one likes */
  constructor(head: Bytes, source: ByteSource) {
    this.#head = head
    this.#rest = source
    this.size = source.size
  }
  read(at: number, length: number): Promise<Bytes> {
    const inHead = at >= 0 && length >= 0 && at + length <= Math.min(this.#head.length, this.size)
    return inHead ? Promise.resolve(this.#head.subarray(at, at + length)) : this.#rest.read(at, length)
  }
  slice(at: number, length: number): ByteSource {
    return at === 0 && length === this.size ? this : this.#rest.slice(at, length)
  }
  stream(signal?: AbortSignal): AsyncIterable<Bytes> {
    return this.#rest.stream(signal)
  }
  blobParts(): Promise<BlobPart[]> {
    return this.#rest.blobParts()
  }
}
