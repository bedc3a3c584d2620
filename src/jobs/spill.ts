/**
 * What a compressed layer inflates to, put away while it is read: a Blob that was only made lies in the browser's memory
 * (2 GB of it, of a layer of 13 MB that inflates to 12 GB), one that was stored lies on disk.
 */
import type { SegmentStore, SegmentWriter } from './ports'
import type { StoreSegment } from './segments'

export class Spill {
  readonly #store: SegmentStore
  readonly #key: string
  #writer: Promise<SegmentWriter> | null = null
  #whole = true

  constructor(store: SegmentStore, key: string) {
    this.#store = store
    this.#key = key
  }

  /** Stores a segment; answers what is stored, or null where nothing can be stored any more. */
  readonly put: StoreSegment = async (segment) => {
    if (!this.#whole) return null
    try {
      this.#writer ??= this.#store.write(this.#key)
      return await (await this.#writer).append(segment)
    } catch {
      this.#whole = false // The disk is full, or there is none: keeping the image will say so.
      return null
    }
  }

  /** Makes what was put readable under the key, unless somebody else's is; false where not all of it was stored. */
  async commit(): Promise<boolean> {
    if (!this.#whole || !this.#writer) return false
    if (!(await this.#store.get(this.#key))) await (await this.#writer).commit()
    return true
  }

  /** Gives the room back. Handles that `put` answered are good no more. */
  async abandon(): Promise<void> {
    this.#whole = false
    await (await this.#writer)?.abandon()
  }
}
