/**
 * Archives of docker before 1.10: `repositories`, and a folder an image layer with `json` and `layer.tar`
 * (moby image/spec v1). They carry no config and no diff_ids; both are made here the way docker's own loader did.
 */
import { utf8 } from '../bytes/text'
import type { ByteSource, Bytes } from '../bytes/source'
import type { DiffId } from '../digest/digest'
import { ImageError } from '../fault/fault'
import type { Notices } from '../fault/notice'
import type { LayerClaim } from './assemble'
import { checked, LegacyJson, MOST_JSON, parseFirstJson, parseJson, Repositories } from './documents'
import type { Member, Members } from './members'
import { familiarText } from './reference'

export const REPOSITORIES = 'repositories'

export interface LegacyImage {
  readonly tags: readonly string[]
  readonly configBytes: Bytes
  readonly claims: readonly LayerClaim[]
}

/** Digest of the plain tar behind stored bytes, whatever their compression. */
export type PlainDigest = (stored: ByteSource) => Promise<DiffId>

/** Deeper chains were never possible: layer stores end at 127. */
const MOST_PARENTS = 512

/** One image for each ID that `repositories` names. Throws `missing-member`, `bad-json`, `link-loop` (parents in a circle). */
export async function readLegacy(
  members: Members,
  digestOf: PlainDigest,
  notices: Notices,
): Promise<LegacyImage[]> {
  const where = { member: REPOSITORIES }
  const member = members.get(REPOSITORIES, 'The archive')
  const names = checked(
    Repositories,
    parseFirstJson(await members.read(member, MOST_JSON), where, () =>
      notices.add(
        'warning',
        'json-rest',
        'repositories goes on behind its JSON; only the first value is read.',
        where,
      ),
    ),
    where,
  )
  const tagsOfId = new Map<string, string[]>()
  for (const [name, tags] of Object.entries(names))
    for (const [tag, id] of Object.entries(tags))
      tagsOfId.set(id, [...(tagsOfId.get(id) ?? []), familiarText(`${name}:${tag}`)])
  notices.add(
    'warning',
    'legacy-only',
    'This is an archive of the old v1 form: docker up to 28 loads it, docker 29, containerd and podman do not. Exporting it again makes a current one.',
    where,
  )
  const images: LegacyImage[] = []
  // Images share their lower layers: each is inflated and hashed once.
  const digests = new Map<number, Promise<DiffId>>()
  const diffIdOf = (layer: Member): Promise<DiffId> => {
    const known = digests.get(layer.index) ?? digestOf(members.body(layer))
    digests.set(layer.index, known)
    return known
  }
  let first: unknown
  for (const [id, tags] of tagsOfId)
    try {
      images.push({ tags, ...(await imageOf(members, id, diffIdOf)) })
    } catch (thrown) {
      if (!(thrown instanceof ImageError) || thrown.fault.code === 'cancelled') throw thrown
      first ??= thrown
      notices.add(
        'error',
        `image-${thrown.fault.code}`,
        `${tags.join(', ')}: ${thrown.fault.message}`,
        thrown.fault.where,
      )
    }
  if (images.length === 0 && first) throw first
  return images
}

interface Link {
  readonly id: string
  readonly json: LegacyJson
  readonly raw: Record<string, unknown>
  readonly layer: Member
}

async function imageOf(
  members: Members,
  id: string,
  diffIdOf: (layer: Member) => Promise<DiffId>,
): Promise<Omit<LegacyImage, 'tags'>> {
  const chain = await chainOf(members, id)
  const diffIds: DiffId[] = []
  const claims: LayerClaim[] = []
  const history = []
  for (const { json, layer } of chain) {
    diffIds.push(await diffIdOf(layer))
    claims.push({ member: layer, descriptor: null, name: layer.path })
    history.push({
      created: json.created ?? undefined,
      author: json.author || undefined,
      created_by: (json.container_config?.Cmd ?? []).join(' ') || undefined,
      comment: json.comment || undefined,
    })
  }
  const top = chain[chain.length - 1].raw
  // docker's MakeConfigFromV1Config (moby image/v1/imagev1.go): the top json without what only the v1 form has, plus
  // rootfs and history, keys sorted as Go sorts those of a map; so its SHA-256 is the ID that docker gives the image.
  const kept = Object.entries(top).filter(
    ([key]) => !['id', 'parent', 'Size', 'parent_id', 'layer_id', 'throwaway'].includes(key),
  )
  const rootfs = { type: 'layers', diff_ids: diffIds }
  const config = Object.fromEntries(
    [...kept, ['rootfs', rootfs] as const, ['history', history] as const].sort(([one], [other]) =>
      one < other ? -1 : 1,
    ),
  )
  return { configBytes: utf8(escapedAsGo(JSON.stringify(config))), claims }
}

/** Go's json.Marshal writes these three as escapes wherever they stand. */
function escapedAsGo(text: string): string {
  return text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** From the base up to `id`. */
async function chainOf(members: Members, id: string): Promise<Link[]> {
  const chain: Link[] = []
  const seen = new Set<string>()
  for (let next: string | null | undefined = id; next;) {
    if (seen.has(next) || seen.size > MOST_PARENTS)
      throw new ImageError('link-loop', `The parents of ${id.slice(0, 12)} lead round in a circle.`, {
        member: `${next}/json`,
      })
    seen.add(next)
    const document = members.get(`${next}/json`, 'repositories')
    const where = { member: document.path }
    const raw = parseJson(await members.read(document, MOST_JSON), where)
    const json = checked(LegacyJson, raw, where)
    chain.unshift({
      id: next,
      json,
      raw: raw as Record<string, unknown>,
      layer: members.get(`${next}/layer.tar`, document.path),
    })
    next = json.parent
  }
  return chain
}
