/** What lies behind a descriptor of an OCI layout: every blob of the archive that it leads to. */
import type { Digest } from '../digest/digest'
import { isDigestText } from '../digest/digest'
import { checked, ImageIndex, Manifest, MOST_JSON, parseJson, type Descriptor } from './documents'
import type { Member, Members } from './members'
import { blobPath } from './oci'

/** As many as are followed when an archive is opened. */
const MOST_VISITS = 20_000

/**
 * Members by digest, the descriptors' own first. What the archive does not hold is passed over (saving one platform
 * leaves the others out), and so is what `passBy` says. Throws the faults of reading documents.
 */
export async function reachable(
  members: Members,
  descriptors: readonly Descriptor[],
  passBy: (descriptor: Descriptor) => boolean = () => false,
): Promise<Map<Digest, Member>> {
  const found = new Map<Digest, Member>()
  const waiting = [...descriptors].reverse()
  for (let visits = 0; waiting.length > 0 && visits < MOST_VISITS; visits++) {
    const descriptor = waiting.pop()!
    const { digest, mediaType } = descriptor
    const member = isDigestText(digest) && !passBy(descriptor) ? members.find(blobPath(digest)) : null
    if (!member || found.has(digest as Digest)) continue
    found.set(digest as Digest, member)
    waiting.push(...(await namedIn(members, member, mediaType ?? '')).reverse())
  }
  return found
}

/** Descriptors in an index or a manifest; none in what is neither. */
async function namedIn(members: Members, member: Member, mediaType: string): Promise<Descriptor[]> {
  if (!/(index|manifest|manifest\.list)\.v\d\+json$/.test(mediaType) || member.size > MOST_JSON) return []
  const where = { member: member.path }
  const json = parseJson(await members.read(member, MOST_JSON), where)
  if (typeof json === 'object' && json !== null && 'manifests' in json)
    return [...(checked(ImageIndex, json, where).manifests ?? [])]
  const { config, layers } = checked(Manifest, json, where)
  return [config, ...(layers ?? [])]
}
