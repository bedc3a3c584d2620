/** Keeping an archive in this browser such that it can be laid out again, byte for byte, without the file. */
import { HeadedSource } from '../core/bytes/headed'
import { JoinedSource, MemorySource, type ByteSource } from '../core/bytes/source'
import { SNIFF_LENGTH } from '../core/compress/compression'
import { throwIfCancelled } from '../core/fault/fault'
import type { DiffId } from '../core/digest/digest'
import type { Archive, Image } from '../core/image/image'
import { ownBlob, SEGMENT } from './segments'
import type { Way } from './way'
import type { ArchiveRecord, SegmentStore, SkeletonPart, StoredPart, Stores } from './ports'

/** Members up to this stay in the skeleton itself: documents, and layers of a few files. */
const SMALL = 64 * 1024

export interface KeepOptions {
  readonly signal: AbortSignal
  readonly onBytes: (count: number) => void
  /** Asked before each segment: when to go on; null for at once. */
  readonly pause?: Way['pause']
}

/** Stores a source under a key unless it is there. Throws `storage-full`; then nothing of it stays. */
export async function keepSource(
  store: SegmentStore,
  key: string,
  source: ByteSource,
  { signal, onBytes, pause }: KeepOptions,
): Promise<void> {
  // Not `has`: of what was kept, segments may have got lost.
  if (await store.get(key)) {
    onBytes(source.size)
    return
  }
  const writer = await store.write(key)
  try {
    for (let at = 0; at < source.size || at === 0; at += SEGMENT) {
      await pause?.()
      throwIfCancelled(signal)
      const length = Math.min(SEGMENT, source.size - at)
      await writer.append(await ownBlob(source.slice(at, length)))
      onBytes(length)
      if (length === 0) break
    }
    await writer.commit()
  } catch (thrown) {
    await writer.abandon()
    throw thrown
  }
}

/** A member that is too big for the skeleton, and where its bytes are kept. */
interface Placed {
  readonly at: number
  readonly length: number
  readonly part: StoredPart
  readonly stored: 'layer' | 'blob'
  readonly key: string
}

/** What to keep of an archive: the ranges that go to stores of their own, in the order of the tar. */
function placements(
  archive: Archive,
  isPlain: (image: Image, layer: number) => boolean,
  id: string,
): Placed[] {
  const placed = new Map<number, Placed>()
  const put = (at: number, length: number, stored: 'layer' | 'blob', key: string): void => {
    if (placed.has(at) || length === 0) return
    const part: StoredPart =
      stored === 'layer'
        ? { kind: 'layer', key: key as DiffId, at: 0, length }
        : { kind: 'blob', key, at: 0, length }
    placed.set(at, { at, length, part, stored, key })
  }
  for (const image of archive.images)
    for (const layer of image.layers) {
      if (layer.memberIndex === -1 && layer.source) put(0, layer.storedBytes, 'layer', layer.diffId) // a root filesystem tar is its own layer
      const member = archive.members.list[layer.memberIndex]
      if (!member) continue
      if (layer.compression === 'none' && isPlain(image, layer.index))
        put(member.bodyAt, member.size, 'layer', layer.diffId)
      else put(member.bodyAt, member.size, 'blob', layer.digest ?? `${id}/${member.index}`)
    }
  for (const member of archive.members.list)
    if (
      member.type === 0 &&
      member.size > SMALL &&
      !placed.has(member.bodyAt) &&
      !isInside(placed, member.bodyAt)
    )
      put(member.bodyAt, member.size, 'blob', `${id}/${member.index}`)
  return [...placed.values()].sort((a, b) => a.at - b.at)
}

function isInside(placed: ReadonlyMap<number, Placed>, at: number): boolean {
  const whole = placed.get(0)
  return whole !== undefined && at < whole.length
}

/**
 * Keeps every range of the tar that the skeleton does not hold itself; resolves to the parts. `isVerified` says
 * whether a plain layer's bytes are what its diff_id says: others are not put under a name that is not theirs.
 */
export async function keepArchive(
  archive: Archive,
  id: string,
  isVerified: (image: Image, layer: number) => boolean,
  stores: Stores,
  options: KeepOptions,
): Promise<SkeletonPart[]> {
  const { source } = archive.members
  const parts: SkeletonPart[] = []
  let at = 0
  const bytesUpTo = async (end: number): Promise<void> => {
    if (end > at) parts.push({ kind: 'bytes', body: (await source.read(at, end - at)).slice() })
  }
  for (const placed of placements(archive, isVerified, id)) {
    await bytesUpTo(placed.at)
    await keepSource(
      placed.stored === 'layer' ? stores.layers : stores.blobs,
      placed.key,
      source.slice(placed.at, placed.length),
      options,
    )
    const head = (await source.read(placed.at, Math.min(SNIFF_LENGTH, placed.length))).slice()
    parts.push({ ...placed.part, head })
    at = placed.at + placed.length
  }
  await bytesUpTo(source.size)
  return parts
}

/** The tar again, from its parts; null where something is not kept any more. `late`: without a look whether each byte is there. */
export async function restoredTar(
  record: ArchiveRecord,
  stores: Stores,
  late = false,
): Promise<ByteSource | null> {
  // All at once: of 127 layers each would wait for the one before.
  const sources = await Promise.all(record.parts.map((part) => restoredPart(part, stores, late)))
  return sources.includes(null) ? null : new JoinedSource(sources.filter((source) => source !== null))
}

async function restoredPart(part: SkeletonPart, stores: Stores, late: boolean): Promise<ByteSource | null> {
  if (part.kind === 'bytes') return new MemorySource(part.body.slice())
  const store = part.kind === 'layer' ? stores.layers : stores.blobs
  const bytes = await (late ? store.late(part.key) : store.get(part.key))
  const range = bytes && bytes.slice(part.at, part.length)
  return range && part.head ? new HeadedSource(part.head.slice(), range) : range
}

/** The file as it was opened, where it was compressed as a whole; null where it is not kept. */
export async function restoredOriginal(record: ArchiveRecord, stores: Stores): Promise<ByteSource | null> {
  return record.original === null ? null : stores.blobs.late(record.original)
}
