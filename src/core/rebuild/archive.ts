/** The outer tar of an export, as parts: an OCI layout and docker's manifest.json over the same blobs, which every engine takes. */
import type { ByteSource, Bytes } from '../bytes/source'
import { MemorySource } from '../bytes/source'
import { utf8 } from '../bytes/text'
import type { Digest } from '../digest/digest'
import { ImageError } from '../fault/fault'
import { TYPE } from '../tar/entry'
import { encodeHeader, END, paddingOf } from '../tar/write'
import { blobName, type Described, type Documents, type LayerDescriptor } from './document'

/** Members in the order they are written; untouched blobs are sources that nobody has read. */
export interface ArchiveMember {
  readonly path: string
  readonly source: ByteSource | null // null: a directory
  /** 0644, and 0755 for directories, at the beginning of time, where nothing else is said. */
  readonly mode?: number
  readonly mtime?: number
}

/** An empty file where there are no bytes. */
export function fileMember(path: string, source: ByteSource | null): ArchiveMember {
  return { path, source: source ?? new MemorySource(new Uint8Array(0)) }
}

/**
 * Throws `missing-member` where a layer that must be there has no bytes. `companions`: further images, which stay as they
 * are. `alongside`: blobs that only indexes of platforms lead to, by digest.
 */
export function membersOf(
  documents: Documents,
  layers: readonly LayerDescriptor[],
  blobs: ReadonlyMap<string, ByteSource>,
  format: 'docker' | 'oci',
  companions: readonly Described[] = [],
  alongside: ReadonlyMap<Digest, ByteSource> = new Map(),
): ArchiveMember[] {
  const members = new Map<string, ArchiveMember>()
  const add = (path: string, source: ByteSource | null): void => void members.set(path, { path, source })
  add('blobs/', null)
  add('blobs/sha256/', null)
  for (const layer of [...layers, ...companions.flatMap((companion) => companion.layers)]) {
    if (layer.absent) continue
    const source = blobs.get(layer.digest)
    if (!source)
      throw new ImageError(
        'missing-member',
        `The bytes of layer ${layer.diffId.slice(7, 19)} are not at hand.`,
      )
    add(blobName(layer.digest), source)
  }
  for (const { configDigest, config, manifestDigest, manifest } of [documents, ...companions]) {
    add(blobName(configDigest), new MemorySource(config))
    add(blobName(manifestDigest), new MemorySource(manifest))
  }
  for (const { digest, bytes } of documents.indexes) add(blobName(digest), new MemorySource(bytes))
  for (const [digest, source] of alongside) add(blobName(digest), source)
  add('index.json', new MemorySource(documents.index))
  if (format === 'docker') add('manifest.json', new MemorySource(documents.dockerManifest))
  add('oci-layout', new MemorySource(documents.layout))
  return [...members.values()]
}

/** The form that people take apart by hand: each layer's plain tar by its number, and the documents beside them. */
export function unpackedMembers(documents: Documents, plain: readonly ByteSource[]): ArchiveMember[] {
  const memory = (path: string, body: Bytes): ArchiveMember => fileMember(path, new MemorySource(body))
  return [
    ...plain.map((source, layer) => fileMember(`LAYER_${layer}.tar`, source)),
    { path: 'metadata/', source: null },
    memory('metadata/config.json', documents.config),
    memory('metadata/index.json', documents.index),
    memory('metadata/manifest.json', documents.dockerManifest),
    memory('metadata/oci-layout', documents.layout),
    memory('metadata/oci-manifest.json', documents.manifest),
  ]
}

/** The archive as sources one after the other: what a Blob is composed of, or a file is written from. Fixed times and modes: the same image gives the same bytes. */
export function archiveParts(members: readonly ArchiveMember[]): ByteSource[] {
  const parts: ByteSource[] = []
  for (const { path, source, mode, mtime } of members) {
    const size = source?.size ?? 0
    parts.push(
      new MemorySource(
        encodeHeader({
          path: utf8(path),
          type: source ? TYPE.file : TYPE.directory,
          mode: mode ?? (source ? 0o644 : 0o755),
          uid: 0,
          gid: 0,
          size,
          mtime: mtime ?? 0,
        }),
      ),
    )
    if (source && size > 0) parts.push(source, new MemorySource(paddingOf(size)))
  }
  parts.push(new MemorySource(END))
  return parts
}
