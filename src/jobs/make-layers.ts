/** Planned layers made: for good, or only measured, so that sizes are known before a byte is written. */
import { JoinedSource, type ByteSource, type Bytes } from '../core/bytes/source'
import { TracedSource } from '../core/bytes/traced'
import { crc32 } from '../core/compress/crc32'
import type { Digest, DiffId } from '../core/digest/digest'
import { BUFFER_LIMIT, Sha256 } from '../core/digest/sha256'
import { faultOf, ImageError } from '../core/fault/fault'
import type { Image, Layer } from '../core/image/image'
import { contentOf } from '../core/layer/rows'
import type { EntryTable } from '../core/layer/table'
import { layerMediaType, type LayerDescriptor } from '../core/rebuild/document'
import { layerBytes, layerParts, layerSize, notAfter, type OpenContent } from '../core/rebuild/layer'
import type { PlannedEntry } from '../core/rebuild/plan'
import { rewrittenParts } from '../core/rebuild/ranges'
import type { RewrittenLayer } from '../core/rebuild/rewrite'
import type { Slot } from '../core/rebuild/stack'
import type { Content } from '../core/rootfs/entry'
import { Packing, type PackingInput, type Parts } from './packing'
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

export interface RealMaker extends LayerMaker {
  /** Inflates every layer that was compressed. Throws `internal` where one does not hold what it should. */
  prove(): Promise<void>
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
      const parts = layerParts(entries, open, signal, clamp)
      if (gzip) return compressed(parts, slot, null)
      const passing = new Passing()
      for await (const part of parts)
        for await (const piece of part instanceof Uint8Array ? [part] : part.stream(signal)) {
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

interface Digesting {
  readonly diffId: Digest | Promise<Digest>
}

/**
 * The diff_id of a new layer that is to be compressed: null where it is hashed on the way to that. The platform's digest is
 * quick and holds the layer twice, so it goes first; a streaming one is slow and holds nothing, so it goes beside.
 */
async function digestBeside(
  plain: ByteSource,
  { pool, signal, hashAsWritten }: MakerInput,
): Promise<Digesting | null> {
  if (hashAsWritten) return null
  const digest = unheard(pool.digest(plain, { signal }))
  return { diffId: plain.size <= BUFFER_LIMIT ? await digest : digest }
}

/** A promise that is asked for later: until then its fault is nobody's. */
function unheard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

function packingOf(input: MakerInput): PackingInput {
  const layerOf = (layer: number): Layer => {
    const [image, index] = layerIn(input, layer)
    return image.layers[index]
  }
  return { layerOf, plain: input.plain, pool: input.pool, signal: input.signal }
}

function descriptorOf(diffId: DiffId, digest: Digest, size: number, how: 'gzip' | 'none'): LayerDescriptor {
  return { diffId, digest, size, mediaType: layerMediaType(how, '') }
}

/** Bytes counted and hashed on their way. */
class Passing {
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
