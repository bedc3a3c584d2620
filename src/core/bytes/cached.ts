/**
 * Many small reads out of a few big ones. A read of a Blob costs about a millisecond whatever its size (measured in
 * Chromium): half a million files read one by one would take ten minutes, in windows they take as long as their bytes.
 */
import type { ByteSource, Bytes } from './source'

const WINDOW = 4 * 1024 * 1024
/** Reads beyond this go to the source: a window would save nothing. */
const SMALL = 1024 * 1024

/** Windows of several sources, the least lately used given up first. Sources that are read side by side share one. */
export class WindowCache {
  readonly #windows = new Map<string, Promise<Bytes>>()
  readonly #most: number
  #sources = 0
  /** `most` windows of 4 MiB are held at the most. */
  constructor(most = 12) {
    this.#most = most
  }
  /** The source, with small reads going through this cache. */
  over(source: ByteSource): ByteSource {
    return new CachedSource(source, this, this.#sources++)
  }
  /** Window `index` of source number `id`; `read` fetches it where it is not held. */
  window(id: number, index: number, read: () => Promise<Bytes>): Promise<Bytes> {
    const key = `${id}/${index}`
    const held = this.#windows.get(key) ?? read()
    this.#windows.delete(key)
    this.#windows.set(key, held) // Last in the map: used last.
    if (this.#windows.size > this.#most) {
      const [oldest] = this.#windows.keys()
      this.#windows.delete(oldest)
    }
    held.catch(() => this.#windows.delete(key))
    return held
  }
}

class CachedSource implements ByteSource {
  readonly size: number
  readonly #source: ByteSource
  readonly #cache: WindowCache
  readonly #id: number
  readonly #from: number

  constructor(source: ByteSource, cache: WindowCache, id: number, from = 0, size = source.size) {
    this.#source = source
    this.#cache = cache
    this.#id = id
    this.#from = from
    this.size = size
  }

  async read(at: number, length: number): Promise<Bytes> {
    const start = this.#from + at
    if (length > SMALL || at < 0 || length < 0 || at + length > this.size)
      return this.#source.slice(this.#from, this.size).read(at, length)
    const first = Math.floor(start / WINDOW)
    const last = Math.floor(Math.max(start, start + length - 1) / WINDOW)
    const head = await this.#window(first)
    const offset = start - first * WINDOW
    if (first === last) return head.subarray(offset, offset + length)
    const joined = new Uint8Array(length)
    const taken = head.subarray(offset)
    joined.set(taken)
    joined.set((await this.#window(last)).subarray(0, length - taken.length), taken.length)
    return joined
  }

  #window(index: number): Promise<Bytes> {
    const at = index * WINDOW
    return this.#cache.window(this.#id, index, () =>
      this.#source.read(at, Math.min(WINDOW, this.#source.size - at)),
    )
  }

  slice(at: number, length: number): ByteSource {
    if (at < 0 || length < 0 || at + length > this.size)
      return this.#source.slice(this.#from, this.size).slice(at, length)
    return new CachedSource(this.#source, this.#cache, this.#id, this.#from + at, length)
  }
  stream(signal?: AbortSignal): AsyncIterable<Bytes> {
    return this.#source.slice(this.#from, this.size).stream(signal)
  }
  blobParts(): Promise<BlobPart[]> {
    return this.#source.slice(this.#from, this.size).blobParts()
  }
}
