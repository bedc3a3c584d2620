/** What is asked for in the export, as input for a rebuild; the result as the page sees it; and the size of each build before it. */
import type { Build, BuildSizes, EngineRow, ExportRequest, ExportResult } from '../../workers/api'
import type { ByteSource } from '../core/bytes/source'
import type { Edited } from '../core/edit/apply'
import { editedConfig } from '../core/edit/config'
import type { Operation } from '../core/edit/operation'
import type { Stack } from '../core/edit/stack'
import { faultOf, ImageError } from '../core/fault/fault'
import { namesOf, type Archive, type Image } from '../core/image/image'
import type { Planned } from '../core/engine/planned'
import { parsedConfig } from '../core/rebuild/document'
import { changesFiles } from '../core/rebuild/plan'
import { sizeIn } from '../core/rootfs/entry'
import { typeCounts } from '../core/rootfs/sums'
import { companyOf } from './companions'
import { annotationsInForce, configEdits } from './edits'
import type { Layers } from './layers'
import type { OpenedSource } from './open'
import type { LayerPool } from './pool'
import { fileNameFor, measured, rebuild, type RebuildInput } from './rebuild'
import { rowsOfPlanned } from './rules'
import { blobOf } from './segments'
import type { Task } from './tasks'

/** An open image with what is pending on it. */
export interface Exportable {
  readonly name: string
  readonly opened: OpenedSource
  readonly archive: Archive
  readonly image: Image
  readonly layers: Layers
  readonly operations: readonly Operation[]
  readonly edited: Edited
  readonly stack: Stack
  /** Names in force. */
  readonly tags: readonly string[]
  readonly stored: (id: string) => Promise<ByteSource>
  readonly pool: LayerPool
}

const BUILDS: readonly Build[] = ['append', 'rewrite', 'squash', 'flatten']

/** Throws what `rebuild` throws. */
export async function exported(
  from: Exportable,
  request: ExportRequest,
  task: Task,
): Promise<Omit<ExportResult, 'engines'>> {
  if (isUnchanged(from, request)) return unchanged(from)
  const input = await inputFor(from, request, task.signal)
  const { build, format } = request
  const files = typeCounts(from.edited.tree, sizeIn(from.edited.sources)).bytes
  if (build === 'flatten' || format === 'rootfs') task.total(files)
  const { archive, documents, layers, notices } = await rebuild({
    ...input,
    signal: task.signal,
    onBytes: (done) => task.progress(done),
  })
  return {
    blob: blobOf(archive, format === 'rootfs' && request.gzip ? 'application/gzip' : 'application/x-tar'),
    fileName: fileNameFor(input.tags, documents.configDigest, format, request.gzip),
    bytes: archive.size,
    identical: false,
    imageId: documents.configDigest,
    manifestDigest: documents.manifestDigest,
    tag: input.tags[0] ?? '',
    layers: layers.length,
    rootfsBytes: files,
    notices,
    images: 1 + (input.company?.images.before.length ?? 0) + (input.company?.images.after.length ?? 0),
  }
}

/** Of each build what the file would have, new layers without compression; null with the reason where it cannot be built. */
export async function sizesOf(from: Exportable, request: Omit<ExportRequest, 'build'>): Promise<BuildSizes> {
  const builds: BuildSizes['builds'][number][] = []
  for (const build of BUILDS) {
    const asked = { ...request, build }
    try {
      const bytes = isUnchanged(from, asked)
        ? from.opened.file.size
        : await measured(await inputFor(from, asked))
      builds.push({ build, bytes, why: '' })
    } catch (thrown) {
      builds.push({ build, bytes: null, why: faultOf(thrown).message })
    }
  }
  return { opened: from.opened.file.size, builds }
}

/** What engines will do with what is asked for, before it is built; at most so many layers as are counted here. */
export async function rowsOfExport(
  { archive, image, operations, tags: now }: Exportable,
  { build, format, tag, from = 0, alone }: ExportRequest,
): Promise<EngineRow[]> {
  if (format !== 'docker' && format !== 'oci') return []
  const config = parsedConfig(editedConfig(image.configBytes, configEdits(operations)))
  const kept = build === 'flatten' ? 0 : build === 'squash' ? from : image.layers.length
  const others = alone ? [] : archive.images.filter((other) => other !== image)
  return rowsOfPlanned({
    format,
    images: [
      plannedImage({ ...image, config }, tagsFor(tag, now), image.layers.slice(0, kept), 1),
      ...others.map((other) => plannedImage(other, namesOf(other), other.layers, 0)),
    ],
  })
}

function plannedImage(
  { config }: Pick<Image, 'config'>,
  tags: readonly string[],
  layers: Image['layers'],
  more: number,
): Planned['images'][number] {
  return {
    tags,
    os: config.os ?? '',
    architecture: config.architecture ?? '',
    layers: layers.length + more,
    absent: layers.filter(({ source }) => source === null).map(({ index }) => index),
  }
}

/** Nothing is asked for that the opened file is not. */
export function isUnchanged(
  { operations, edited, image, archive, tags: now }: Exportable,
  { build, format, tag, epoch, alone }: ExportRequest,
): boolean {
  const tags = tagsFor(tag, now)
  return (
    format === 'docker' &&
    (build === 'append' || build === 'rewrite') &&
    epoch === undefined &&
    !(alone && archive.images.length > 1) &&
    (operations.length === 0 || !changesMore(operations, edited, image)) &&
    JSON.stringify(tags) === JSON.stringify(namesOf(image))
  )
}

/** Whether the operations amount to more than other names. */
function changesMore(operations: readonly Operation[], edited: Edited, image: Image): boolean {
  const others = operations.some(({ op }) => ['drop', 'squash', 'scrub', 'reclaim'].includes(op))
  return (
    others ||
    changesFiles(edited.tree) ||
    configEdits(operations).length > 0 ||
    annotationsInForce(operations, image) !== image.manifest?.json.annotations
  )
}

/** The tag of the dialog stands for all names as long as it is the first of them. */
function tagsFor(tag: string, now: readonly string[]): readonly string[] {
  if (tag === (now[0] ?? '')) return now
  return tag === '' ? [] : [tag]
}

async function inputFor(
  from: Exportable,
  request: ExportRequest,
  signal?: AbortSignal,
): Promise<RebuildInput> {
  const { archive, image, layers, operations, edited, stack, stored, pool } = from
  const { build, format, epoch, gzip } = request
  if (epoch !== undefined && !(Number.isFinite(epoch) && epoch >= 0))
    throw new ImageError('bad-operation', 'The epoch is a number of seconds since 1970.')
  const tags = tagsFor(request.tag, from.tags)
  const together = (format === 'docker' || format === 'oci') && !request.alone && archive.images.length > 1
  return {
    image,
    tables: layers.tables,
    plain: layers.plain,
    edited,
    stack,
    configEdits: configEdits(operations),
    annotations: annotationsInForce(operations, image),
    tags,
    build,
    squashFrom: build === 'squash' ? request.from : undefined,
    format,
    gzip,
    epoch,
    stored,
    pool,
    company: together ? await companyOf(archive, image, tags, pool, signal) : undefined,
  }
}

function unchanged({ opened, name, image, archive, edited }: Exportable): Omit<ExportResult, 'engines'> {
  return {
    blob: blobOf(opened.file, 'application/x-tar'),
    fileName: name,
    bytes: opened.file.size,
    identical: true,
    imageId: image.id,
    manifestDigest: image.manifest?.digest ?? '',
    tag: namesOf(image)[0] ?? '',
    layers: image.layers.length,
    rootfsBytes: typeCounts(edited.tree, sizeIn(edited.sources)).bytes,
    notices: [],
    images: archive.images.length,
  }
}
