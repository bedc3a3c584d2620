/** An image as its archive describes it: ranges, digests and documents; no tree yet. */
import type { ByteSource, Bytes } from '../bytes/source'
import type { Compression } from '../compress/compression'
import type { ChainId, Digest, DiffId } from '../digest/digest'
import type { Notice } from '../fault/notice'
import type { Descriptor, HistoryLine, ImageConfig, ImageIndex, Manifest } from './documents'
import type { Members } from './members'

export type Shape = 'docker' | 'oci' | 'legacy' | 'rootfs'

export interface Layer {
  /** Base first, from 0. */
  readonly index: number
  readonly diffId: DiffId
  readonly chainId: ChainId
  /** Digest of the stored bytes as a manifest claims it; null where none does and the bytes are compressed. */
  readonly digest: Digest | null
  readonly mediaType: string
  readonly compression: Compression
  /** Member that holds it, links resolved; null for a layer that the archive does not carry (foreign, or left out). */
  readonly member: string | null
  readonly memberIndex: number
  /** The stored bytes. */
  readonly source: ByteSource | null
  readonly storedBytes: number
  readonly urls: readonly string[]
}

/** A line of the history beside the layer it made. */
export interface Step {
  readonly history: number | null
  readonly layer: number | null
  readonly line: HistoryLine | null
}

export interface ManifestDocument {
  readonly digest: Digest
  readonly bytes: Bytes
  readonly json: Manifest
  readonly member: string
  /** The descriptor that led here, annotations of the outermost one included. */
  readonly descriptor: Descriptor
  /** Indexes of platforms that it lies in, the outermost first; index.json is not among them. */
  readonly indexes: readonly IndexDocument[]
}

export interface IndexDocument {
  readonly digest: Digest
  readonly bytes: Bytes
  readonly mediaType: string
  readonly json: ImageIndex
}

export interface Image {
  readonly index: number
  /** SHA-256 of the config's bytes. */
  readonly id: Digest
  readonly tags: readonly string[]
  readonly configBytes: Bytes
  readonly config: ImageConfig
  /** Member of the config; null where it was made up (legacy, rootfs). */
  readonly configMember: string | null
  readonly manifest: ManifestDocument | null
  /** Line of manifest.json; null where only the OCI layout has it. */
  readonly dockerLine: number | null
  readonly layers: readonly Layer[]
  readonly steps: readonly Step[]
  readonly notices: readonly Notice[]
}

export interface Archive {
  readonly members: Members
  readonly shapes: readonly Shape[]
  readonly images: readonly Image[]
  /** What each member is used for, by member index. */
  readonly roles: ReadonlyMap<number, string>
  readonly notices: readonly Notice[]
}

/** "linux/arm64/v8"; empty where the config does not say. */
export function platformOf({ os, architecture, variant }: ImageConfig): string {
  return [os, architecture, variant].filter(Boolean).join('/')
}

/** Names that `docker load` would give. A bare "latest" (an OCI layout's ref.name) says which image of the layout is meant, and is no name of one. */
export function namesOf({ tags }: Pick<Image, 'tags'>): readonly string[] {
  return tags.filter((tag) => /[:/]/.test(tag))
}
