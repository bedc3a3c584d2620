/** The documents of a rebuilt image: config, manifest, index, manifest.json, each naming the one before by digest. */
import type { Bytes } from '../bytes/source'
import { utf8 } from '../bytes/text'
import type { Compression } from '../compress/compression'
import { hexOf, type Digest, type DiffId } from '../digest/digest'
import { sha256 } from '../digest/sha256'
import { changedConfig, type ConfigEdit } from '../edit/config'
import type { Json } from '../edit/operation'
import { checked, ImageConfig, parseJson } from '../image/documents'
import { familiarName, fullName, parseReference } from '../image/reference'
import { nested, type Nest, type Platform } from './nest'

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

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json'
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar'

/** Media type by what the bytes are, in OCI's words: the new manifest is an OCI one whatever the old one was. */
export function layerMediaType(compression: Compression, found: string): string {
  if (/foreign|nondistributable/.test(found)) return found
  return compression === 'gzip' || compression === 'zstd' ? `${OCI_LAYER}+${compression}` : OCI_LAYER
}

/** The edited config with the layers that it is to name; null for what stays. All is an edit of the raw text: unknown fields and order stay. */
export function structured(
  config: Bytes,
  diffIds: readonly DiffId[] | null,
  history: readonly Json[] | null,
): Bytes {
  const edits: ConfigEdit[] = []
  if (diffIds) edits.push({ key: ['rootfs'], value: { type: 'layers', diff_ids: diffIds } })
  if (history) edits.push({ key: ['history'], value: history.length > 0 ? history : undefined })
  return changedConfig(config, edits)
}

/** Throws `bad-json`. */
export function parsedConfig(config: Bytes): ImageConfig {
  return checked(ImageConfig, parseJson(config, {}), {})
}

export interface Documents {
  readonly config: Bytes
  readonly configDigest: Digest
  readonly manifest: Bytes
  readonly manifestDigest: Digest
  /** Of what index.json names: the manifest, or the index of platforms that it lies in. The containerd store's image ID. */
  readonly targetDigest: Digest
  /** Indexes of platforms that lead to it, written anew. */
  readonly indexes: readonly { readonly digest: Digest; readonly bytes: Bytes }[]
  readonly index: Bytes
  readonly layout: Bytes
  readonly dockerManifest: Bytes
}

/** One image as the index and manifest.json name it. */
export interface Described {
  readonly config: Bytes
  readonly configDigest: Digest
  readonly manifest: Bytes
  readonly manifestDigest: Digest
  readonly mediaType: string
  readonly layers: readonly LayerDescriptor[]
  /** As people write them. */
  readonly tags: readonly string[]
  /** The index of platforms that bears the names in its place. */
  readonly index?: Named
}

/** A document as a descriptor names it. */
export interface Named {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
}

/** Images that stay as they are, in the order of the archive, around the one that was rebuilt. */
export interface Companions {
  readonly before: readonly Described[]
  readonly after: readonly Described[]
  /** Where the rebuilt one was one of several platforms under one name. */
  readonly nest?: Nest
}

export const ALONE: Companions = { before: [], after: [] }

/** `tags` as people write them; throws `bad-reference`. */
export async function documentsOf(
  annotations: Annotations,
  config: Bytes,
  layers: readonly LayerDescriptor[],
  tags: readonly string[],
  { before, after, nest }: Companions = ALONE,
): Promise<Documents> {
  const alone = await described(annotations, config, layers, tags)
  const within = nest ? await nested(nest, alone, platformOf(config)) : null
  const image: Described = within ? { ...alone, index: within.top } : alone
  const images = [...before, image, ...after]
  return {
    config,
    configDigest: image.configDigest,
    manifest: image.manifest,
    manifestDigest: image.manifestDigest,
    targetDigest: image.index?.digest ?? image.manifestDigest,
    indexes: within?.indexes ?? [],
    index: json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: images.flatMap(indexLines) }),
    layout: json({ imageLayoutVersion: '1.0.0' }),
    dockerManifest: json(images.map(dockerLine)),
  }
}

export type Annotations = { readonly [key: string]: string | null | undefined } | null | undefined

/** An image with a manifest of our own. */
export async function described(
  annotations: Annotations,
  config: Bytes,
  layers: readonly LayerDescriptor[],
  tags: readonly string[],
): Promise<Described> {
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
    ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
  })
  const manifestDigest = await sha256(manifest)
  return { config, configDigest, manifest, manifestDigest, mediaType: OCI_MANIFEST, layers, tags }
}

function platformOf(config: Bytes): Platform | null {
  const { os, architecture, variant } = parsedConfig(config)
  return os && architecture ? { architecture, os, ...(variant ? { variant } : {}) } : null
}

function indexLines({ config, manifest, manifestDigest, mediaType, tags, index }: Described): object[] {
  const found = index ? null : platformOf(config)
  const platform = found ? { platform: found } : {}
  const descriptor = index ?? { mediaType, digest: manifestDigest, size: manifest.length }
  const named = tags.map(parseReference).map((reference) => ({
    ...descriptor,
    // Both names, as docker save writes them: with one of them alone, some engine loads the image and cannot find it.
    annotations: {
      'io.containerd.image.name': fullName(reference),
      'org.opencontainers.image.ref.name': reference.tag,
    },
    ...platform,
  }))
  return named.length > 0 ? named : [{ ...descriptor, ...platform }]
}

function dockerLine({ configDigest, layers, tags }: Described): object {
  return {
    Config: blobName(configDigest),
    RepoTags: tags.length > 0 ? tags.map((tag) => familiarName(parseReference(tag))) : null,
    Layers: layers.map(({ digest }) => blobName(digest)),
  }
}

export function blobName(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`
}

function json(value: unknown): Bytes {
  return utf8(JSON.stringify(value))
}
