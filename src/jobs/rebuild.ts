/** Edits and a way to build, to an archive: planned, composed of ranges, opened again and proved. */
import { JoinedSource, type ByteSource, type Bytes } from '../core/bytes/source'
import { gzipDeterministic } from '../core/compress/gzip-write'
import { hexOf, type Digest, type DiffId } from '../core/digest/digest'
import type { Edited } from '../core/edit/apply'
import { editedConfig, type ConfigEdit } from '../core/edit/config'
import { isUntouched, UNTOUCHED, type Stack } from '../core/edit/stack'
import { ImageError, throwIfCancelled } from '../core/fault/fault'
import type { Notice } from '../core/fault/notice'
import type { Image } from '../core/image/image'
import { contentOf } from '../core/layer/rows'
import type { EntryTable } from '../core/layer/table'
import { archiveParts, membersOf, unpackedMembers, type ArchiveMember } from '../core/rebuild/archive'
import { configInstructions, editsContext, scratchContext, splitEdits } from '../core/rebuild/context'
import {
  documentsOf,
  layerMediaType,
  parsedConfig,
  structured,
  type Documents,
  type LayerDescriptor,
} from '../core/rebuild/document'
import { clampedConfig } from '../core/rebuild/epoch'
import { squashLine, stackedHistory, type NewLine } from '../core/rebuild/history'
import { layerBytes, notAfter, type OpenContent } from '../core/rebuild/layer'
import { configLines, editsLine, flatLine } from '../core/rebuild/lines'
import { difference, flattened, type PlannedEntry } from '../core/rebuild/plan'
import { rewrittenParts } from '../core/rebuild/ranges'
import { appended, mustStand, planStack, type Slot, type StackPlan } from '../core/rebuild/stack'
import type { Content } from '../core/rootfs/entry'
import type { LayerPool } from './pool'
import { proveDocuments, proveTree, type BuiltLayer } from './proof'
import { joinedBlobs, Segments } from './segments'

/**
 * append: the edits are one more layer. rewrite: the same, and what was removed is taken out of the layers below.
 * squash: layers from one on become one with the edits. flatten: all becomes one layer.
 */
export type Build = 'append' | 'rewrite' | 'squash' | 'flatten'
/**
 * rootfs: the root filesystem alone, as `docker export` writes it; for `docker import`, WSL, LXC. context: a Dockerfile
 * with what it needs, FROM scratch, or with the build append FROM the image that was opened. unpacked: LAYER_0.tar and
 * further, with the documents in metadata/.
 */
export type Format = 'docker' | 'oci' | 'rootfs' | 'context' | 'unpacked'

export interface RebuildInput {
  readonly image: Image
  readonly tables: readonly EntryTable[]
  /** The plain tar of each layer, base first. */
  readonly plain: readonly ByteSource[]
  readonly edited: Edited
  /** What the recipe does to whole layers; the tree in `edited` is without those that are dropped. */
  readonly stack?: Stack
  readonly configEdits: readonly ConfigEdit[]
  readonly tags: readonly string[]
  readonly build: Build
  /** With the build squash: the lowest layer that is squashed. */
  readonly squashFrom?: number
  readonly format: Format
  /** New layers are compressed; those that stay keep their bytes. */
  readonly gzip?: boolean
  /** Seconds: what is written bears no later time. */
  readonly epoch?: number
  /** Contents of edited files. */
  readonly stored: (id: string) => Promise<ByteSource>
  readonly pool: LayerPool
  readonly signal?: AbortSignal
  readonly onBytes?: (done: number) => void
}

export interface Rebuilt {
  readonly archive: ByteSource
  readonly documents: Documents
  readonly layers: readonly LayerDescriptor[]
  /** What our own reader says about the result; an error means it must not be offered. */
  readonly notices: readonly Notice[]
}

/** Throws `bad-reference`, `bad-operation`, `layer-count`, the faults of reading; `internal` where the result is not the tree that was to be built. */
export async function rebuild(input: RebuildInput): Promise<Rebuilt> {
  const config = configOf(input)
  const plan = planOf(input)
  const layers = plan ? await stackedLayers(plan, input) : [await flatLayer(input)]
  const descriptors = layers.map(({ descriptor }) => descriptor)
  const documents = await documentsOf(
    input.image,
    structured(config, diffIdsOf(descriptors, input.image), historyOf(config, plan, layers, input)),
    descriptors,
    input.tags,
  )
  const notices: Notice[] = []
  const archive = await written(layers, plan, documents, input)
  if (input.format === 'docker' || input.format === 'oci')
    notices.push(...(await proveDocuments(archive, documents, input.signal)))
  notices.push(...(await proveTree(layers, plan, input)))
  return { archive, documents, layers: descriptors, notices }
}

async function written(
  layers: readonly BuiltLayer[],
  plan: StackPlan | null,
  documents: Documents,
  input: RebuildInput,
): Promise<ByteSource> {
  const { format } = input
  switch (format) {
    case 'rootfs':
      return layers[0].stored!
    case 'context':
      return tarOf(
        plan
          ? await editsContextOf(layers, documents, input)
          : scratchContext(parsedConfig(documents.config), layers[0].plain!),
      )
    case 'unpacked':
      return tarOf(
        unpackedMembers(
          documents,
          layers.map((layer) => plainOf(layer, input)),
        ),
      )
    default: {
      const blobs = new Map<string, ByteSource>()
      for (const { descriptor, stored } of layers) if (stored) blobs.set(descriptor.digest, stored)
      return tarOf(
        membersOf(
          documents,
          layers.map(({ descriptor }) => descriptor),
          blobs,
          format,
        ),
      )
    }
  }
}

function tarOf(members: readonly ArchiveMember[]): ByteSource {
  return new JoinedSource(archiveParts(members))
}

function plainOf({ plain, slot }: BuiltLayer, input: RebuildInput): ByteSource {
  return plain ?? input.plain[(slot as Extract<Slot, { kind: 'layer' }>).layer]
}

async function editsContextOf(
  layers: readonly BuiltLayer[],
  documents: Documents,
  input: RebuildInput,
): Promise<ArchiveMember[]> {
  const [from] = input.image.tags
  if (from === undefined)
    throw new ImageError(
      'bad-operation',
      'The image has no name that a Dockerfile could start FROM; take the build flatten for one FROM scratch.',
    )
  const hasEdits = layers.some(({ slot }) => slot?.kind === 'top')
  const split = splitEdits(hasEdits ? difference(input.edited) : [])
  const open = contentsOf(input)
  const tar = await segmented(layerBytes(split.unpacked, open, input.signal, notAfter(input.epoch)))
  const lines = configInstructions(parsedConfig(documents.config), input.configEdits)
  const user = input.image.config.config?.User
  return editsContext(from, split, tar, lines, typeof user === 'string' ? user : '', open)
}

/** The config with the edits in it, before it names the new layers. */
function configOf({ image, configEdits, epoch }: RebuildInput): ReturnType<typeof editedConfig> {
  const config = editedConfig(image.configBytes, configEdits)
  const lines = (bytes: typeof config): number =>
    (parsedConfig(bytes).history ?? []).filter((line) => !line.empty_layer).length
  const now = lines(config)
  if (now !== 0 && now !== lines(image.configBytes))
    throw new ImageError(
      'bad-operation',
      `The edited history speaks of ${now} layers, the image has ${image.layers.length}: engines would give its lines to the wrong ones.`,
    )
  return epoch === undefined ? config : clampedConfig(config, epoch)
}

/** Null where all becomes one layer. */
function planOf(input: RebuildInput): StackPlan | null {
  const { build, format, stack = UNTOUCHED, edited, tables } = input
  if (build === 'flatten' || format === 'rootfs' || (format === 'context' && build !== 'append')) {
    mustStand(edited.tree, stack)
    return null
  }
  if (build === 'append') {
    if (!isUntouched(stack))
      throw new ImageError(
        'bad-operation',
        'The recipe drops, squashes or scrubs layers, and adding a layer leaves those below as they are: choose the build rewrite, squash or flatten.',
      )
    return appended(tables, edited)
  }
  const from = build === 'squash' ? (input.squashFrom ?? 0) : null
  if (from !== null && (from < 0 || from >= tables.length || !Number.isInteger(from)))
    throw new ImageError(
      'bad-operation',
      `Squashing cannot start at layer ${from}; the image has ${tables.length}.`,
    )
  return planStack({ tables, edited, stack, scrubRemoved: build === 'rewrite', squashFrom: from })
}

function diffIdsOf(layers: readonly LayerDescriptor[], image: Image): DiffId[] | null {
  const same =
    layers.length === image.layers.length &&
    layers.every(({ diffId }, i) => diffId === image.layers[i].diffId)
  return same ? null : layers.map(({ diffId }) => diffId)
}

function historyOf(
  config: ReturnType<typeof editedConfig>,
  plan: StackPlan | null,
  layers: readonly BuiltLayer[],
  { image, configEdits, stack = UNTOUCHED }: RebuildInput,
): ReturnType<typeof stackedHistory> {
  const parsed = parsedConfig(config)
  const created = parsed.created ?? undefined
  if (!plan) return [flatLine(image, created)] as unknown as ReturnType<typeof stackedHistory>
  const top = layers.find(({ slot }) => slot?.kind === 'top')?.slot
  const more: NewLine[] = top ? [topLine(top, image.layers.length, created)] : []
  more.push(...configLines(configEdits, created))
  return stackedHistory({ config: parsed, created }, plan.slots, stack.dropped, more)
}

function topLine(top: Slot, count: number, created: string | undefined): NewLine {
  return top.kind === 'top' && top.from !== null
    ? squashLine(top.from, count - 1, created)
    : editsLine(created)
}

async function stackedLayers(plan: StackPlan, input: RebuildInput): Promise<BuiltLayer[]> {
  const layers: BuiltLayer[] = []
  const open = contentsOf({ ...input, tables: plan.tables })
  for (const slot of plan.slots) {
    throwIfCancelled(input.signal)
    if (slot.kind !== 'layer') layers.push(await newLayer(difference(slot.change), open, input, slot))
    else if (slot.rewritten === null) layers.push(await keptLayer(slot, input))
    else {
      const plain = input.plain[slot.layer]
      const parts = await rewrittenParts(plain, slot.rewritten, notAfter(input.epoch))
      layers.push(await finished(new JoinedSource(parts), input, slot))
    }
  }
  return layers
}

async function flatLayer(input: RebuildInput): Promise<BuiltLayer> {
  const { tree, sources } = input.edited
  return newLayer(flattened(tree, sources), contentsOf(input), input, null)
}

async function newLayer(
  plan: Iterable<PlannedEntry>,
  open: OpenContent,
  input: RebuildInput,
  slot: Slot | null,
): Promise<BuiltLayer> {
  const segments = new Segments()
  for await (const piece of layerBytes(plan, open, input.signal, notAfter(input.epoch))) {
    segments.push(piece)
    input.onBytes?.(segments.size)
  }
  return finished(joinedBlobs(segments.finish()), input, slot)
}

/** A new plain tar as it is stored: its diff_id is of the plain bytes, its digest of the stored ones. */
async function finished(
  plain: ByteSource,
  { pool, signal, gzip }: RebuildInput,
  slot: Slot | null,
): Promise<BuiltLayer> {
  const diffId = (await pool.digest(plain, { signal })) as DiffId
  const stored = gzip ? await gzipped(plain, signal) : plain
  const digest = gzip ? await pool.digest(stored, { signal }) : diffId
  const mediaType = layerMediaType(gzip ? 'gzip' : 'none', '')
  return { slot, plain, stored, descriptor: { diffId, digest, size: stored.size, mediaType } }
}

async function gzipped(plain: ByteSource, signal: AbortSignal | undefined): Promise<ByteSource> {
  return segmented(gzipDeterministic(plain.stream(signal)))
}

async function segmented(pieces: AsyncIterable<Bytes>): Promise<ByteSource> {
  const segments = new Segments()
  for await (const piece of pieces) segments.push(piece)
  return joinedBlobs(segments.finish())
}

/** Where the bytes of entries come from: a range of a layer, or the store of edited files. */
export function contentsOf({
  tables,
  plain,
  stored,
}: Pick<RebuildInput, 'tables' | 'plain' | 'stored'>): OpenContent {
  return (content: Content) =>
    content.from === 'stored'
      ? stored(content.id)
      : contentOf(plain[content.layer], tables[content.layer], content.row)
}

/** One of the image's own layers as it is stored; the digest is computed only where no description gives it. */
async function keptLayer(
  slot: Extract<Slot, { kind: 'layer' }>,
  { image, pool, signal }: RebuildInput,
): Promise<BuiltLayer> {
  const layer = image.layers[slot.layer]
  const absent = layer.source === null
  if (absent && layer.urls.length === 0)
    throw new ImageError(
      'missing-member',
      `Layer ${layer.index} is not in the archive; without it the image cannot be put together. Flatten is not possible either.`,
      { layer: layer.index },
    )
  const digest: Digest = layer.digest ?? (await pool.digest(layer.source!, { signal }))
  const descriptor = {
    diffId: layer.diffId,
    digest,
    size: layer.storedBytes,
    mediaType: layerMediaType(layer.compression, layer.mediaType),
    urls: layer.urls,
    annotations: image.manifest?.json.layers?.[layer.index]?.annotations ?? null,
    absent,
  }
  return { slot, descriptor, stored: layer.source, plain: null }
}

/** "alpyne-latest.tar" for "alpyne:latest". */
export function fileNameFor(tags: readonly string[], id: Digest): string {
  const name = tags[0] ? tags[0].replace(/[^A-Za-z0-9_.-]+/g, '-') : `image-${hexOf(id).slice(0, 12)}`
  return `${name}.tar`
}
