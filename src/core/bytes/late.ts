/** A source that is asked for when the first of its bytes is wanted: of an image out of storage, most layers are never read. */
import { ImageError } from '../fault/fault'
import type { ByteSource, Bytes } from './source'

export class LateSource implements ByteSource {
  readonly size: number
  readonly #open: () => Promise<ByteSource>
  #opening: Promise<ByteSource> | null = null
  #opened: ByteSource | null = null

  /** @param open answers a source of `size` bytes; asked again only where it failed */
  constructor(size: number, open: () => Promise<ByteSource>) {
    this.size = size
    this.#open = open
  }

  #source(): Promise<ByteSource> {
    return (this.#opening ??= this.#open().then(
      (source) => (this.#opened = source),
      (thrown: unknown) => {
        this.#opening = null
        throw thrown
      },
    ))
  }

  async read(at: number, length: number): Promise<Bytes> {
    return (this.#opened ?? (await this.#source())).read(at, length)
  }

  slice(at: number, length: number): ByteSource {
    if (this.#opened) return this.#opened.slice(at, length)
    if (at < 0 || length < 0 || at + length > this.size)
      throw new ImageError('truncated', `There are only ${this.size} bytes.`, { at })
    if (length === this.size) return this
    return new LateSource(length, async () => (await this.#source()).slice(at, length))
  }

  async *stream(signal?: AbortSignal): AsyncIterable<Bytes> {
    yield* (await this.#source()).stream(signal)
  }

  async blobParts(): Promise<BlobPart[]> {
    return (await this.#source()).blobParts()
  }
}
