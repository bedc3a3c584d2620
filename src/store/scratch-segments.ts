/** Segments by way of scratch files: two take turns, one on its way to the store while the other is written. */
import type { Bytes } from '../core/bytes/source'
import { forgotten, SEGMENT, Segments, type Keep, type StoreSegment } from '../jobs/segments'
import type { Scratch, ScratchFile } from './scratch'

/** Less than this is gathered in memory: for a small layer, opening a file takes longer than all the rest. */
const SMALL = 1024 * 1024

export class ScratchSegments<Stored> implements Keep<Stored> {
  readonly #scratch: Scratch
  readonly #put: StoreSegment<Stored>
  readonly #most: number
  readonly #sealed: Promise<Stored | Blob>[] = []
  /** The beginning, until there is enough of it for a file. */
  #small: Bytes[] = []
  #file: ScratchFile | null = null
  /** Where the rest goes once a file cannot be written. */
  #memory: Segments<Stored> | null = null
  readonly copies = true
  size = 0

  constructor(scratch: Scratch, put: StoreSegment<Stored>, most = SEGMENT) {
    this.#scratch = scratch
    this.#put = put
    this.#most = most
  }

  async push(bytes: Bytes): Promise<void> {
    this.size += bytes.length
    if (this.#memory) return this.#memory.push(bytes.slice())
    if (this.size < SMALL) return void this.#small.push(bytes.slice())
    try {
      this.#file ??= await this.#scratch.take()
      for (; this.#small.length > 0; this.#small.shift()) this.#file.write(this.#small[0])
      this.#file.write(bytes)
    } catch {
      return this.#toMemory(bytes.slice()) // The disk is full.
    }
    if (this.#file.size >= this.#most) await this.#seal(this.#file)
  }

  async #toMemory(last?: Bytes): Promise<void> {
    // The store takes one after the other; that the last one failed, `finish` says.
    await this.#sealed.at(-1)?.catch(() => {})
    const memory = new Segments(this.#put, this.#most)
    if (this.#file) for (const piece of this.#file.written()) await memory.push(piece)
    for (const bytes of this.#small.splice(0)) await memory.push(bytes)
    if (last) await memory.push(last)
    this.close()
    this.#memory = memory
  }

  /** One segment is on its way to the store while the next one is written; a third waits. */
  async #seal(file: ScratchFile): Promise<void> {
    await this.#sealed.at(-1)
    this.#file = null
    const stored = this.#away(file)
    stored.catch(() => {}) // Whoever asks for it sees the fault.
    this.#sealed.push(stored)
  }

  async #away(file: ScratchFile): Promise<Stored | Blob> {
    try {
      const segment = await file.seal()
      const stored = await this.#put(segment)
      return stored ?? forgotten<Blob>(segment.size)(new Blob([await segment.arrayBuffer()]))
    } finally {
      this.#scratch.give(file)
    }
  }

  async finish(): Promise<(Stored | Blob)[]> {
    if (this.#file) await this.#seal(this.#file)
    else if (this.#small.length > 0) await this.#toMemory()
    const files = await Promise.all(this.#sealed)
    return [...files, ...((await this.#memory?.finish()) ?? [])]
  }

  /** What is not sealed is wanted no more. */
  close(): void {
    if (this.#file) this.#scratch.give(this.#file)
    this.#file = null
  }
}
