/** The documents of a rebuilt image: config, manifest, index, manifest.json, each naming the one before by digest. */
import type { Bytes } from '../bytes/source'
import { utf8 } from '../bytes/text'
import type { Compression } from '../compress/compression'
import { hexOf, type Digest, type DiffId } from '../digest/digest'
import { sha256 } from '../digest/sha256'
import { changedConfig, editedConfig, type ConfigEdit } from '../edit/config'
import type { Json } from '../edit/operation'
import type { ImageConfig } from '../image/documents'
import type { Image } from '../image/image'
import { familiarName, fullName, parseReference } from '../image/reference'

/** A layer as the new manifest names it. */
export interface LayerDescriptor {
  readonly diffId: DiffId
  readonly digest: Digest
  readonly size: number
  readonly mediaType: string
  readonly urls?: readonly string[]
  readonly annotations?: { readonly [key: string]: string | null | undefined } | null
  /** Not in the archive: foreign layers stay where they are. */
  readonly absent?: boolean
}

export interface HistoryEntry {
  readonly created?: string
  readonly created_by: string
  readonly comment?: string
  readonly empty_layer?: true
}

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json'
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar'

/** Media type by what the bytes are, in OCI's words: the new manifest is an OCI one whatever the old one was. */
export function layerMediaType(compression: Compression, found: string): string {
  if (/foreign|nondistributable/.test(found)) return found
  return compression === 'gzip' || compression === 'zstd' ? `${OCI_LAYER}+${compression}` : OCI_LAYER
}

/** `history` null: keep as it is. All is one edit of the raw text, so that unknown fields and order stay. */
export function newConfig(
  config: Bytes,
  edits: readonly ConfigEdit[],
  diffIds: readonly DiffId[] | null,
  history: readonly Json[] | null,
): Bytes {
  const structural: ConfigEdit[] = []
  if (diffIds) structural.push({ key: ['rootfs'], value: { type: 'layers', diff_ids: diffIds } })
  if (history) structural.push({ key: ['history'], value: history })
  return changedConfig(editedConfig(config, edits), structural)
}

/** The old history with more lines; null where there is none, or where it does not match the layers: a further line would be read as an earlier layer's. */
export function longerHistory(config: ImageConfig, more: readonly HistoryEntry[]): Json[] | null {
  const layers = config.rootfs?.diff_ids?.length ?? 0
  if (!config.history || config.history.length === 0 || more.length === 0) return null
  if (config.history.filter((line) => !line.empty_layer).length !== layers) return null
  return [...(config.history as unknown as Json[]), ...(more as unknown as Json[])]
}

export interface Documents {
  readonly config: Bytes
  readonly configDigest: Digest
  readonly manifest: Bytes
  readonly manifestDigest: Digest
  readonly index: Bytes
  readonly layout: Bytes
  readonly dockerManifest: Bytes
  readonly repositories: Bytes | null
}

/** `tags` as people write them; throws `bad-reference`. */
export async function documentsOf(
  image: Image,
  config: Bytes,
  layers: readonly LayerDescriptor[],
  tags: readonly string[],
): Promise<Documents> {
  const references = tags.map(parseReference)
  const configDigest = await sha256(config)
  const manifest = json({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: configDigest, size: config.length },
    layers: layers.map(({ mediaType, digest, size, urls, annotations }) => ({
      mediaType,
      digest,
      size,
      ...(urls && urls.length > 0 ? { urls } : {}),
      ...(annotations ? { annotations } : {}),
    })),
    ...(image.manifest?.json.annotations ? { annotations: image.manifest.json.annotations } : {}),
  })
  const manifestDigest = await sha256(manifest)
  const { os, architecture, variant } = image.config
  const platform =
    os && architecture ? { platform: { architecture, os, ...(variant ? { variant } : {}) } } : {}
  const descriptor = { mediaType: OCI_MANIFEST, digest: manifestDigest, size: manifest.length }
  const named = references.map((reference) => ({
    ...descriptor,
    // Both names, as docker save writes them: with one of them alone, some engine loads the image and cannot find it.
    annotations: {
      'io.containerd.image.name': fullName(reference),
      'org.opencontainers.image.ref.name': reference.tag,
    },
    ...platform,
  }))
  const index = json({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: named.length > 0 ? named : [{ ...descriptor, ...platform }],
  })
  const dockerManifest = json([
    {
      Config: blobName(configDigest),
      RepoTags: references.length > 0 ? references.map(familiarName) : null,
      Layers: layers.map(({ digest }) => blobName(digest)),
    },
  ])
  return {
    config,
    configDigest,
    manifest,
    manifestDigest,
    index,
    layout: json({ imageLayoutVersion: '1.0.0' }),
    dockerManifest,
    repositories: null,
  }
}

export function blobName(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`
}

function json(value: unknown): Bytes {
  return utf8(JSON.stringify(value))
}
