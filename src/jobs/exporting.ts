/** What is asked for in the export, as input for a rebuild; the result as the page sees it; and the size of each build before it. */
import type { Build, BuildSizes, ExportForecast, ExportRequest, ExportResult } from '../../workers/api'
import type { ByteSource } from '../core/bytes/source'
import { parseDiffId, type DiffId } from '../core/digest/digest'
import type { Edited } from '../core/edit/apply'
import type { Operation } from '../core/edit/operation'
import { isUntouched, type Stack } from '../core/edit/stack'
import { faultOf, ImageError } from '../core/fault/fault'
import { namesOf, type Archive, type Image } from '../core/image/image'
import { changesFiles } from '../core/rebuild/plan'
import { sizeIn } from '../core/rootfs/entry'
import { typeCounts } from '../core/rootfs/sums'
import { companyOf, NO_COMPANY, topOf } from './companions'
import { rebuildInputOf, type EditedImage } from './edited-image'
import { annotationsInForce, configEdits } from './edits'
import type { OpenedSource } from './open'
import type { LayerPool } from './pool'
import { fileNameFor, foretold, measured, rebuild, type RebuildInput } from './rebuild'
import { blobOf, type StoreSegment } from './segments'
import type { Task } from './tasks'

/** An open image with what is pending on it. */
export interface Exportable extends EditedImage {
  readonly name: string
  readonly opened: OpenedSource
  readonly archive: Archive
  /** Names in force. */
  readonly tags: readonly string[]
  readonly stored: (id: string) => Promise<ByteSource>
  readonly pool: LayerPool
}

/** Bytes of new layers that are held as they are; more of them are put away. */
const MOST_HELD = 64_000_000

export interface Exported {
  readonly result: Omit<ExportResult, 'engines'>
  /** What was built, as it was opened again; null where that is no image, or nothing was built. */
  readonly opened: Archive | null
}

/** Throws what `rebuild` throws. `store`: where the layers of a large build are put as they come. */
export async function exported(
  from: Exportable,
  request: ExportRequest,
  task: Task,
  store?: StoreSegment,
): Promise<Exported> {
  if (isUnchanged(from, request)) {
    const blob = await blobOf(from.opened.file, 'application/x-tar')
    return { result: { ...unchanged(from), blob }, opened: null }
  }
  const input = await inputFor(from, request, task.signal)
  const { format } = request
  const files = typeCounts(from.edited.tree, sizeIn(from.edited.sources)).bytes
  const { work } = await measured(input)
  task.total(work)
  const { archive, documents, layers, notices, opened } = await rebuild({
    ...input,
    signal: task.signal,
    onBytes: (done) => task.progress(done),
    store: work > MOST_HELD ? store : undefined,
  })
  const result = {
    blob: await blobOf(archive, mediaTypeOf(request)),
    fileName: fileNameFor(input.tags, documents.configDigest, format, request.gzip),
    bytes: archive.size,
    identical: false,
    imageId: documents.configDigest,
    manifestDigest: documents.manifestDigest,
    targetDigest: documents.targetDigest,
    tag: input.tags[0] ?? '',
    layers: layers.length,
    rootfsBytes: files,
    notices,
    images: 1 + companions(input.company),
  }
  return { result, opened }
}

/** What the chosen build will come to, to the byte, without keeping any of it. Throws what `rebuild` throws. */
export async function foretoldExport(
  from: Exportable,
  request: ExportRequest,
  task: Task,
): Promise<ExportForecast> {
  if (isUnchanged(from, request)) {
    const { bytes, imageId, manifestDigest, targetDigest, layers, images } = unchanged(from)
    return { bytes, imageId, manifestDigest, targetDigest, layers, images }
  }
  const input = await inputFor(from, request, task.signal)
  task.total((await measured(input)).work)
  const { bytes, documents, layers } = await foretold({
    ...input,
    signal: task.signal,
    onBytes: (done) => task.progress(done),
  })
  return {
    bytes,
    imageId: documents.configDigest,
    manifestDigest: documents.manifestDigest,
    targetDigest: documents.targetDigest,
    layers,
    images: 1 + companions(input.company),
  }
}

/** How many images came along. */
function companions({ images: { before, after }, platforms } = NO_COMPANY): number {
  return before.length + after.length + platforms.length
}

function mediaTypeOf({ format, gzip }: ExportRequest): string {
  if (format === 'zip') return 'application/zip'
  return format === 'rootfs' && gzip ? 'application/gzip' : 'application/x-tar'
}

/** Of each of `wanted` what the file would have, new layers without compression; null with the reason where it cannot be built. */
export async function sizesOf(
  from: Exportable,
  request: Omit<ExportRequest, 'build'>,
  wanted: readonly Build[],
): Promise<BuildSizes> {
  const builds: BuildSizes['builds'][number][] = []
  for (const build of wanted) {
    const asked = { ...request, build }
    try {
      const size = isUnchanged(from, asked)
        ? { bytes: from.opened.file.size, work: 0 }
        : await measured(await inputFor(from, asked))
      builds.push({ build, ...size, why: '' })
    } catch (thrown) {
      builds.push({ build, bytes: null, work: 0, why: faultOf(thrown).message })
    }
  }
  return { opened: from.opened.file.size, builds }
}

/** Nothing is asked for that the opened file is not. */
export function isUnchanged(
  { operations, edited, stack, image, archive, tags: now }: Exportable,
  { build, format, tag, epoch, alone }: ExportRequest,
): boolean {
  const tags = tagsFor(tag, now)
  return (
    format === 'docker' &&
    (build === 'append' || build === 'rewrite') &&
    epoch === undefined &&
    !(alone && archive.images.length > 1) &&
    (operations.length === 0 || !changesMore(operations, edited, stack, image)) &&
    JSON.stringify(tags) === JSON.stringify(namesOf(image))
  )
}

/** Whether the operations amount to more than other names. */
function changesMore(operations: readonly Operation[], edited: Edited, stack: Stack, image: Image): boolean {
  return (
    !isUntouched(stack) ||
    changesFiles(edited.tree) ||
    configEdits(operations).length > 0 ||
    annotationsInForce(operations, image) !== image.manifest?.json.annotations
  )
}

/** The tag of the dialog stands for all names as long as it is the first of them. */
export function tagsFor(tag: string, now: readonly string[]): readonly string[] {
  if (tag === (now[0] ?? '')) return now
  return tag === '' ? [] : [tag]
}

async function inputFor(
  from: Exportable,
  request: ExportRequest,
  signal?: AbortSignal,
): Promise<RebuildInput> {
  const { archive, image, stored, pool } = from
  const { build, epoch, gzip } = request
  const format = request.format === 'delta' ? 'docker' : request.format
  if (epoch !== undefined && !(Number.isFinite(epoch) && epoch >= 0))
    throw new ImageError('bad-operation', 'The epoch is a number of seconds since 1970.')
  const tags = tagsFor(request.tag, from.tags)
  const isDelta = request.format === 'delta'
  const base = isDelta ? baseOf(request) : undefined
  const together =
    (format === 'docker' || format === 'oci') &&
    !isDelta &&
    !request.alone &&
    (archive.images.length > 1 || topOf(image) !== null)
  return {
    ...rebuildInputOf(from),
    tags,
    build,
    squashFrom: build === 'squash' ? request.from : undefined,
    format,
    base,
    gzip,
    epoch,
    stored,
    pool,
    company: together ? await companyOf(archive, image, tags, pool, signal) : undefined,
  }
}

function baseOf({ base }: ExportRequest): readonly DiffId[] {
  if (base) return base.map((diffId) => parseDiffId(diffId))
  throw new ImageError(
    'bad-operation',
    'A delta leaves out what the other side has already: choose the archive that is loaded there.',
  )
}

function unchanged(from: Exportable): Omit<ExportResult, 'engines' | 'blob'> {
  const { opened, name, image, archive, edited } = from
  return {
    fileName: name,
    bytes: opened.file.size,
    identical: true,
    imageId: image.id,
    manifestDigest: image.manifest?.digest ?? '',
    targetDigest: topOf(image)?.digest ?? image.manifest?.digest ?? '',
    tag: namesOf(image)[0] ?? '',
    layers: image.layers.length,
    rootfsBytes: typeCounts(edited.tree, sizeIn(edited.sources)).bytes,
    notices: [],
    images: archive.images.length,
  }
}
