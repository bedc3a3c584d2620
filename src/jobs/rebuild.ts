/** Edits and a way to build, to an archive: planned, composed of ranges, opened again and proved. */
import { JoinedSource, type ByteSource } from '../core/bytes/source'
import { hexOf, type Digest, type DiffId } from '../core/digest/digest'
import type { Edited } from '../core/edit/apply'
import { editedConfig, type ConfigEdit } from '../core/edit/config'
import { keepsLayers, UNTOUCHED, type Stack } from '../core/edit/stack'
import { ImageError, throwIfCancelled } from '../core/fault/fault'
import type { Notice } from '../core/fault/notice'
import type { Archive, Image } from '../core/image/image'
import type { EntryTable } from '../core/layer/table'
import { archiveParts, membersOf, unpackedMembers, type ArchiveMember } from '../core/rebuild/archive'
import { configInstructions, editsContext, scratchContext, splitEdits } from '../core/rebuild/context'
import { leftOut, withoutBase } from '../core/rebuild/delta'
import {
  documentsOf,
  parsedConfig,
  structured,
  type Annotations,
  type Documents,
  type LayerDescriptor,
} from '../core/rebuild/document'
import { clampedConfig } from '../core/rebuild/epoch'
import { squashLine, stackedHistory, type NewLine } from '../core/rebuild/history'
import { configLines, editsLine, flatLine } from '../core/rebuild/lines'
import { difference, flattened } from '../core/rebuild/plan'
import { zipParts } from '../core/rebuild/zip'
import type { Tree } from '../core/rootfs/tree'
import { appended, mustStand, planStack, type Slot, type StackPlan } from '../core/rebuild/stack'
import { NO_COMPANY, type Company } from './companions'
import { foretoldLayers, measuredLayers } from './foretell-layers'
import { contentsOf, type BuiltLayer, type LayerMaker, type MakerInput } from './layer-maker'
import { realLayers } from './make-layers'
import { traced } from './packing'
import { proveDocuments, proveKept, proveTree } from './proof'

/**
 * append: the edits are one more layer. rewrite: the same, and what was removed is taken out of the layers below.
 * squash: layers from one on become one with the edits. flatten: all becomes one layer.
 */
export type Build = 'append' | 'rewrite' | 'squash' | 'flatten'
/**
 * rootfs: the root filesystem alone, as `docker export` writes it; for `docker import`, WSL, LXC. context: a Dockerfile
 * with what it needs, FROM scratch, or with the build append FROM the image that was opened. unpacked: LAYER_0.tar and
 * further, with the documents in metadata/; zip: the same as a zip.
 */
export type Format = 'docker' | 'oci' | 'rootfs' | 'context' | 'unpacked' | 'zip'

/** `tables` and `plain`: of each layer, base first, and behind them those of `onto`. `plain`: the plain tars. `gzip`: new layers are compressed; those that stay keep their bytes. `epoch`, in seconds: what is written bears no later time. */
export interface RebuildInput extends MakerInput {
  readonly image: Image
  readonly tables: readonly EntryTable[]
  /** What the image's own layers come to, where they were united from these very tables. */
  readonly union?: Tree
  readonly edited: Edited
  /** What the recipe does to whole layers; the tree in `edited` is without those that are dropped. */
  readonly stack?: Stack
  readonly configEdits: readonly ConfigEdit[]
  /** Of the manifest; where it is not given, those that are there stay. */
  readonly annotations?: Annotations
  readonly tags: readonly string[]
  readonly build: Build
  /** With the build squash: the lowest layer that is squashed. */
  readonly squashFrom?: number
  readonly format: Format
  /** Whether a layer was found to be what it is called; null where nobody has looked. */
  readonly verified?: (layer: number) => boolean | null
  /** Contents of edited files. */
  readonly stored: (id: string) => Promise<ByteSource>
  /** Further images that the archive is to hold, as they are. */
  readonly company?: Company
  /** With the format docker: diff_ids of the layers that the other side has, which stay out. */
  readonly base?: readonly DiffId[]
}

type PlanInput = Pick<
  RebuildInput,
  'build' | 'format' | 'stack' | 'edited' | 'tables' | 'image' | 'squashFrom'
>

export interface Rebuilt {
  readonly archive: ByteSource
  readonly documents: Documents
  readonly layers: readonly LayerDescriptor[]
  /** What our own reader says about the result; an error means it must not be offered. */
  readonly notices: readonly Notice[]
  /** The archive as our own reader found it; null where the format is no image. */
  readonly opened: Archive | null
}

/** Throws `bad-reference`, `bad-operation`, `layer-count`, `digest-mismatch`, the faults of reading; `internal` where the result is not the tree that was to be built. */
export async function rebuild(wanted: RebuildInput): Promise<Rebuilt> {
  const input = tracedIn(wanted)
  const maker = realLayers(input)
  const { archive, documents, layers, plan } = await assembled(input, maker)
  await maker.prove()
  if (input.format !== 'context') proveKept(layers, input)
  const notices: Notice[] = [...(isImage(input.format) ? (input.company?.notices ?? []) : [])]
  const proved = isImage(input.format) ? await proveDocuments(archive, documents, input) : null
  if (proved) notices.push(...withoutAbsent(proved.notices, input.base?.length ?? 0))
  notices.push(...(await proveTree(layers, plan, input)))
  return { archive, documents, layers: descriptorsOf(layers), notices, opened: proved?.opened ?? null }
}

export interface Measured {
  /** Of what `rebuild` will answer; with gzip, before it. */
  readonly bytes: number
  /** Of layers that have to be read and hashed for that: nothing for those that stay as they are. */
  readonly work: number
}

/** Reads next to nothing. Throws as `rebuild` does where the plan cannot be. */
export async function measured(input: RebuildInput): Promise<Measured> {
  const { archive, layers } = await assembled(input, measuredLayers(input))
  return { bytes: archive.size, work: layers.reduce((sum, { plain }) => sum + (plain?.size ?? 0), 0) }
}

export interface Foretold {
  readonly bytes: number
  readonly documents: Documents
  readonly layers: number
}

/** Size and IDs of what `rebuild` will answer, exactly, with nothing of it kept. Throws as `rebuild` does, but for what only its proof finds. */
export async function foretold(wanted: RebuildInput): Promise<Foretold> {
  const input = tracedIn(wanted)
  const { archive, documents, layers } = await assembled(input, foretoldLayers(input))
  return { bytes: archive.size, documents, layers: layers.length }
}

/** What is compressed is looked for in layers that are. */
function tracedIn(input: RebuildInput): RebuildInput {
  return input.gzip ? { ...input, plain: traced(input.plain) } : input
}

const descriptorsOf = (layers: readonly BuiltLayer[]): LayerDescriptor[] =>
  layers.map(({ descriptor }) => descriptor)

/** That the lowest layers are not in a delta is what it is. */
function withoutAbsent(notices: readonly Notice[], base: number): readonly Notice[] {
  return notices.filter(({ code, where }) => code !== 'layer-missing' || (where.layer ?? base) >= base)
}

const isImage = (format: Format): boolean => format === 'docker' || format === 'oci'

interface Assembled {
  readonly archive: ByteSource
  readonly documents: Documents
  readonly layers: readonly BuiltLayer[]
  readonly plan: StackPlan | null
}

async function assembled(input: RebuildInput, maker: LayerMaker): Promise<Assembled> {
  const config = configOf(input)
  const plan = planOf(input)
  const all = plan ? await stackedLayers(plan, input, maker) : [await flatLayer(input, maker)]
  const layers = input.base ? withoutBase(all, leftOut(descriptorsOf(all), input.base)) : all
  const descriptors = layers.map(({ descriptor }) => descriptor)
  const documents = await documentsOf(
    input.annotations === undefined ? input.image.manifest?.json.annotations : input.annotations,
    structured(config, diffIdsOf(descriptors, input.image), historyOf(config, plan, layers, input)),
    descriptors,
    // A root filesystem and a Dockerfile bear no name, so one that engines do not take is in nobody's way.
    input.format === 'rootfs' || input.format === 'context' ? [] : input.tags,
    (input.company ?? NO_COMPANY).images,
  )
  return { archive: await written(layers, plan, documents, input, maker), documents, layers, plan }
}

async function written(
  layers: readonly BuiltLayer[],
  plan: StackPlan | null,
  documents: Documents,
  input: RebuildInput,
  maker: LayerMaker,
): Promise<ByteSource> {
  const { format, company = NO_COMPANY } = input
  switch (format) {
    case 'rootfs':
      return layers[0].stored!
    case 'context':
      return tarOf(
        plan
          ? await editsContextOf(layers, documents, input, maker)
          : scratchContext(parsedConfig(documents.config), layers[0].plain!),
      )
    case 'unpacked':
      return tarOf(unpackedOf(layers, documents, input))
    case 'zip':
      return new JoinedSource(await zipParts(unpackedOf(layers, documents, input), maker.crc))
    default: {
      const blobs = new Map<string, ByteSource>(company.blobs)
      for (const { descriptor, stored } of layers) if (stored) blobs.set(descriptor.digest, stored)
      const descriptors = layers.map(({ descriptor }) => descriptor)
      const { before, after } = company.images
      return tarOf(membersOf(documents, descriptors, blobs, format, [...before, ...after], company.alongside))
    }
  }
}

function tarOf(members: readonly ArchiveMember[]): ByteSource {
  return new JoinedSource(archiveParts(members))
}

function unpackedOf(
  layers: readonly BuiltLayer[],
  documents: Documents,
  input: RebuildInput,
): ArchiveMember[] {
  return unpackedMembers(
    documents,
    layers.map((layer) => plainOf(layer, input)),
  )
}

function plainOf({ plain, slot }: BuiltLayer, input: RebuildInput): ByteSource {
  return plain ?? input.plain[(slot as Extract<Slot, { kind: 'layer' }>).layer]
}

async function editsContextOf(
  layers: readonly BuiltLayer[],
  documents: Documents,
  input: RebuildInput,
  maker: LayerMaker,
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
  const tar = await maker.tar(split.unpacked, open)
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
export function planOf(input: PlanInput): StackPlan | null {
  const { build, format, stack = UNTOUCHED, edited, tables } = input
  if (build === 'flatten' || format === 'rootfs' || (format === 'context' && build !== 'append')) {
    mustStand(edited.tree, stack)
    return null
  }
  if (build === 'append') {
    if (!keepsLayers(stack))
      throw new ImageError(
        'bad-operation',
        'The recipe drops, squashes or scrubs layers, and adding a layer leaves those below as they are: choose the build rewrite, squash or flatten.',
      )
    return appended(tables, edited, stack)
  }
  const from = build === 'squash' ? (input.squashFrom ?? 0) : null
  // An image without layers has room for the edits alone.
  const end = Math.max(1, input.image.layers.length)
  if (from !== null && (from < 0 || from >= end || !Number.isInteger(from)))
    throw new ImageError(
      'bad-operation',
      `Squashing cannot start at layer ${from}; the image has ${input.image.layers.length}.`,
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
  { image, onto, configEdits, stack = UNTOUCHED }: RebuildInput,
): ReturnType<typeof stackedHistory> {
  const parsed = parsedConfig(config)
  const created = parsed.created ?? undefined
  if (!plan) return [flatLine(image, created)] as unknown as ReturnType<typeof stackedHistory>
  const top = layers.find(({ slot }) => slot?.kind === 'top')?.slot
  const more: NewLine[] = top?.kind === 'top' ? [topLine(top.layers, created)] : []
  more.push(...configLines(configEdits, created))
  return stackedHistory({ config: parsed, onto: onto?.config, created }, plan.slots, stack, more)
}

/** Of the edits, and of the layers that became one with them. */
function topLine(layers: readonly number[], created: string | undefined): NewLine {
  return layers.length > 0 ? squashLine(layers, created) : editsLine(created)
}

async function stackedLayers(plan: StackPlan, input: RebuildInput, maker: LayerMaker): Promise<BuiltLayer[]> {
  const layers: BuiltLayer[] = []
  const open = contentsOf({ ...input, tables: plan.tables })
  maker.ahead?.(plan.slots)
  for (const slot of plan.slots) {
    throwIfCancelled(input.signal)
    if (slot.kind !== 'layer') layers.push(await maker.written(difference(slot.change), open, slot))
    else if (slot.rewritten === null) layers.push(await maker.kept(slot))
    else layers.push(await maker.rewritten(slot, slot.rewritten))
  }
  return layers
}

async function flatLayer(input: RebuildInput, maker: LayerMaker): Promise<BuiltLayer> {
  const { tree, sources } = input.edited
  return maker.written(flattened(tree, sources), contentsOf(input), null)
}

/** "alpyne-latest.tar" for "alpyne:latest"; what is no image archive says so in its name. */
export function fileNameFor(
  tags: readonly string[],
  id: Digest,
  format: Format | 'delta' = 'docker',
  gzip = false,
): string {
  const name = tags[0] ? tags[0].replace(/[^A-Za-z0-9_.-]+/g, '-') : `image-${hexOf(id).slice(0, 12)}`
  const kind = format === 'docker' ? '' : `-${format}`
  if (format === 'zip') return `${name}-unpacked.zip`
  return `${name}${kind}.tar${format === 'rootfs' && gzip ? '.gz' : ''}`
}
