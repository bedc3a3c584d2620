/** An OCI image layout: oci-layout, index.json, blobs/ALGORITHM/HEX (image-spec, image-layout.md), nested indexes included. */
import type { Bytes } from '../bytes/source'
import { isDigestText, type Digest } from '../digest/digest'
import { sha256 } from '../digest/sha256'
import type { Notices } from '../fault/notice'
import type { LayerClaim } from './assemble'
import { checked, ImageIndex, Manifest, MOST_JSON, parseJson, withKeysAs, type Descriptor } from './documents'
import type { IndexDocument, ManifestDocument } from './image'
import type { Member, Members } from './members'

export const INDEX_JSON = 'index.json'
export const OCI_LAYOUT = 'oci-layout'

export interface OciImage {
  readonly manifest: ManifestDocument
  readonly config: Member | null
  readonly configDigest: string
  readonly tags: readonly string[]
  readonly claims: readonly LayerClaim[]
}

export interface OciLayout {
  readonly images: readonly OciImage[]
  /** Members that are indexes, manifests or attached documents, with what they are. */
  readonly roles: ReadonlyMap<number, string>
}

/** Nesting is two deep in practice (index → index of platforms → manifest). */
const MOST_DEPTH = 8

export function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}

interface Walk {
  readonly members: Members
  readonly notices: Notices
  readonly images: Map<string, OciImage>
  readonly roles: Map<number, string>
  /** Indexes by digest: one that is named a thousand times is read once. */
  readonly indexes: Map<string, IndexDocument>
  /** Digests of what was looked at and is no image: broken, or an attestation. */
  readonly others: Set<string>
  /** Indexes that are being walked through, the outermost first: one inside itself is a circle. */
  readonly open: IndexDocument[]
  visits: number
}

/** Descriptors that are followed, each time one is named: indexes that name each other make millions of a few. */
const MOST_VISITS = 20_000

/** All images of the layout, each once, with the tags of all descriptors that lead to it. */
export async function readOciLayout(members: Members, notices: Notices): Promise<OciLayout> {
  const walk: Walk = {
    members,
    notices,
    images: new Map(),
    roles: new Map(),
    indexes: new Map(),
    others: new Set(),
    open: [],
    visits: 0,
  }
  await checkLayoutVersion(walk)
  const member = members.get(INDEX_JSON, 'The OCI layout')
  walk.roles.set(member.index, 'image index')
  const index = checked(
    ImageIndex,
    parseJson(await members.read(member, MOST_JSON), { member: INDEX_JSON }),
    { member: INDEX_JSON },
  )
  for (const descriptor of index.manifests ?? []) await visit(walk, descriptor, tagsOf(descriptor), 0)
  return { images: [...walk.images.values()], roles: walk.roles }
}

async function checkLayoutVersion({ members, notices, roles }: Walk): Promise<void> {
  const member = members.find(OCI_LAYOUT)
  if (!member) {
    notices.add(
      'warning',
      'oci-layout-missing',
      'There is an index.json and no oci-layout file: engines do not take this for an OCI layout.',
    )
    return
  }
  roles.set(member.index, 'OCI layout version')
  try {
    const json = parseJson(await members.read(member, MOST_JSON), { member: OCI_LAYOUT }) as {
      imageLayoutVersion?: unknown
    } | null
    if (json?.imageLayoutVersion !== '1.0.0')
      notices.add(
        'error',
        'oci-layout-version',
        `The layout version is ${JSON.stringify(json?.imageLayoutVersion)}, engines take "1.0.0" only.`,
        { member: OCI_LAYOUT },
      )
  } catch {
    notices.add('error', 'oci-layout-version', 'The oci-layout file is not JSON.', { member: OCI_LAYOUT })
  }
}

/** The names that engines read from a descriptor: containerd's own annotation first, the OCI one else. */
export function tagsOf({ annotations }: Descriptor): string[] {
  const name = annotations?.['io.containerd.image.name'] ?? annotations?.['org.opencontainers.image.ref.name']
  return name ? [name] : []
}

async function visit(
  walk: Walk,
  descriptor: Descriptor,
  tags: readonly string[],
  depth: number,
): Promise<void> {
  const { members, notices, images } = walk
  if (walk.visits++ >= MOST_VISITS) {
    if (walk.visits === MOST_VISITS + 1)
      notices.add(
        'error',
        'index-too-large',
        `The indexes name more than ${MOST_VISITS} manifests; the others are not looked at.`,
      )
    return
  }
  const member = members.find(blobPath(descriptor.digest))
  if (!member) {
    const { os, architecture } = descriptor.platform ?? {}
    const what = os
      ? `the image for ${os}/${architecture}`
      : `the manifest ${descriptor.digest.slice(0, 19)}…`
    notices.add(
      'info',
      'manifest-absent',
      `An index names ${what}, and the archive does not hold it (saving one platform leaves the others out).`,
    )
    return
  }
  const known = images.get(descriptor.digest)
  if (known) {
    images.set(descriptor.digest, { ...known, tags: [...new Set([...known.tags, ...tags])] })
    return
  }
  if (walk.others.has(descriptor.digest)) return
  try {
    const index = walk.indexes.get(descriptor.digest)
    if (index) await visitAll(walk, index, member, tags, depth)
    else await read(walk, descriptor, member, tags, depth)
  } catch (thrown) {
    walk.others.add(descriptor.digest)
    notices.add('error', 'manifest-broken', thrown instanceof Error ? thrown.message : String(thrown), {
      member: member.path,
    })
  }
}

/** What an index names. A name on the way to it holds for all that have none of their own. */
async function visitAll(
  walk: Walk,
  index: IndexDocument,
  { path }: Member,
  tags: readonly string[],
  depth: number,
): Promise<void> {
  const { notices, open } = walk
  const where = { member: path }
  if (depth >= MOST_DEPTH)
    notices.add('error', 'index-depth', `Indexes are nested more than ${MOST_DEPTH} deep.`, where)
  else if (open.includes(index))
    notices.add('error', 'index-circle', 'An index names itself, or one that it lies in.', where)
  else {
    open.push(index)
    for (const inner of index.json.manifests ?? [])
      await visit(walk, inner, tagsOf(inner).length > 0 ? tagsOf(inner) : tags, depth + 1)
    open.pop()
  }
}

async function read(
  walk: Walk,
  descriptor: Descriptor,
  member: Member,
  tags: readonly string[],
  depth: number,
): Promise<void> {
  const { members, notices, roles } = walk
  const where = { member: member.path }
  const bytes = await members.read(member, MOST_JSON)
  const digest = await checkedDigest(descriptor, bytes, member, notices)
  const json = withKeysAs(parseJson(bytes, where), ['manifests', 'config', 'layers'])
  if (typeof json === 'object' && json !== null && 'manifests' in json) {
    roles.set(member.index, 'image index')
    const index = checked(ImageIndex, json, where)
    const mediaType = descriptor.mediaType ?? index.mediaType ?? 'application/vnd.oci.image.index.v1+json'
    const document = { digest, bytes, mediaType, json: index }
    walk.indexes.set(descriptor.digest, document)
    await visitAll(walk, document, member, tags, depth)
    return
  }
  const manifest = checked(Manifest, json, where)
  const other = isAttestation(descriptor) ? 'attestation' : isArtifact(manifest) ? 'artifact' : null
  if (other) {
    roles.set(member.index, other)
    walk.others.add(descriptor.digest)
    for (const layer of [manifest.config, ...(manifest.layers ?? [])]) {
      const attached = members.find(blobPath(layer.digest))
      if (attached) roles.set(attached.index, other)
    }
    notices.add('info', other, other === 'artifact' ? artifactWords(manifest) : ATTESTATION, where)
    return
  }
  roles.set(member.index, 'manifest')
  const config = members.find(blobPath(manifest.config.digest))
  if (config && manifest.config.size != null && manifest.config.size !== config.size)
    notices.add(
      'error',
      'config-size',
      `The manifest says ${manifest.config.size} bytes for the config, it has ${config.size}.`,
      { member: config.path },
    )
  walk.images.set(descriptor.digest, {
    ...ociImage(members, manifest, tags),
    manifest: { digest, bytes, json: manifest, member: member.path, descriptor, indexes: [...walk.open] },
  })
}

async function checkedDigest(
  descriptor: Descriptor,
  bytes: Bytes,
  member: Member,
  notices: Notices,
): Promise<Digest> {
  const digest = await sha256(bytes)
  const where = { member: member.path }
  if (isDigestText(descriptor.digest) && descriptor.digest !== digest)
    notices.add(
      'error',
      'manifest-digest',
      `${member.path} has the digest ${digest.slice(0, 19)}…, not the one of its name.`,
      where,
    )
  if (descriptor.size != null && descriptor.size !== bytes.length)
    notices.add(
      'error',
      'manifest-size',
      `An index says ${descriptor.size} bytes for ${member.path}, it has ${bytes.length}.`,
      where,
    )
  return digest
}

const ATTESTATION =
  'The archive holds an attestation (provenance, SBOM) beside the image; it is no image of its own.'

/** BuildKit's attestations are manifests too, for the platform unknown/unknown. */
function isAttestation({ annotations, platform }: Descriptor): boolean {
  return (
    annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' ||
    (platform?.os === 'unknown' && platform.architecture === 'unknown')
  )
}

/**
 * Charts, policies, signatures: manifests of something else (image-spec, manifest.md, "Guidelines for Artifact Usage").
 * Their config is none of an image; cosign's signatures have one, and JSON where an image has layers.
 */
function isArtifact({ config, artifactType, layers }: Manifest): boolean {
  const type = config.mediaType ?? ''
  const onlyJson =
    (layers ?? []).length > 0 && layers!.every(({ mediaType }) => /[+/]json$/.test(mediaType ?? ''))
  // An image may have a type of its own beside: engines go by the config and load it.
  if (/vnd\.(oci\.image\.config|docker\.container\.image)/.test(type)) return onlyJson
  return Boolean(artifactType) || onlyJson || type !== ''
}

function artifactWords({ artifactType, config, layers }: Manifest): string {
  const configType = config.mediaType ?? ''
  const type = artifactType || (/image/.test(configType) ? (layers?.[0]?.mediaType ?? '') : configType)
  return `The archive holds an artifact of the type ${type || 'unknown'}: it is no container image.`
}

function ociImage(members: Members, json: Manifest, tags: readonly string[]): Omit<OciImage, 'manifest'> {
  const claims = (json.layers ?? []).map((layer): LayerClaim => ({
    member: members.find(blobPath(layer.digest)),
    descriptor: layer,
    name: blobPath(layer.digest),
  }))
  return {
    config: members.find(blobPath(json.config.digest)),
    configDigest: json.config.digest,
    tags,
    claims,
  }
}
