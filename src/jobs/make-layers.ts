/** Planned layers made: for good, or only measured, so that sizes are known before a byte is written. */
import { JoinedSource, type ByteSource, type Bytes } from '../core/bytes/source'
import { crc32 } from '../core/compress/crc32'
import { gzipDeterministic } from '../core/compress/gzip-write'
import type { Digest, DiffId } from '../core/digest/digest'
import { Sha256 } from '../core/digest/sha256'
import { ImageError } from '../core/fault/fault'
import type { Image } from '../core/image/image'
import { contentOf } from '../core/layer/rows'
import type { EntryTable } from '../core/layer/table'
import { layerMediaType, type LayerDescriptor } from '../core/rebuild/document'
import { layerBytes, layerSize, notAfter, type OpenContent } from '../core/rebuild/layer'
import type { PlannedEntry } from '../core/rebuild/plan'
import { rewrittenParts } from '../core/rebuild/ranges'
import type { RewrittenLayer } from '../core/rebuild/rewrite'
import type { Slot } from '../core/rebuild/stack'
import type { Content } from '../core/rootfs/entry'
import type { LayerPool } from './pool'
import { joined, Segments, type StoreSegment } from './segments'

export interface BuiltLayer {
  /** Null for the one layer of a flattened image. */
  readonly slot: Slot | null
  readonly descriptor: LayerDescriptor
  /** Null for a foreign layer that is not in the archive. */
  readonly stored: ByteSource | null
  /** The plain tar of a layer that was written; null for one that stays as it was. */
  readonly plain: ByteSource | null
}

type Entries = Iterable<PlannedEntry>
type OwnSlot = Extract<Slot, { kind: 'layer' }>

export interface LayerMaker {
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

/** Layers with their bytes. */
export function realLayers(input: MakerInput): LayerMaker {
  const { plain, pool, signal, gzip, store } = input
  const clamp = notAfter(input.epoch)
  let before = 0
  const bytes = async (pieces: AsyncIterable<Bytes>): Promise<ByteSource> => {
    const segments = new Segments(store)
    for await (const piece of pieces) {
      await segments.push(piece)
      input.onBytes?.(before + segments.size)
    }
    before += segments.size
    return joined(await segments.finish())
  }
  /** A new plain tar as it is stored: its diff_id is of the plain bytes, its digest of the stored ones. */
  const finished = async (made: ByteSource, slot: Slot | null, known?: Digest): Promise<BuiltLayer> => {
    const diffId = (known ?? (await pool.digest(made, { signal }))) as DiffId
    const stored = gzip ? await segmented(gzipOf(made.stream(signal), input), store) : made
    const digest = gzip ? await pool.digest(stored, { signal }) : diffId
    const mediaType = layerMediaType(gzip ? 'gzip' : 'none', '')
    return { slot, plain: made, stored, descriptor: { diffId, digest, size: stored.size, mediaType } }
  }
  return {
    written: async (entries, open, slot) => {
      const pieces = layerBytes(entries, open, signal, clamp)
      if (!input.hashAsWritten) return finished(await bytes(pieces), slot)
      const passing = new Passing()
      const made = await bytes(passing.over(pieces))
      return finished(made, slot, passing.digest())
    },
    rewritten: async (slot, change) =>
      finished(new JoinedSource(await rewrittenParts(plain[slot.layer], change, clamp)), slot),
    kept: (slot) => keptLayer(input, slot, pool),
    tar: (entries, open) => segmented(layerBytes(entries, open, signal, clamp), store),
    crc: async (source) => {
      let crc = 0
      for await (const piece of source.stream(signal)) crc = crc32(piece, crc)
      return crc
    },
  }
}

/**
 * Layers by their sizes and digests alone: what is written passes by and is let go of, so that IDs of an image of any
 * size are known before a byte of it is kept. What `realLayers` makes of the same input has the same.
 */
export function foretoldLayers(input: MakerInput): LayerMaker {
  const { plain, pool, signal, gzip } = input
  const clamp = notAfter(input.epoch)
  let done = 0
  const passed = async (pieces: AsyncIterable<Bytes>, slot: Slot | null): Promise<BuiltLayer> => {
    const [inner, outer] = [new Passing(), new Passing()]
    const tapped = inner.over(pieces, (count) => input.onBytes?.((done += count)))
    for await (const piece of gzip ? gzipOf(tapped, input) : tapped) if (gzip) outer.take(piece)
    const diffId = inner.digest() as DiffId
    const [digest, size] = gzip ? [outer.digest(), outer.size] : [diffId, inner.size]
    const mediaType = layerMediaType(gzip ? 'gzip' : 'none', '')
    const descriptor = { diffId, digest, size, mediaType }
    return { slot, plain: new SizedSource(inner.size), stored: new SizedSource(size), descriptor }
  }
  return {
    written: (entries, open, slot) => passed(layerBytes(entries, open, signal, clamp), slot),
    rewritten: async (slot, change) => {
      const made = new JoinedSource(await rewrittenParts(plain[slot.layer], change, clamp))
      if (gzip) return passed(made.stream(signal), slot)
      const before = done
      const onBytes = (count: number): void => input.onBytes?.((done = before + count))
      const digest = await pool.digest(made, { signal, onBytes })
      const descriptor = {
        diffId: digest as DiffId,
        digest,
        size: made.size,
        mediaType: layerMediaType('none', ''),
      }
      return { slot, plain: made, stored: made, descriptor }
    },
    kept: (slot) => keptLayer(input, slot, pool),
    tar: async (entries) => new SizedSource(layerSize(entries, clamp)),
    crc: async () => 0,
  }
}

/** Bytes counted and hashed on their way. */
class Passing {
  readonly #hasher = new Sha256()
  size = 0

  take(piece: Bytes): void {
    this.#hasher.update(piece)
    this.size += piece.length
  }

  async *over(
    pieces: AsyncIterable<Bytes>,
    onBytes: (count: number) => void = () => {},
  ): AsyncGenerator<Bytes, void> {
    for await (const piece of pieces) {
      this.take(piece)
      onBytes(piece.length)
      yield piece
    }
  }

  digest(): Digest {
    return this.#hasher.digest()
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
    const descriptor = {
      diffId: digest as unknown as DiffId,
      digest,
      size,
      mediaType: layerMediaType('none', ''),
    }
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

async function keptLayer(input: MakerInput, slot: OwnSlot, pool: LayerPool): Promise<BuiltLayer> {
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

/** Gzip by all hands: while one piece is waited for, the others are worked on. */
function gzipOf(pieces: AsyncIterable<Bytes>, { pool }: MakerInput): AsyncIterable<Bytes> {
  return gzipDeterministic(pieces, (...piece) => pool.deflate(...piece), pool.width)
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

async function segmented(pieces: AsyncIterable<Bytes>, store?: StoreSegment): Promise<ByteSource> {
  const segments = new Segments(store)
  for await (const piece of pieces) await segments.push(piece)
  return joined(await segments.finish())
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
  // eslint-disable-next-line require-yield
  async *stream(): AsyncIterable<Bytes> {
    await this.read()
  }
  blobParts(): Promise<BlobPart[]> {
    return this.read().then(() => [])
  }
}
