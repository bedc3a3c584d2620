/** The outer tar of an export, as parts: an OCI layout and docker's manifest.json over the same blobs, which every engine takes. */
import type { ByteSource } from '../bytes/source'
import { MemorySource } from '../bytes/source'
import { utf8 } from '../bytes/text'
import { ImageError } from '../fault/fault'
import { TYPE } from '../tar/entry'
import { encodeHeader, END, paddingOf } from '../tar/write'
import { blobName, type Documents, type LayerDescriptor } from './document'

/** Members in the order they are written; untouched blobs are sources that nobody has read. */
export interface ArchiveMember {
  readonly path: string
  readonly source: ByteSource | null // null: a directory
}

/** Throws `missing-member` where a layer that must be there has no bytes. */
export function membersOf(
  documents: Documents,
  layers: readonly LayerDescriptor[],
  blobs: ReadonlyMap<string, ByteSource>,
  format: 'docker' | 'oci',
): ArchiveMember[] {
  const members = new Map<string, ArchiveMember>()
  const add = (path: string, source: ByteSource | null): void => void members.set(path, { path, source })
  add('blobs/', null)
  add('blobs/sha256/', null)
  for (const layer of layers) {
    if (layer.absent) continue
    const source = blobs.get(layer.digest)
    if (!source)
      throw new ImageError(
        'missing-member',
        `The bytes of layer ${layer.diffId.slice(7, 19)} are not at hand.`,
      )
    add(blobName(layer.digest), source)
  }
  add(blobName(documents.configDigest), new MemorySource(documents.config))
  add(blobName(documents.manifestDigest), new MemorySource(documents.manifest))
  add('index.json', new MemorySource(documents.index))
  if (format === 'docker') add('manifest.json', new MemorySource(documents.dockerManifest))
  add('oci-layout', new MemorySource(documents.layout))
  return [...members.values()]
}

/** The archive as sources one after the other: what a Blob is composed of, or a file is written from. Fixed times and modes: the same image gives the same bytes. */
export function archiveParts(members: readonly ArchiveMember[]): ByteSource[] {
  const parts: ByteSource[] = []
  for (const { path, source } of members) {
    const size = source?.size ?? 0
    parts.push(
      new MemorySource(
        encodeHeader({
          path: utf8(path),
          type: source ? TYPE.file : TYPE.directory,
          mode: source ? 0o644 : 0o755,
          uid: 0,
          gid: 0,
          size,
          mtime: 0,
        }),
      ),
    )
    if (source && size > 0) parts.push(source, new MemorySource(paddingOf(size)))
  }
  parts.push(new MemorySource(END))
  return parts
}
