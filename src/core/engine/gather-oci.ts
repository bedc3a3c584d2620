/** The OCI side of the facts: index.json and what it leads to. */
import { isDigestText } from '../digest/digest'
import { sha256 } from '../digest/sha256'
import { blobPath, INDEX_JSON } from '../image/oci'
import type { IndexEntry, IndexFacts, ManifestFacts, OciLayer } from './facts'
import { EMPTY, type Gather } from './gather'
import { listIn, numberIn, objectIn, textIn, type Json } from './json'

/** Indexes within indexes are two deep in practice; beyond this nobody looks. */
const MOST_DEPTH = 8
/** Descriptors that are followed: indexes that name each other make millions of a few. */
const MOST_ENTRIES = 2000

export async function indexFacts(gather: Gather): Promise<IndexFacts | null> {
  const member = gather.find(INDEX_JSON)
  if (!member) return null
  const decoded = await gather.decoded(member)
  if ('problem' in decoded) return { undecodable: decoded.problem, entries: [] }
  const walk = { gather, left: MOST_ENTRIES }
  return { undecodable: null, entries: await entriesOf(objectIn(decoded.value, ['manifests']), walk, 0) }
}

interface Walk {
  readonly gather: Gather
  left: number
}

async function entriesOf(index: Json, walk: Walk, depth: number): Promise<IndexEntry[]> {
  const entries: IndexEntry[] = []
  for (const descriptor of listIn(index.manifests))
    if (walk.left-- > 0) entries.push(await entryOf(objectIn(descriptor, []), walk, depth))
  return entries
}

async function entryOf(descriptor: Json, walk: Walk, depth: number): Promise<IndexEntry> {
  const annotations = objectIn(descriptor.annotations, [])
  const platform = objectIn(descriptor.platform, [])
  const digest = textIn(descriptor.digest)
  const entry = {
    mediaType: textIn(descriptor.mediaType),
    digest,
    platform:
      'platform' in descriptor
        ? { os: textIn(platform.os), architecture: textIn(platform.architecture) }
        : null,
    imageName: textIn(annotations['io.containerd.image.name']),
    refName: textIn(annotations['org.opencontainers.image.ref.name']),
    isAttestation:
      annotations['vnd.docker.reference.type'] === 'attestation-manifest' ||
      (platform.os === 'unknown' && platform.architecture === 'unknown'),
    children: [],
    manifest: null,
  }
  const { gather } = walk
  const member = isDigestText(digest) ? gather.find(blobPath(digest)) : null
  if (!member) return { ...entry, blob: 'absent' }
  const bytes = await gather.bytes(member)
  const decoded = await gather.decoded(member)
  // Engines ask for content by its digest: a blob that is something else is not there.
  if (!bytes || 'problem' in decoded || (await sha256(bytes)) !== digest) return { ...entry, blob: 'other' }
  const json = objectIn(decoded.value, ['manifests', 'config', 'layers'])
  if ('manifests' in json && depth < MOST_DEPTH)
    return { ...entry, blob: 'index', children: await entriesOf(json, walk, depth + 1) }
  return { ...entry, blob: 'manifest', manifest: await manifestFacts(json, gather) }
}

async function manifestFacts(json: Json, gather: Gather): Promise<ManifestFacts> {
  const config = objectIn(json.config, [])
  const configDigest = textIn(config.digest)
  const member = isDigestText(configDigest) ? gather.find(blobPath(configDigest)) : null
  const read = member ? await gather.config(member) : null
  // By digest again: a config with another one is not there.
  const image = read?.digest === configDigest ? read : null
  const layers: OciLayer[] = []
  for (const [i, layer] of listIn(json.layers).entries())
    layers.push(await layerFacts(objectIn(layer, []), image?.diffIds?.[i] ?? null, gather))
  return { configType: textIn(config.mediaType), image, configDigest, layers }
}

async function layerFacts(layer: Json, diffId: string | null, gather: Gather): Promise<OciLayer> {
  const claimed = textIn(layer.digest)
  const size = numberIn(layer.size)
  const mediaType = textIn(layer.mediaType)
  const member = isDigestText(claimed) ? gather.find(blobPath(claimed)) : null
  const common = {
    mediaType,
    claimed,
    there: member !== null,
    isForeign: /foreign|nondistributable/.test(mediaType) || listIn(layer.urls).length > 0,
  }
  if (!member) return { ...common, ...EMPTY, sizeFits: true, size: size ?? 0 }
  const stored = await gather.stored(member, diffId, claimed)
  return { ...common, ...stored, sizeFits: size === null || size === member.size }
}
