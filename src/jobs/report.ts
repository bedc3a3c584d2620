/** Everything known of an archive as one document, "peel-report/1": the same for the page and the terminal. */
import type { ByteSource } from '../core/bytes/source'
import { base64, decodeUtf8 } from '../core/bytes/text'
import type { Digest } from '../core/digest/digest'
import { sha256Of } from '../core/digest/sha256'
import { throwIfCancelled, type Fault, type Place } from '../core/fault/fault'
import type { Answer } from '../core/engine/engine'
import type { Notice } from '../core/fault/notice'
import type { Archive, Image } from '../core/image/image'
import { diveScore } from '../core/insight/dive'
import { wasteOf } from '../core/insight/waste'
import { contentOf, linkTextOf, xattrsIn } from '../core/layer/rows'
import { entryOf, sizeIn, type Sources } from '../core/rootfs/entry'
import { inodeKey, isLinkName, typeCounts, type TypeCounts } from '../core/rootfs/sums'
import { ROOT, type Tree } from '../core/rootfs/tree'
import { walkTree } from '../core/rootfs/walk'
import { ENTRY_TYPES, TYPE } from '../core/tar/entry'
import { Layers } from './layers'
import { memoryStores } from './memory-stores'
import type { OpenedSource } from './open'
import type { LayerPool } from './pool'
import type { Stores } from './ports'
import { odditiesIn, rulesOf, verifiedLayers } from './rules'
import { gathered, jsonPieces, RawJson } from './report-text'
import { unseenTask } from './tasks'

export interface Report {
  readonly schema: 'peel-report/1'
  readonly archive: {
    readonly name: string
    readonly bytes: number
    readonly compression: string
    readonly shapes: readonly string[]
    readonly members: number
  }
  readonly images: readonly ImageReport[]
  readonly notices: readonly NoticeReport[]
  /** What each engine does with the archive. */
  readonly engines: readonly EngineReport[]
  readonly fault?: FaultReport
}

/** `engine`: its id, as the rules have it. */
export type EngineReport = Answer & { readonly engine: string }

type PlaceReport = Pick<Place, 'image' | 'layer' | 'path' | 'member' | 'at'>
export type NoticeReport = PlaceReport & Pick<Notice, 'code' | 'severity' | 'message'>
export type FaultReport = PlaceReport & Pick<Fault, 'code' | 'message'>

export interface ImageReport {
  readonly id: string
  readonly manifestDigest: string | null
  readonly tags: readonly string[]
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string }
  readonly config: RawJson
  readonly history: readonly {
    readonly createdBy: string
    readonly created: string | null
    readonly comment: string
    readonly emptyLayer: boolean
    readonly layer: number | null
  }[]
  readonly layers: readonly LayerReport[]
  readonly rootfs: TypeCounts
  readonly files?: readonly FileReport[]
  readonly waste: {
    readonly live: number
    readonly reclaimable: number
    readonly efficiency: number
    readonly dive: { readonly score: number; readonly wastedBytes: number }
  }
}

export interface LayerReport {
  readonly index: number
  readonly diffId: string
  /** Digest of the stored bytes; null where no description gives it and it was not computed. */
  readonly digest: string | null
  readonly mediaType: string | null
  readonly compression: string
  readonly storedBytes: number
  readonly plainBytes: number | null
  readonly entries: number
  /** Whether the contents are what the diff_id (and the digest) say; null where that was not checked. */
  readonly verified: boolean | null
  readonly added: number
  readonly changed: number
  readonly removed: number
  readonly fileBytes: number
}

export interface FileReport {
  readonly path: string
  readonly type: string
  readonly mode: string
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtime: number
  readonly link?: string
  /** Values in base64: they are bytes. */
  readonly xattrs?: { readonly [name: string]: string }
  readonly sha256?: string
  /** Layer that lists the path; null for a directory that none lists. */
  readonly layer: number | null
}

export interface ReportOptions {
  /** Each file of the final root filesystem, with the SHA-256 of regular files' contents. */
  readonly files: boolean
  /** Recompute diff_ids and digests. */
  readonly verify: boolean
  readonly pool: LayerPool
  /** Where compressed layers are put while they are read; by default in memory. */
  readonly stores?: Stores
  /** Layers that are read already; null where they are not: then the archive's own are read now. What they know of `verified` is taken as it is. */
  readonly read?: (image: Image) => Layers | null
  readonly signal?: AbortSignal
}

export async function reportOf(
  name: string,
  opened: OpenedSource,
  archive: Archive,
  options: ReportOptions,
): Promise<Report> {
  const images: ImageReport[] = []
  const notices: NoticeReport[] = archive.notices.map((notice) => noticeReport(notice))
  const read = new Map<Image, Layers>()
  for (const image of archive.images) {
    throwIfCancelled(options.signal)
    const layers = options.read?.(image) ?? (await readLayers(image, options))
    read.set(image, layers)
    images.push(await imageReport(image, layers, options))
    notices.push(
      ...[...image.notices, ...layers.notices.list].map((notice) => noticeReport(notice, image.index)),
    )
  }
  return {
    schema: 'peel-report/1',
    archive: {
      name,
      bytes: opened.file.size,
      compression: opened.compression,
      shapes: archive.shapes,
      members: archive.members.list.length,
    },
    images,
    notices,
    engines: await engineReports(archive, opened, read),
  }
}

async function engineReports(
  archive: Archive,
  { compression, padded }: OpenedSource,
  read: ReadonlyMap<Image, Layers>,
): Promise<EngineReport[]> {
  const verdictOf = (image: Image, layer: number): boolean | null => read.get(image)!.verdictOf(layer)
  const known = verifiedLayers(archive, verdictOf)
  const contents = new Map([...read].map(([{ id }, { notices }]) => [id, odditiesIn(notices.list)]))
  const answers = await rulesOf(archive, { compression, padded, known, contents })
  return answers.map(({ engine, ...answer }) => ({ engine: engine.id, ...answer }))
}

async function readLayers(image: Image, { pool, stores, verify, signal }: ReportOptions): Promise<Layers> {
  const layers = new Layers({ image, pool, stores: stores ?? memoryStores() })
  const task = unseenTask()
  const stop = (): void => task.cancel()
  signal?.addEventListener('abort', stop)
  try {
    await layers.scan(task)
    if (verify) await layers.verify(task)
  } finally {
    signal?.removeEventListener('abort', stop)
  }
  return layers
}

/** A report of an archive that could not be opened at all. */
export function refusal(name: string, bytes: number, fault: Fault): Report {
  return {
    schema: 'peel-report/1',
    archive: { name, bytes, compression: 'none', shapes: [], members: 0 },
    images: [],
    notices: [],
    engines: [],
    fault: { code: fault.code, message: fault.message, ...fault.where },
  }
}

function noticeReport({ code, severity, message, where }: Notice, image?: number): NoticeReport {
  return { code, severity, ...(image === undefined ? {} : { image }), ...where, message }
}

async function imageReport(image: Image, layers: Layers, { files }: ReportOptions): Promise<ImageReport> {
  const { config } = image
  const tables = layers.tables
  const sources: Sources = { tables, upper: [] }
  const waste = wasteOf(layers.union, tables)
  return {
    id: image.id,
    manifestDigest: image.manifest?.digest ?? null,
    tags: image.tags,
    platform: {
      os: config.os ?? '',
      architecture: config.architecture ?? '',
      ...(config.variant ? { variant: config.variant } : {}),
    },
    // It was parsed when the image was read, so it is JSON.
    config: new RawJson(decodeUtf8(image.configBytes)?.trim() ?? '{}'),
    history: image.steps.map(({ line, layer }) => ({
      createdBy: line?.created_by ?? '',
      created: line?.created ?? null,
      comment: line?.comment ?? '',
      emptyLayer: line?.empty_layer ?? false,
      layer,
    })),
    layers: layers.views.map((view) => ({
      index: view.index,
      diffId: view.diffId,
      digest: view.digest || null,
      mediaType: view.mediaType || null,
      compression: view.compression,
      storedBytes: view.storedBytes,
      plainBytes: view.plainBytes,
      entries: view.entries,
      verified: view.verified,
      added: view.added,
      changed: view.changed,
      removed: view.removed,
      fileBytes: view.fileBytes,
    })),
    rootfs: typeCounts(layers.union, sizeIn(sources)),
    ...(files ? { files: await fileReports(layers, sources) } : {}),
    waste: {
      live: waste.live,
      reclaimable: waste.reclaimable,
      efficiency: waste.efficiency,
      dive: diveScore(tables),
    },
  }
}

async function fileReports(layers: Layers, sources: Sources): Promise<FileReport[]> {
  const { union: tree } = layers
  const nodes: number[] = []
  walkTree(tree, ROOT, (node) => nodes.push(node))
  const digests = new Map<number, Digest | null>()
  const reports: FileReport[] = []
  for (const node of nodes) reports.push(await fileReport(layers, tree, sources, node, digests))
  return reports
}

async function fileReport(
  layers: Layers,
  tree: Tree,
  sources: Sources,
  node: number,
  digests: Map<number, Digest | null>,
): Promise<FileReport> {
  const entry = entryOf(tree, sources, node)
  const linked = isLinkName(tree, node) && tree.row[node] >= 0 && entry.type !== TYPE.directory
  const link = linked
    ? linkTextOf(sources.tables[tree.layer[node]], tree.row[node])
    : entry.type === TYPE.symlink
      ? linkTextOf(sources.tables[tree.inodeLayer[node]], tree.inodeRow[node])
      : null
  const xattrs = xattrsIn(entry.pax)
  const sha256 = entry.type === TYPE.file ? await digestOf(layers, tree, sources, node, digests) : null
  return {
    path: tree.path(node),
    type: linked ? 'hardlink' : ENTRY_TYPES[entry.type],
    mode: entry.mode.toString(8).padStart(4, '0'),
    uid: entry.uid,
    gid: entry.gid,
    size: entry.size,
    mtime: entry.mtime,
    ...(link === null ? {} : { link }),
    ...(xattrs.size === 0
      ? {}
      : { xattrs: Object.fromEntries([...xattrs].map(([name, value]) => [name, base64(value)])) }),
    ...(sha256 === null ? {} : { sha256: sha256.slice('sha256:'.length) }),
    layer: tree.row[node] < 0 ? null : tree.layer[node],
  }
}

function readable(layers: Layers, tables: Sources['tables'], layer: number, row: number): ByteSource | null {
  try {
    return contentOf(layers.plainOf(layer), tables[layer], row)
  } catch {
    return null
  }
}

/** Of the inode, once; null where its layer cannot be read. */
async function digestOf(
  layers: Layers,
  tree: Tree,
  { tables }: Sources,
  node: number,
  digests: Map<number, Digest | null>,
): Promise<Digest | null> {
  const key = inodeKey(tree, node)
  const known = digests.get(key)
  if (known !== undefined) return known
  const content = readable(layers, tables, tree.inodeLayer[node], tree.inodeRow[node])
  const digest = content && (await sha256Of(content))
  digests.set(key, digest)
  return digest
}

/** The document's text, in parts. */
export function* reportText(report: Report): Generator<string> {
  yield* gathered(jsonPieces(report))
  yield '\n'
}

/** 0: opened and nothing wrong; 1: opened with findings of severity error; 2: refused. */
export function exitCodeOf(report: Report): 0 | 1 | 2 {
  if (report.fault) return 2
  return report.notices.some(({ severity }) => severity === 'error') ? 1 : 0
}
