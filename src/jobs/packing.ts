/**
 * Gzip of new layers: by all hands, and what they keep of layers that are gzip already is copied as it is stored, not
 * deflated again.
 */
import type { ByteSource, Bytes } from '../core/bytes/source'
import { TracedSource } from '../core/bytes/traced'
import type { GzipBlocks } from '../core/compress/gzip-blocks'
import { gzipDeterministic, type PackedBytes } from '../core/compress/gzip-write'
import { faultOf, throwIfCancelled } from '../core/fault/fault'
import type { Layer } from '../core/image/image'
import { runsOf } from '../core/rebuild/ranges'
import type { Slot } from '../core/rebuild/stack'
import type { LayerPool } from './pool'

/** To find the blocks of a layer takes reading all of it: for less than this, to deflate is cheaper. */
const WORTH_LOOKING = 256 * 1024

/** Of stored layers, as long as somebody has them: the size of an export is worked out before it is made. */
const known = new WeakMap<ByteSource, Promise<GzipBlocks | null>>()

export type Parts = AsyncIterable<Bytes | ByteSource> | Iterable<Bytes | ByteSource>

export interface PackingInput {
  /** The layer that a number means. */
  readonly layerOf: (layer: number) => Layer
  /** The plain tars, by the same numbers. */
  readonly plain: readonly ByteSource[]
  readonly pool: LayerPool
  readonly signal?: AbortSignal
}

/** Parts of a tar are found again where they are traced (`traced`). */
export class Packing {
  readonly #input: PackingInput
  /** Whose blocks will be needed, in this order. */
  #next: readonly number[] = []

  constructor(input: PackingInput) {
    this.#input = input
  }

  /** Gzip of a plain tar that is made of these parts. Throws the faults of the sources, `cancelled`. */
  gzip(parts: Parts, onPlain: (bytes: Uint8Array) => void): AsyncIterable<Bytes> {
    const { pool, signal } = this.#input
    const deflate = pool.deflate.bind(pool)
    return gzipDeterministic(this.#packed(parts), { deflate, ahead: pool.width, onPlain, signal })
  }

  /** Whether the blocks of a layer are looked for, for the sake of this part of it. */
  isWorth(part: Bytes | ByteSource): part is TracedSource {
    return part instanceof TracedSource && part.size >= WORTH_LOOKING && this.#isGzip(part.origin)
  }

  #isGzip(layer: number): boolean {
    return this.#input.layerOf(layer).compression === 'gzip'
  }

  /** What will be made, in this order. */
  ahead(slots: readonly Slot[]): void {
    this.#next = slots.flatMap((slot) => {
      const isWorth =
        slot.kind === 'layer' &&
        slot.rewritten !== null &&
        this.#isGzip(slot.layer) &&
        runsOf(slot.rewritten).some((run) => run.kind === 'copy' && run.length >= WORTH_LOOKING)
      return isWorth ? [slot.layer] : []
    })
  }

  /**
   * A layer of these parts will be compressed: the blocks of the layers that they are of are looked for, one layer after the
   * other, and then those for the next one that will be made. All hands but one are free for other work meanwhile.
   */
  look(parts: readonly ByteSource[]): void {
    const layers = new Set(parts.flatMap((part) => (this.isWorth(part) ? [part.origin] : [])))
    const find = async (): Promise<void> => {
      for (const layer of layers) await this.#blocksOf(layer)
      const last = [...layers].at(-1)
      const next = last === undefined ? undefined : this.#next[this.#next.indexOf(last) + 1]
      if (next !== undefined) await this.#blocksOf(next)
    }
    find().catch(() => {}) // Whoever needs them sees the fault.
  }

  async *#packed(parts: Parts): AsyncGenerator<Bytes | PackedBytes, void, undefined> {
    for await (const part of parts)
      if (part instanceof Uint8Array) yield part
      else {
        const packed = this.isWorth(part) ? await this.#find(part) : null
        if (packed) yield packed
        else yield* part.stream(this.#input.signal)
      }
  }

  async #find(part: TracedSource): Promise<PackedBytes | null> {
    const blocks = await this.#blocksOf(part.origin)
    const { source } = this.#input.layerOf(part.origin)
    return blocks && source && { plain: part, stored: source, blocks, at: part.at }
  }

  /** Null where they cannot be told, whatever the reason: then its bytes are deflated, as those of a plain layer are. */
  async #blocksOf(layer: number): Promise<GzipBlocks | null> {
    const { source } = this.#input.layerOf(layer)
    if (!source) return null
    const others = known.get(source)
    if (others)
      try {
        return await others
      } catch {
        throwIfCancelled(this.#input.signal) // It was somebody else who cancelled.
      }
    const blocks = this.#found(source, this.#input.plain[layer].size)
    known.set(source, blocks)
    blocks.catch(() => known.delete(source))
    return blocks
  }

  /** Throws `cancelled` alone. */
  async #found(source: ByteSource, plainBytes: number): Promise<GzipBlocks | null> {
    const { pool, signal } = this.#input
    try {
      const blocks = await pool.gzipBlocks(source, { signal })
      return blocks.plainAt.at(-1) === plainBytes ? blocks : null
    } catch (thrown) {
      if (faultOf(thrown).code === 'cancelled') throw thrown
      return null
    }
  }
}

/** Plain tars whose parts know where they come from. */
export function traced(plain: readonly ByteSource[]): ByteSource[] {
  return plain.map((source, layer) => new TracedSource(source, layer))
}
