/** What engines will do with an archive: its layers read where they must be, then core/engine's rules. */
import type { ByteSource } from '../core/bytes/source'
import type { Compression } from '../core/compress/compression'
import type { DiffId } from '../core/digest/digest'
import { engineAnswers } from '../core/engine/answers'
import type { EngineAnswer } from '../core/engine/engine'
import { factsOf, type Described, type KnownLayer } from '../core/engine/gather'
import { ImageError } from '../core/fault/fault'
import { Notices } from '../core/fault/notice'
import type { Layer } from '../core/image/image'
import { membersIn } from '../core/image/open'
import { openArchiveIn, plainDigest } from './open'
import type { LayerPool } from './pool'

export interface RulesOptions {
  /** Around the whole archive, taken off already. */
  readonly compression: Compression
  /** Layers that are known already; the others are not read. */
  readonly known?: ReadonlyMap<number, KnownLayer>
}

export async function rulesOf(archive: Described, options: RulesOptions): Promise<EngineAnswer[]> {
  const { compression: wrapping, known } = options
  return engineAnswers(await factsOf(archive, { wrapping, known }))
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
