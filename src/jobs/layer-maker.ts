/** What makes the layers of a plan, and what makers have in common, whether they write layers or only tell what those come to. */
import type { ByteSource, Bytes } from '../core/bytes/source'
import type { Digest, DiffId } from '../core/digest/digest'
import { BUFFER_LIMIT, Sha256 } from '../core/digest/sha256'
import { ImageError } from '../core/fault/fault'
import type { Image, Layer } from '../core/image/image'
import { contentOf } from '../core/layer/rows'
import type { EntryTable } from '../core/layer/table'
import { layerMediaType, type LayerDescriptor } from '../core/rebuild/document'
import type { OpenContent } from '../core/rebuild/layer'
import type { PlannedEntry } from '../core/rebuild/plan'
import type { RewrittenLayer } from '../core/rebuild/rewrite'
import type { Slot } from '../core/rebuild/stack'
import type { Content } from '../core/rootfs/entry'
import type { PackingInput } from './packing'
import type { LayerPool } from './pool'
import type { StoreSegment } from './segments'

export interface BuiltLayer {
  /** Null for the one layer of a flattened image. */
  readonly slot: Slot | null
  readonly descriptor: LayerDescriptor
  /** Null for a foreign layer that is not in the archive. */
  readonly stored: ByteSource | null
  /** The plain tar of a layer that was written; null for one that stays as it was. */
  readonly plain: ByteSource | null
}

export type Entries = Iterable<PlannedEntry>
export type OwnSlot = Extract<Slot, { kind: 'layer' }>

export interface LayerMaker {
  /** What is to be made, before any of it is. */
  ahead?(slots: readonly Slot[]): void
  written(entries: Entries, open: OpenContent, slot: Slot | null): Promise<BuiltLayer>
  rewritten(slot: OwnSlot, change: RewrittenLayer): Promise<BuiltLayer>
  kept(slot: OwnSlot): Promise<BuiltLayer>
  /** A tar that is no layer of the image. */
  tar(entries: Entries, open: OpenContent): Promise<ByteSource>
  /** CRC-32 of what a zip is to hold. */
  crc(source: ByteSource): Promise<number>
}

export interface MakerInput {
  readonly image: Image
  /** The image that it is put onto: its layers have the numbers behind the image's own. */
  readonly onto?: Image
  readonly plain: readonly ByteSource[]
  readonly gzip?: boolean
  readonly epoch?: number
  readonly pool: LayerPool
  readonly signal?: AbortSignal
  readonly onBytes?: (done: number) => void
  /** Where new layers are put as they come; by default they stay Blobs. */
  readonly store?: StoreSegment
  /** New layers are hashed while they are written: right where the streaming hasher is as fast as the platform's digest, as in Node. */
  readonly hashAsWritten?: boolean
}

export function descriptorOf(
  diffId: DiffId,
  digest: Digest,
  size: number,
  how: 'gzip' | 'none',
): LayerDescriptor {
  return { diffId, digest, size, mediaType: layerMediaType(how, '') }
}

/** Bytes counted and hashed on their way. */
export class Passing {
  readonly #hasher = new Sha256()
  size = 0

  take(piece: Uint8Array): void {
    this.#hasher.update(piece)
    this.size += piece.length
  }

  async *over(pieces: AsyncIterable<Bytes>): AsyncGenerator<Bytes, void> {
    for await (const piece of pieces) {
      this.take(piece)
      yield piece
    }
  }

  digest(): Digest {
    return this.#hasher.digest()
  }
}

export interface Digesting {
  readonly diffId: Digest | Promise<Digest>
}

/**
 * The diff_id of a new layer that is to be compressed: null where it is hashed on the way to that. The platform's digest is
 * quick and holds the layer twice, so it goes first; a streaming one is slow and holds nothing, so it goes beside.
 */
export async function digestBeside(
  plain: ByteSource,
  { pool, signal, hashAsWritten }: MakerInput,
): Promise<Digesting | null> {
  if (hashAsWritten) return null
  const digest = unheard(pool.digest(plain, { signal }))
  return { diffId: plain.size <= BUFFER_LIMIT ? await digest : digest }
}

/** A promise that is asked for later: until then its fault is nobody's. */
export function unheard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

export function packingOf(input: MakerInput): PackingInput {
  const layerOf = (layer: number): Layer => {
    const [image, index] = layerIn(input, layer)
    return image.layers[index]
  }
  return { layerOf, plain: input.plain, pool: input.pool, signal: input.signal }
}

export async function keptLayer(input: MakerInput, slot: OwnSlot, pool: LayerPool): Promise<BuiltLayer> {
  const [image, index] = layerIn(input, slot.layer)
  const descriptor = await keptDescriptor(image, index, pool, input.signal)
  return { slot, descriptor, stored: image.layers[index].source, plain: null }
}

function layerIn({ image, onto }: MakerInput, layer: number): [Image, number] {
  const { length } = image.layers
  return layer < length || !onto ? [image, layer] : [onto, layer - length]
}

/** One of an image's own layers as it is stored; the digest is computed only where no description gives it. Throws `missing-member`. */
export async function keptDescriptor(
  image: Image,
  index: number,
  pool: LayerPool,
  signal?: AbortSignal,
): Promise<LayerDescriptor> {
  const layer = image.layers[index]
  const absent = layer.source === null
  if (absent && layer.urls.length === 0)
    throw new ImageError(
      'missing-member',
      `Layer ${layer.index} is not in the archive; without it the image cannot be put together. Flatten is not possible either.`,
      { layer: layer.index },
    )
  return {
    diffId: layer.diffId,
    digest: layer.digest ?? (await pool.digest(layer.source!, { signal })),
    size: layer.storedBytes,
    mediaType: layerMediaType(layer.compression, layer.mediaType),
    urls: layer.urls,
    annotations: image.manifest?.json.layers?.[layer.index]?.annotations ?? null,
    absent,
  }
}

/** Where the bytes of entries come from: a range of a layer, or the store of edited files. */
export function contentsOf({
  tables,
  plain,
  stored,
}: {
  readonly tables: readonly EntryTable[]
  readonly plain: readonly ByteSource[]
  readonly stored: (id: string) => Promise<ByteSource>
}): OpenContent {
  return (content: Content) =>
    content.from === 'stored'
      ? stored(content.id)
      : contentOf(plain[content.layer], tables[content.layer], content.row)
}
