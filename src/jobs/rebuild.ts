/** Edits and a way to build, to an archive: planned, composed of ranges, opened again and proved. */
import { JoinedSource, type ByteSource } from '../core/bytes/source'
import { hexOf, type Digest, type DiffId } from '../core/digest/digest'
import { ImageError, throwIfCancelled } from '../core/fault/fault'
import { Notices, type Notice } from '../core/fault/notice'
import type { Edited } from '../core/edit/apply'
import type { ConfigEdit } from '../core/edit/config'
import type { Json } from '../core/edit/operation'
import type { Image } from '../core/image/image'
import { contentOf } from '../core/layer/rows'
import type { EntryTable } from '../core/layer/table'
import { archiveParts, membersOf } from '../core/rebuild/archive'
import {
  documentsOf,
  layerMediaType,
  longerHistory,
  newConfig,
  type Documents,
  type HistoryEntry,
  type LayerDescriptor,
} from '../core/rebuild/document'
import { layerBytes, type OpenContent } from '../core/rebuild/layer'
import { changesFiles, difference, flattened, type PlannedEntry } from '../core/rebuild/plan'
import type { Content } from '../core/rootfs/entry'
import { firstDifference } from '../core/rootfs/same'
import { unite } from '../core/rootfs/union'
import { openArchiveIn } from './open'
import type { LayerPool } from './pool'
import { joinedBlobs, Segments } from './segments'

export type Build = 'append' | 'flatten'
/** rootfs: the root filesystem alone, as `docker export` writes it; for `docker import`, WSL, LXC. */
export type Format = 'docker' | 'oci' | 'rootfs'

export interface RebuildInput {
  readonly image: Image
  readonly tables: readonly EntryTable[]
  /** The plain tar of each layer, base first. */
  readonly plain: readonly ByteSource[]
  readonly edited: Edited
  readonly configEdits: readonly ConfigEdit[]
  readonly tags: readonly string[]
  readonly build: Build
  readonly format: Format
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

/** Throws `bad-reference`, `layer-count`, the faults of reading; `internal` where the result is not the tree that was to be built. */
export async function rebuild(input: RebuildInput): Promise<Rebuilt> {
  const { image, edited, build, tags, configEdits } = input
  const blobs = new Map<string, ByteSource>()
  const layers: LayerDescriptor[] = []
  let added: NewLayer | null = null
  if (build === 'flatten' || input.format === 'rootfs') {
    added = await newLayer(flattened(edited.tree, edited.sources), input)
  } else {
    for (const layer of await keptLayers(input)) {
      layers.push(layer.descriptor)
      if (layer.source) blobs.set(layer.descriptor.digest, layer.source)
    }
    if (changesFiles(edited.tree)) added = await newLayer(difference(edited), input)
  }
  if (added) {
    layers.push(added.descriptor)
    blobs.set(added.descriptor.digest, added.source)
  }
  const history =
    build === 'flatten'
      ? [flatHistory(image)]
      : longerHistory(image.config, appendedHistory(image, added !== null, configEdits))
  const config = newConfig(
    image.configBytes,
    configEdits,
    added ? layers.map(({ diffId }) => diffId) : null,
    history as Json[] | null,
  )
  const documents = await documentsOf(image, config, layers, tags)
  if (input.format === 'rootfs')
    return {
      archive: added!.source,
      documents,
      layers,
      notices: await provedTree(added!, [], input, new Notices()),
    }
  const archive = new JoinedSource(archiveParts(membersOf(documents, layers, blobs, input.format)))
  const notices = await proved(archive, input, documents, added)
  return { archive, documents, layers, notices }
}

interface NewLayer {
  readonly descriptor: LayerDescriptor
  readonly source: ByteSource
}

async function newLayer(plan: Iterable<PlannedEntry>, input: RebuildInput): Promise<NewLayer> {
  const segments = new Segments()
  for await (const piece of layerBytes(plan, contentsOf(input), input.signal)) {
    segments.push(piece)
    input.onBytes?.(segments.size)
  }
  const source = joinedBlobs(segments.finish())
  const digest = await input.pool.digest(source, { signal: input.signal })
  return {
    descriptor: {
      diffId: digest as DiffId,
      digest,
      size: source.size,
      mediaType: layerMediaType('none', ''),
    },
    source,
  }
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

/** The image's own layers as they are stored, untouched; the digest is computed only where no description gives it. */
async function keptLayers({
  image,
  pool,
  signal,
}: RebuildInput): Promise<{ descriptor: LayerDescriptor; source: ByteSource | null }[]> {
  const kept = []
  for (const layer of image.layers) {
    throwIfCancelled(signal)
    const absent = layer.source === null
    if (absent && layer.urls.length === 0)
      throw new ImageError(
        'missing-member',
        `Layer ${layer.index} is not in the archive; without it the image cannot be put together. Flatten is not possible either.`,
        { layer: layer.index },
      )
    const digest: Digest = layer.digest ?? (await pool.digest(layer.source!, { signal }))
    const found = image.manifest?.json.layers?.[layer.index]
    const descriptor = {
      diffId: layer.diffId,
      digest,
      size: layer.storedBytes,
      mediaType: layerMediaType(layer.compression, layer.mediaType),
      urls: layer.urls,
      annotations: found?.annotations ?? null,
      absent,
    }
    kept.push({ descriptor, source: layer.source })
  }
  return kept
}

function flatHistory({ id, layers, config }: Image): HistoryEntry {
  return {
    ...(config.created ? { created: config.created } : {}),
    created_by: `peel flatten ${id}`,
    comment: `FROM scratch: the root filesystem of ${layers.length} ${layers.length === 1 ? 'layer' : 'layers'} in one`,
  }
}

/** One line for the layer, one for the config, as builders write them. The image's own date: no clock, so the same edits give the same image. */
function appendedHistory({ config }: Image, layer: boolean, edits: readonly ConfigEdit[]): HistoryEntry[] {
  const created = config.created ? { created: config.created } : {}
  const lines: HistoryEntry[] = []
  if (layer) lines.push({ ...created, created_by: 'peel: files edited', comment: 'peel' })
  for (const { key, value } of edits) {
    const words = instruction(key, value)
    if (words) lines.push({ ...created, created_by: words, comment: 'peel', empty_layer: true })
  }
  return lines
}

/** The Dockerfile line that a config edit amounts to. */
function instruction(key: ConfigEdit['key'], value: Json | undefined): string | null {
  if (key[0] !== 'config' || key.length < 2)
    return `peel: ${key.join('.')} ${value === undefined ? 'removed' : 'set'}`
  const name = String(key[1])
  const words: Record<string, string> = {
    Cmd: 'CMD',
    Entrypoint: 'ENTRYPOINT',
    User: 'USER',
    WorkingDir: 'WORKDIR',
    StopSignal: 'STOPSIGNAL',
    Shell: 'SHELL',
  }
  if (value !== undefined && name in words)
    return `${words[name]} ${typeof value === 'string' ? value : JSON.stringify(value)}`
  return `peel: ${key.slice(1).join('.')} ${value === undefined ? 'removed' : 'set'}`
}

/** Opens the result with our own reader: documents consistent, new layer as named, and the root filesystem the one that was asked for. */
async function proved(
  archive: ByteSource,
  input: RebuildInput,
  documents: Documents,
  added: NewLayer | null,
): Promise<readonly Notice[]> {
  const { tables, build, signal } = input
  const opened = await openArchiveIn(archive, signal)
  const image = opened.images[0]
  if (
    opened.images.length !== 1 ||
    image.id !== documents.configDigest ||
    image.manifest?.digest !== documents.manifestDigest
  )
    throw new ImageError(
      'internal',
      'The archive that was built does not read back as the image it should be. It is not offered; please report this.',
    )
  const notices = new Notices()
  notices.addAll(opened.notices)
  notices.addAll(image.notices)
  return provedTree(added, build === 'flatten' ? [] : tables, input, notices)
}

/** The new layer on the kept ones is the tree that was on screen. */
async function provedTree(
  added: NewLayer | null,
  kept: readonly EntryTable[],
  { edited, pool, signal }: RebuildInput,
  notices: Notices,
): Promise<readonly Notice[]> {
  const tables = [...kept]
  if (added) {
    const scanned = await pool.scan(added.source, 'none', { signal })
    notices.addAll(scanned.notices)
    tables.push(scanned.table)
  }
  const difference = firstDifference(edited, { tree: unite(tables), sources: { tables, upper: [] } })
  if (difference)
    throw new ImageError(
      'internal',
      `The archive that was built differs from what is on screen at ${difference.path}: ${difference.what}. It is not offered; please report this.`,
      { path: difference.path },
    )
  return notices.list
}

/** "alpyne-latest.tar" for "alpyne:latest". */
export function fileNameFor(tags: readonly string[], id: Digest): string {
  const name = tags[0] ? tags[0].replace(/[^A-Za-z0-9_.-]+/g, '-') : `image-${hexOf(id).slice(0, 12)}`
  return `${name}.tar`
}
