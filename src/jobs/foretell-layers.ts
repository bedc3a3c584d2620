/** Planned layers by what they come to, so that sizes and IDs are known before a byte is kept. */
import { JoinedSource, type ByteSource, type Bytes } from '../core/bytes/source'
import type { Digest, DiffId } from '../core/digest/digest'
import { ImageError } from '../core/fault/fault'
import { layerBytes, layerParts, layerSize, notAfter } from '../core/rebuild/layer'
import { rewrittenParts } from '../core/rebuild/ranges'
import type { Slot } from '../core/rebuild/stack'
import {
  descriptorOf,
  digestBeside,
  keptLayer,
  packingOf,
  Passing,
  type BuiltLayer,
  type Digesting,
  type LayerMaker,
  type MakerInput,
} from './layer-maker'
import { Packing, type Parts } from './packing'

/**
 * Layers by their sizes and digests alone: what is written passes by and is let go of, so that IDs of an image of any
 * size are known before a byte of it is kept. What `realLayers` makes of the same input has the same.
 */
export function foretoldLayers(input: MakerInput): LayerMaker {
  const { plain, pool, signal, gzip } = input
  const clamp = notAfter(input.epoch)
  const packing = new Packing(packingOf(input))
  let before = 0
  const onBytes = (done: number): void => input.onBytes?.(before + done)

  /** `digesting`: the diff_id, where it is worked out elsewhere meanwhile. */
  const compressed = async (
    parts: Parts,
    slot: Slot | null,
    digesting: Digesting | null,
  ): Promise<BuiltLayer> => {
    const [inner, outer] = [new Passing(), new Passing()]
    let size = 0
    const pieces = packing.gzip(parts, (bytes) => {
      if (digesting === null) inner.take(bytes)
      onBytes((size += bytes.length))
    })
    for await (const piece of pieces) outer.take(piece)
    before += size
    const diffId = ((await digesting?.diffId) ?? inner.digest()) as DiffId
    const descriptor = descriptorOf(diffId, outer.digest(), outer.size, 'gzip')
    return { slot, plain: new SizedSource(size), stored: new SizedSource(outer.size), descriptor }
  }
  return {
    ahead: (slots) => packing.ahead(slots),
    written: async (entries, open, slot) => {
      if (gzip) return compressed(layerParts(entries, open, signal, clamp), slot, null)
      const passing = new Passing()
      for await (const piece of layerBytes(entries, open, signal, clamp)) {
        passing.take(piece)
        onBytes(passing.size)
      }
      before += passing.size
      const made = new SizedSource(passing.size)
      const digest = passing.digest()
      const descriptor = descriptorOf(digest as DiffId, digest, made.size, 'none')
      return { slot, plain: made, stored: made, descriptor }
    },
    rewritten: async (slot, change) => {
      const parts = await rewrittenParts(plain[slot.layer], change, clamp)
      const made = new JoinedSource(parts)
      if (gzip) {
        packing.look(parts)
        return compressed(parts, slot, await digestBeside(made, input))
      }
      const digest = await pool.digest(made, { signal, onBytes })
      before += made.size
      const descriptor = descriptorOf(digest as DiffId, digest, made.size, 'none')
      return { slot, plain: made, stored: made, descriptor }
    },
    kept: (slot) => keptLayer(input, slot, pool),
    tar: async (entries) => new SizedSource(layerSize(entries, clamp)),
    crc: async () => 0,
  }
}

/** Layers of the right sizes under made-up digests, without compression: what new layers would be, plain. */
export function measuredLayers(input: MakerInput): LayerMaker {
  const { plain, epoch, pool } = input
  const clamp = notAfter(epoch)
  let made = 0
  const name = (): Digest => `sha256:${(++made).toString(16).padStart(64, '0')}` as Digest
  const sized = (size: number, slot: Slot | null): BuiltLayer => {
    const digest = name()
    const stored = new SizedSource(size)
    const descriptor = descriptorOf(digest as unknown as DiffId, digest, size, 'none')
    return { slot, plain: stored, stored, descriptor }
  }
  return {
    written: async (entries, _, slot) => sized(layerSize(entries, clamp), slot),
    rewritten: async (slot, change) =>
      sized(new JoinedSource(await rewrittenParts(plain[slot.layer], change, clamp)).size, slot),
    kept: (slot) => keptLayer(input, slot, { ...pool, digest: async () => name() }),
    tar: async (entries) => new SizedSource(layerSize(entries, clamp)),
    crc: async () => 0,
  }
}

/** So many bytes that nobody has written. */
class SizedSource implements ByteSource {
  readonly size: number
  constructor(size: number) {
    this.size = size
  }
  read(): Promise<Bytes> {
    return Promise.reject(new ImageError('internal', 'A layer that was only measured has no bytes.'))
  }
  slice(_at: number, length: number): ByteSource {
    return new SizedSource(length)
  }
  async *stream(): AsyncIterable<Bytes> {
    yield await this.read()
  }
  blobParts(): Promise<BlobPart[]> {
    return this.read().then(() => [])
  }
}
