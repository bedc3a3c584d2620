/** One image described twice: a line of manifest.json and an OCI manifest become one draft, and where they disagree, it is said. */
import type { Notices } from '../fault/notice'
import type { ImageParts, LayerClaim } from './assemble'
import { MANIFEST_JSON, type DockerImage } from './docker'
import type { Members } from './members'
import type { OciImage } from './oci'
import { familiarText } from './reference'

/** What a description says of an image, whichever it is: enough to assemble it. */
export type Draft = Omit<ImageParts, 'index' | 'notices' | 'digestOf'>

/** One draft an image: a line of manifest.json and the OCI manifest with the same config are two descriptions of one image. */
export async function mergedDrafts(
  members: Members,
  ofDocker: readonly DockerImage[] | null,
  ofOci: readonly OciImage[] | null,
  notices: Notices,
): Promise<Draft[]> {
  const both = ofDocker !== null && ofOci !== null
  const [docker, oci] = [ofDocker ?? [], ofOci ?? []]
  const drafts: Draft[] = []
  const used = new Set<OciImage>()
  for (const image of docker) {
    const twin =
      oci.find((candidate) => candidate.config?.bodyAt === image.config.bodyAt && !used.has(candidate)) ??
      (await twinByContent(members, image, oci, used))
    if (twin) used.add(twin)
    else if (both) stale(image, notices)
    if (twin) compare(image, twin, notices)
    drafts.push({
      tags: [...image.tags, ...furtherTags(image.tags, twin?.tags ?? [])],
      configBytes: await members.read(image.config, MOST_CONFIG),
      configMember: image.config,
      manifest: twin?.manifest ?? null,
      dockerLine: image.line,
      claims: twin ? claimsOfBoth(image, twin) : image.claims,
    })
  }
  for (const image of oci) {
    if (used.has(image)) continue
    if (both)
      notices.add(
        'warning',
        'only-in-index',
        'index.json describes an image that manifest.json does not: docker’s classic store will not load it.',
        { member: image.manifest.member },
      )
    if (!image.config) {
      notices.add(
        'error',
        'config-missing',
        `The manifest names the config ${image.configDigest}, and the archive does not hold it.`,
        { member: image.manifest.member },
      )
      continue
    }
    drafts.push({
      tags: image.tags,
      configBytes: await members.read(image.config, MOST_CONFIG),
      configMember: image.config,
      manifest: image.manifest,
      dockerLine: null,
      claims: image.claims,
    })
  }
  return drafts
}

/** The OCI manifest says more of each layer; where it holds fewer (docker 25.0.0 could leave them out), docker's own description counts. */
function claimsOfBoth(image: DockerImage, twin: OciImage): readonly LayerClaim[] {
  if (twin.claims.length < image.claims.length) return image.claims
  return twin.claims.map((claim, i) =>
    claim.member || !image.claims[i] ? claim : { ...image.claims[i], descriptor: claim.descriptor },
  )
}

const MOST_CONFIG = 32 * 1024 * 1024

/** Archives may hold the config twice, under two names. */
async function twinByContent(
  members: Members,
  image: DockerImage,
  oci: readonly OciImage[],
  used: ReadonlySet<OciImage>,
): Promise<OciImage | undefined> {
  for (const candidate of oci) {
    if (used.has(candidate) || !candidate.config || candidate.config.size !== image.config.size) continue
    const [a, b] = [
      await members.read(image.config, MOST_CONFIG),
      await members.read(candidate.config, MOST_CONFIG),
    ]
    if (a.every((byte, i) => byte === b[i])) return candidate
  }
  return undefined
}

/** The trap of editing one description only: each engine believes the one it reads. */
function stale(image: DockerImage, notices: Notices): void {
  notices.add(
    'error',
    'descriptions-disagree',
    `manifest.json and index.json describe different images: docker’s classic store will load the config ${image.json.Config}, the containerd store and podman what index.json says.`,
    { member: MANIFEST_JSON, image: image.line },
  )
}

function compare(image: DockerImage, twin: OciImage, notices: Notices): void {
  const where = { member: MANIFEST_JSON, image: image.line }
  if (image.claims.length !== twin.claims.length) {
    notices.add(
      'error',
      'descriptions-disagree',
      `manifest.json names ${image.claims.length} layers, the OCI manifest ${twin.claims.length}.`,
      where,
    )
    return
  }
  image.claims.forEach((claim, layer) => {
    const other = twin.claims[layer].member
    if (claim.member && other && claim.member.bodyAt !== other.bodyAt && claim.member.size !== other.size)
      notices.add(
        'error',
        'descriptions-disagree',
        `manifest.json and the OCI manifest name different files for layer ${layer}.`,
        { ...where, layer },
      )
  })
  twin.claims.forEach(({ member, name }, layer) => {
    if (!member && image.claims[layer].member)
      notices.add(
        'error',
        'index-layer-missing',
        `The OCI manifest names ${name} for layer ${layer}, and the archive does not hold it: engines that go by index.json refuse the image.`,
        { member: twin.manifest.member, image: image.line, layer },
      )
  })
  const further = furtherTags(image.tags, twin.tags)
  if (further.length > 0 && image.tags.length > 0)
    notices.add(
      'warning',
      'tags-disagree',
      `index.json names the image ${further.join(', ')}, manifest.json ${image.tags.join(', ')}: it depends on the engine which name it gets.`,
      where,
    )
}

/** Names in `more` that say something new: "docker.io/library/x:1" is x:1, and a bare "1" (a ref.name alone) is no name. */
function furtherTags(tags: readonly string[], more: readonly string[]): string[] {
  const known = new Set(tags.map(familiarText))
  return more.filter((tag) => /[:/]/.test(tag) && !known.has(familiarText(tag)))
}
