/** An archive that was read and verified, put into this browser's storage: its parts, its layers, its tables. */
import type { Archive, Image } from '../core/image/image'
import { keepArchive, keepSource } from './keep'
import type { Layers } from './layers'
import type { OpenedSource } from './open'
import type { ArchiveRecord, Stores } from './ports'
import type { Task } from './tasks'
import type { Way } from './way'

export interface Keepable {
  readonly archive: Archive
  readonly image: Image
  readonly layers: Layers
  readonly opened: OpenedSource
  readonly stores: Stores
  /** What the record says beside where the parts are. */
  readonly head: Omit<ArchiveRecord, 'parts' | 'layers' | 'original' | 'complete' | 'compression'>
  readonly task: Task
  /** As of `KeepOptions`. */
  readonly pause?: Way['pause']
}

/** Throws `storage-full`: then the record still says that not all is there, and what is there whole may be used. */
export async function keepOpened(from: Keepable): Promise<void> {
  const { archive, image, layers, opened, stores, head, task, pause } = from
  task.total(bytesToKeep(from))
  let done = 0
  const onBytes = (count: number): void => task.progress((done += count))
  const options = { signal: task.signal, onBytes, pause }
  const isVerified = (of: Image, layer: number): boolean => of === image && layers.isVerified(layer)
  const parts = await keepArchive(archive, head.id, isVerified, stores, options)
  for (const { diffId, table, plain, spill } of layers.toKeep()) {
    if (spill && (await spill.commit())) options.onBytes(plain.size)
    else await keepSource(stores.layers, diffId, plain, options)
    if (table) await stores.tables.put(diffId, table)
    layers.markKept(diffId)
  }
  await layers.keepUnion()
  const original = opened.compression === 'none' ? null : `archive/${head.id}`
  if (original) await keepSource(stores.blobs, original, opened.file, options)
  await stores.archives.put({
    ...head,
    parts,
    layers: [...layers.toKeep()].map(({ diffId }) => diffId),
    original,
    complete: true,
    compression: opened.compression,
  })
}

function bytesToKeep({ archive, image, layers, opened }: Keepable): number {
  let bytes = archive.members.source.size + (opened.compression === 'none' ? 0 : opened.file.size)
  for (const { plain, index } of layers.toKeep())
    if (image.layers[index].compression !== 'none') bytes += plain.size
  return bytes
}
