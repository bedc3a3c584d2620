/** Planned layers made for good, with their bytes. */
import { JoinedSource, type ByteSource, type Bytes } from '../core/bytes/source'
import { TracedSource } from '../core/bytes/traced'
import { crc32 } from '../core/compress/crc32'
import type { Digest, DiffId } from '../core/digest/digest'
import { faultOf, ImageError } from '../core/fault/fault'
import { layerBytes, layerParts, notAfter } from '../core/rebuild/layer'
import { rewrittenParts } from '../core/rebuild/ranges'
import type { Slot } from '../core/rebuild/stack'
import {
  descriptorOf,
  digestBeside,
  keptLayer,
  packingOf,
  Passing,
  unheard,
  type BuiltLayer,
  type LayerMaker,
  type MakerInput,
} from './layer-maker'
import { Packing } from './packing'
import type { LayerPool } from './pool'
import { joined, Segments, type StoreSegment } from './segments'

export interface RealMaker extends LayerMaker {
  /** Inflates every layer that was compressed. Throws `internal` where one does not hold what it should. */
  prove(): Promise<void>
}

/** A new plain tar, and of which parts it is made. */
interface Made {
  readonly plain: ByteSource
  readonly parts: readonly ByteSource[]
  /** Where it is known already. */
  readonly diffId: Digest | null
}

/** Layers with their bytes. */
export function realLayers(input: MakerInput): RealMaker {
  const { plain, pool, signal, gzip, store } = input
  const clamp = notAfter(input.epoch)
  const packing = new Packing(packingOf(input))
  /** Plain bytes of the layers that are done. */
  let before = 0
  const onBytes = (done: number): void => input.onBytes?.(before + done)
  const proofs: Promise<void>[] = []

  const asItIs = async ({ plain, diffId }: Made, slot: Slot | null): Promise<BuiltLayer> => {
    const digest = diffId ?? (await pool.digest(plain, { signal, onBytes }))
    const descriptor = descriptorOf(digest as DiffId, digest, plain.size, 'none')
    return { slot, plain, stored: plain, descriptor }
  }
  /** Its diff_id is of the plain bytes, its digest of the stored ones. */
  const compressed = async (made: Made, slot: Slot | null): Promise<BuiltLayer> => {
    const { plain, parts } = made
    const inner = new Passing()
    packing.look(parts)
    const digesting = made.diffId ? { diffId: made.diffId } : await digestBeside(plain, input)
    let done = 0
    const pieces = packing.gzip(parts, (bytes) => {
      if (digesting === null) inner.take(bytes)
      onBytes((done += bytes.length))
    })
    const outer = input.hashAsWritten ? new Passing() : null
    const stored = await segmented(outer ? outer.over(pieces) : pieces, store)
    proofs.push(unheard(proveGzip(stored, plain.size, pool, signal)))
    const digest = outer?.digest() ?? (await pool.digest(stored, { signal }))
    const diffId = ((await digesting?.diffId) ?? inner.digest()) as DiffId
    const descriptor = descriptorOf(diffId, digest, stored.size, 'gzip')
    return { slot, plain, stored, descriptor }
  }
  const finished = async (made: Made, slot: Slot | null): Promise<BuiltLayer> => {
    const layer = await (gzip ? compressed(made, slot) : asItIs(made, slot))
    before += made.plain.size
    return layer
  }
  return {
    ahead: (slots) => packing.ahead(slots),
    written: async (entries, open, slot) => {
      const hasher = input.hashAsWritten ? new Passing() : null
      const tar = new TracedTar(store)
      for await (const part of layerParts(entries, open, signal, clamp))
        for await (const piece of part instanceof Uint8Array ? [part] : part.stream(signal)) {
          hasher?.take(piece)
          await tar.push(piece, packing.isWorth(part) ? part : null)
          if (!gzip) onBytes(tar.size)
        }
      return finished({ ...(await tar.finish()), diffId: hasher?.digest() ?? null }, slot)
    },
    rewritten: async (slot, change) => {
      const parts = await rewrittenParts(plain[slot.layer], change, clamp)
      return finished({ plain: new JoinedSource(parts), parts, diffId: null }, slot)
    },
    kept: (slot) => keptLayer(input, slot, pool),
    tar: (entries, open) => segmented(layerBytes(entries, open, signal, clamp), store),
    crc: async (source) => {
      let crc = 0
      for await (const piece of source.stream(signal)) crc = crc32(piece, crc)
      return crc
    },
    prove: async () => void (await Promise.all(proofs)),
  }
}

/** That the platform's own inflater reads what was compressed here, or copied. Throws `internal`, and the faults of the sources. */
async function proveGzip(
  stored: ByteSource,
  due: number,
  pool: LayerPool,
  signal: AbortSignal | undefined,
): Promise<void> {
  const found = await pool.gunzipped(stored, { signal }).then(
    (count) => (count === due ? null : `It holds ${count} bytes, not ${due}.`),
    (thrown: unknown) => {
      const { code, message } = faultOf(thrown)
      if (code !== 'bad-gzip') throw thrown
      return message
    },
  )
  if (found !== null)
    throw new ImageError(
      'internal',
      `A layer that was compressed cannot be read again, so nothing was exported. ${found} Without gzip it can be.`,
    )
}

/** A plain tar as it is written, and which parts of it are parts of layers that lie compressed somewhere. */
class TracedTar {
  readonly #segments: Segments
  readonly #traced: { readonly at: number; readonly source: TracedSource }[] = []

  constructor(store: StoreSegment | undefined) {
    this.#segments = new Segments(store)
  }
  get size(): number {
    return this.#segments.size
  }
  /** `of`: what the piece is a part of. */
  async push(piece: Bytes, of: TracedSource | null): Promise<void> {
    if (of && this.#traced.at(-1)?.source !== of) this.#traced.push({ at: this.size, source: of })
    await this.#segments.push(piece)
  }
  async finish(): Promise<Omit<Made, 'diffId'>> {
    const plain = joined(await this.#segments.finish())
    const parts: ByteSource[] = []
    let end = 0
    for (const { at, source } of this.#traced) {
      if (at > end) parts.push(plain.slice(end, at - end))
      parts.push(new TracedSource(plain.slice(at, source.size), source.origin, source.at))
      end = at + source.size
    }
    return { plain, parts: [...parts, plain.slice(end, plain.size - end)] }
  }
}

async function segmented(pieces: AsyncIterable<Bytes>, store?: StoreSegment): Promise<ByteSource> {
  const segments = new Segments(store)
  for await (const piece of pieces) await segments.push(piece)
  return joined(await segments.finish())
}
