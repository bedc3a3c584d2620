/** What engines will do with an archive: its layers read where they must be, then core/engine's rules. */
import type { EngineRow, ExportRequest } from '../../workers/api'
import type { ByteSource } from '../core/bytes/source'
import type { Compression } from '../core/compress/compression'
import type { Digest, DiffId } from '../core/digest/digest'
import { engineAnswers, merged } from '../core/engine/answers'
import type { EngineAnswer } from '../core/engine/engine'
import type { Oddity } from '../core/engine/facts'
import { RESAVE } from '../core/engine/findings'
import { plannedFacts, type Planned } from '../core/engine/planned'
import { factsOf, type Described, type KnownLayer } from '../core/engine/gather'
import { ImageError } from '../core/fault/fault'
import { Notices, type Notice } from '../core/fault/notice'
import type { Archive, Image, Layer } from '../core/image/image'
import { membersIn } from '../core/image/open'
import { Layers } from './layers'
import { openArchiveIn, plainDigest, type OpenedSource } from './open'
import type { LayerPool } from './pool'
import type { Stores } from './ports'
import { unseenTask } from './tasks'

export interface RulesOptions {
  /** Around the whole archive, taken off already. */
  readonly compression: Compression
  readonly padded?: boolean
  /** Layers that are known already; the others are not read. */
  readonly known?: ReadonlyMap<number, KnownLayer>
  /** What is odd in the layers of images that were read, by image ID. */
  readonly contents?: Contents
  /** Of a delta: how many layers of its base the other side has. */
  readonly baseLayers?: number
}

export type Contents = ReadonlyMap<string, readonly Oddity[]>

export async function rulesOf(archive: Described, options: RulesOptions): Promise<EngineAnswer[]> {
  const { compression: wrapping, padded, known, contents, baseLayers } = options
  const facts = await factsOf(archive, { wrapping, padded, known, contents })
  return engineAnswers({ ...facts, host: { ...facts.host, baseLayers } })
}

/** The archive, or its members alone where no image in it can be opened: engines may take what Peel does not, and refuse it in their own words. */
export async function describedIn(tar: ByteSource, signal?: AbortSignal): Promise<Described> {
  try {
    return await openArchiveIn(tar, signal)
  } catch (thrown) {
    if (!(thrown instanceof ImageError) || thrown.fault.code === 'cancelled') throw thrown
    return { members: await membersIn(tar, new Notices(), signal), shapes: [], images: [] }
  }
}

/** Every layer of the archive read and hashed, by index of its member. */
export async function knownLayers(
  { images }: Described,
  pool: LayerPool,
  signal?: AbortSignal,
): Promise<Map<number, KnownLayer>> {
  const known = new Map<number, KnownLayer>()
  for (const { layers } of images)
    for (const layer of layers)
      if (layer.source && layer.memberIndex >= 0 && !known.has(layer.memberIndex))
        known.set(layer.memberIndex, await readLayer(layer, layer.source, pool, signal))
  return known
}

/** What was said of an image's layers, in the order in which they are unpacked. */
export function odditiesIn(notices: readonly Notice[]): Oddity[] {
  return notices
    .filter(({ where }) => where.layer !== undefined)
    .sort(({ where: a }, { where: b }) => a.layer! - b.layer! || (a.at ?? 0) - (b.at ?? 0))
    .map(({ code, message, where }) => ({ code, message, layer: where.layer!, path: where.path ?? '' }))
}

/** Every layer of every image scanned and united, in search of what engines stumble on. */
export async function oddContents({ images }: Described, pool: LayerPool, stores: Stores): Promise<Contents> {
  const contents = new Map<string, readonly Oddity[]>()
  for (const image of images) {
    const layers = new Layers({ image, pool, stores })
    await layers.scan(unseenTask())
    contents.set(image.id, odditiesIn(layers.notices.list))
  }
  return contents
}

async function readLayer(
  { compression }: Layer,
  source: ByteSource,
  pool: LayerPool,
  signal?: AbortSignal,
): Promise<KnownLayer> {
  const digest = await pool.digest(source, { signal })
  if (compression === 'none') return { digest, diffId: digest as string as DiffId }
  try {
    return { digest, diffId: await plainDigest(source, signal) }
  } catch (thrown) {
    if (!(thrown instanceof ImageError) || thrown.fault.code === 'cancelled') throw thrown
    // xz and bzip2 are not read here, and engines read them: nothing is known.
    return { digest, diffId: null, wrong: thrown.fault.code !== 'unsupported-compression' }
  }
}

/** One row for versions that do the same. */
export function rowsOf(answers: readonly EngineAnswer[]): EngineRow[] {
  return merged(answers).map(({ engine, answer: { images, ...told } }) => ({
    engine,
    ...told,
    images: images ?? [],
  }))
}

/** Of the opened archive; of its layers what is verified by now. */
export async function rowsOfOpened(
  archive: Archive,
  { compression, padded }: Pick<OpenedSource, 'compression' | 'padded'>,
  stateOf: (image: Image, layer: number) => boolean | null,
  contents: Contents,
  baseLayers = 0,
): Promise<EngineRow[]> {
  const known = verifiedLayers(archive, stateOf)
  return ofDelta(
    rowsOf(await rulesOf(archive, { compression, padded, known, contents, baseLayers })),
    baseLayers,
  )
}

/** What verification has found out, by index of the layer's member. */
export function verifiedLayers(
  archive: Archive,
  stateOf: (image: Image, layer: number) => boolean | null,
): Map<number, KnownLayer> {
  const known = new Map<number, KnownLayer>()
  for (const image of archive.images)
    for (const { index, memberIndex, digest, diffId, compression: stored } of image.layers) {
      const verified = stateOf(image, index)
      const ownDigest = digest ?? (stored === 'none' ? (diffId as string as Digest) : null)
      if (verified !== null)
        known.set(
          memberIndex,
          verified ? { digest: ownDigest, diffId } : { digest: null, diffId: null, wrong: true },
        )
    }
  return known
}

/** Whether engines take it: the other formats are for other tools. */
export function isForEngines(format: ExportRequest['format']): format is 'docker' | 'oci' | 'delta' {
  return format === 'docker' || format === 'oci' || format === 'delta'
}

/** Of an archive that was built and proved: its layers are what they are called. */
export function rowsOfBuilt(
  archive: Archive,
  { format, base = [] }: Pick<ExportRequest, 'format' | 'base'>,
  contents: Contents,
): Promise<EngineRow[]> {
  const baseLayers = format === 'delta' ? base.length : 0
  return rowsOfOpened(archive, { compression: 'none' }, () => true, contents, baseLayers)
}

/** What an engine refuses for the layers that a delta leaves out is no damage. */
function ofDelta(rows: EngineRow[], baseLayers: number): EngineRow[] {
  return baseLayers === 0
    ? rows
    : rows.map((row) =>
        row.verdict === 'fails' && row.repair === RESAVE
          ? { ...row, repair: 'It wants every layer in the file: export it whole, as “docker load”.' }
          : row,
      )
}

/** Of an archive before it is built: names and verdicts; IDs are known once it is. */
export async function rowsOfPlanned(planned: Planned, baseLayers = 0): Promise<EngineRow[]> {
  const facts = plannedFacts(planned)
  const answers = await engineAnswers({ ...facts, host: { ...facts.host, baseLayers } })
  const rows = ofDelta(rowsOf(answers), baseLayers)
  return rows.map(({ images, ...row }) => ({
    ...row,
    images: images.map(({ names }) => ({ names, id: null })),
  }))
}
