/** Config plus layer members → Image. Every shape ends here, so every check is made once. */
import type { Bytes } from '../bytes/source'
import { isDigestText, parseDiffId, type ChainId, type Digest, type DiffId } from '../digest/digest'
import { sha256 } from '../digest/sha256'
import { ImageError } from '../fault/fault'
import { Notices } from '../fault/notice'
import { chainIds } from './chain'
import { checked, ImageConfig, parseJson, withConfigKeys, type Descriptor } from './documents'
import { stepsOf } from './history'
import type { Image, Layer, ManifestDocument } from './image'
import type { PlainDigest } from './legacy'
import { memberName, type Member, type Members } from './members'

/** Where a layer's bytes are said to lie. */
export interface LayerClaim {
  readonly member: Member | null
  readonly descriptor: Descriptor | null
  /** The name the description gives, for people. */
  readonly name: string
}

export interface ImageParts {
  readonly index: number
  readonly tags: readonly string[]
  readonly configBytes: Bytes
  readonly configMember: Member | null
  readonly manifest: ManifestDocument | null
  readonly dockerLine: number | null
  readonly claims: readonly LayerClaim[]
  readonly notices: Notices
  /** diff_id of stored bytes; asked only for a layer that the config does not name. */
  readonly digestOf: PlainDigest
}

/** Trees number layers in 16 bits; docker ends at 127 (moby layer.maxLayerDepth), overlayfs at 500. */
const MOST_LAYERS = 10_000

/** Throws `bad-json` and `bad-digest`; what a person can still look at becomes a notice. */
export async function assembleImage(members: Members, parts: ImageParts): Promise<Image> {
  const { configBytes, configMember, notices } = parts
  const where = { image: parts.index, member: configMember?.path }
  const config = checked(ImageConfig, withConfigKeys(parseJson(configBytes, where)), where)
  const id = await sha256(configBytes)
  if (configMember) checkConfigName(configMember.path, id, notices)
  const named = (config.rootfs?.diff_ids ?? []).map((text) => parseDiffId(text, where))
  if (!config.rootfs)
    notices.add(
      'error',
      'config-no-rootfs',
      'The config has no rootfs: engines refuse it ("invalid image JSON, no RootFS key").',
      where,
    )
  if (Math.max(named.length, parts.claims.length) > MOST_LAYERS)
    throw new ImageError(
      'too-large',
      `The image has ${Math.max(named.length, parts.claims.length)} layers; engines take at most 127.`,
      where,
    )
  const { diffIds, claims } = await inStep(members, parts, named, where)
  checkPlatform(config, notices, where)
  const chain = await chainIds(diffIds)
  // Asked for together: each is a read, and members remember the answer.
  await Promise.all(claims.map(({ member }) => member && members.compressionOf(member)))
  const layers: Layer[] = []
  for (const [index, claim] of claims.entries())
    layers.push(await layerOf(members, claim, index, diffIds[index], chain[index], notices))
  return {
    index: parts.index,
    id,
    tags: parts.tags,
    configBytes,
    config,
    configMember: configMember?.path ?? null,
    manifest: parts.manifest,
    dockerLine: parts.dockerLine,
    layers,
    steps: stepsOf(config.history, layers.length, notices),
    notices: notices.list,
  }
}

/**
 * As many diff_ids as layers, or a finding: engines refuse such an image, people still want to see what is in it. A
 * layer that the config does not name has the diff_id of its contents; a diff_id without a layer is a layer that is not there.
 */
async function inStep(
  members: Members,
  { claims, notices, digestOf }: ImageParts,
  named: readonly DiffId[],
  where: { image: number; member?: string },
): Promise<{ diffIds: readonly DiffId[]; claims: readonly LayerClaim[] }> {
  if (named.length === claims.length) return { diffIds: named, claims }
  notices.add(
    'error',
    'layer-count',
    `The config names ${named.length} layers, the manifest ${claims.length}. No engine loads such an image.`,
    where,
  )
  const diffIds = [...named]
  for (const { member, name } of claims.slice(named.length)) {
    if (!member)
      throw new ImageError('layer-count', `Layer ${name} is neither in the config nor in the archive.`, where)
    diffIds.push(await digestOf(members.body(member)))
  }
  const absent = named.slice(claims.length).map((id) => ({ member: null, descriptor: null, name: id }))
  return { diffIds, claims: [...claims, ...absent] }
}

/** The file name of a config is often its digest; engines do not care, people who look for a stale one do. */
function checkConfigName(path: string, id: Digest, notices: Notices): void {
  const name = /([0-9a-f]{64})(?:\.json)?$/.exec(path)?.[1]
  if (name && `sha256:${name}` !== id)
    notices.add(
      'error',
      'config-digest',
      `The config is called ${name.slice(0, 12)}… and has the digest ${id.slice(7, 19)}….`,
      { member: path },
    )
}

function checkPlatform(
  config: ImageConfig,
  notices: Notices,
  where: { image: number; member?: string },
): void {
  if (!config.os)
    notices.add(
      'info',
      'config-no-os',
      'The config names no operating system; docker takes the host’s.',
      where,
    )
  if (!config.architecture)
    notices.add(
      'info',
      'config-no-architecture',
      'The config names no architecture: the containerd store does not unpack such an image.',
      where,
    )
}

async function layerOf(
  members: Members,
  claim: LayerClaim,
  index: number,
  diffId: DiffId,
  chainId: ChainId,
  notices: Notices,
): Promise<Layer> {
  const { member, descriptor } = claim
  const source = member ? members.body(member) : null
  const compression = member ? await members.compressionOf(member) : 'none'
  if (!member) missing(claim, index, notices)
  if (members.isHardLink(memberName(claim.name)))
    notices.add(
      'warning',
      'layer-hardlinked',
      `Layer ${index} is a hard link in the archive: the containerd store does not find it.`,
      { layer: index, member: claim.name },
    )
  if (member && descriptor?.size != null && descriptor.size !== member.size)
    notices.add(
      'error',
      'layer-size',
      `The manifest says ${descriptor.size} bytes, the archive holds ${member.size}.`,
      { layer: index, member: member.path },
    )
  const claimed = descriptor && isDigestText(descriptor.digest) ? descriptor.digest : null
  const encrypted = isEncrypted(descriptor?.mediaType)
  if (encrypted)
    notices.add(
      'error',
      'layer-encrypted',
      `Layer ${index} is encrypted (${descriptor!.mediaType}): only who has the key can read it, with: skopeo copy --decryption-key`,
      { layer: index, member: member?.path },
    )
  else if (claimed && compression === 'none' && member && claimed !== diffId)
    notices.add(
      'error',
      'layer-digest-diffid',
      'The layer is a plain tar, yet its digest and its diff_id differ.',
      { layer: index, member: member.path },
    )
  return {
    index,
    diffId,
    chainId,
    digest: claimed ?? (compression === 'none' ? diffId : null),
    mediaType: descriptor?.mediaType ?? '',
    compression,
    member: member?.path ?? null,
    memberIndex: member?.index ?? -1,
    source,
    storedBytes: member?.size ?? descriptor?.size ?? 0,
    urls: descriptor?.urls ?? [],
  }
}

/** ocicrypt's media types, as skopeo and imgcrypt write them. */
export function isEncrypted(mediaType: string | null | undefined): boolean {
  return mediaType?.endsWith('+encrypted') ?? false
}

function missing({ descriptor, name }: LayerClaim, index: number, notices: Notices): void {
  const foreign =
    descriptor?.mediaType?.includes('foreign') ||
    descriptor?.mediaType?.includes('nondistributable') ||
    (descriptor?.urls?.length ?? 0) > 0
  if (foreign)
    notices.add(
      'warning',
      'layer-foreign',
      `Layer ${index} is not in the archive: it is a foreign layer, fetched from ${descriptor?.urls?.join(', ') || 'elsewhere'}.`,
      { layer: index },
    )
  else
    notices.add(
      'error',
      'layer-missing',
      `Layer ${index} is not in the archive: ${name} is named and not there.`,
      { layer: index, member: name },
    )
}
