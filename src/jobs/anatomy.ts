/** The archive as it lies in the tar: members, and JSON documents whose digests lead to what they name. */
import type { ArchiveView, MemberRow, MemberView } from '../../workers/api'
import { decodeUtf8 } from '../core/bytes/text'
import { sha256Of } from '../core/digest/sha256'
import { hexOf, type Digest } from '../core/digest/digest'
import { platformOf, type Archive } from '../core/image/image'
import type { Member } from '../core/image/members'
import { blobPath } from '../core/image/oci'
import { TYPE } from '../core/tar/entry'

const TYPES: Record<number, MemberRow['type']> = {
  [TYPE.file]: 'file',
  [TYPE.directory]: 'directory',
  [TYPE.symlink]: 'symlink',
  [TYPE.hardlink]: 'hardlink',
}

export function memberRow(archive: Archive, { index, path, type, link, size, headerAt }: Member): MemberRow {
  return {
    index,
    path,
    type: TYPES[type] ?? 'other',
    link,
    size,
    at: headerAt,
    role: archive.roles.get(index) ?? '',
  }
}

export function archiveView(
  id: string,
  name: string,
  bytes: number,
  compression: string,
  archive: Archive,
  image: number,
): ArchiveView {
  // A root filesystem tar can have a million members, and they are its files: the tree shows those.
  const members = archive.shapes.includes('rootfs')
    ? []
    : archive.members.list.map((member) => memberRow(archive, member))
  return {
    id,
    name,
    bytes,
    compression,
    shapes: archive.shapes,
    members,
    images: archive.images.map((summary) => ({
      index: summary.index,
      tags: summary.tags,
      platform: platformOf(summary.config),
      id: summary.id,
      layers: summary.layers.length,
      bytes: summary.layers.reduce((sum, layer) => sum + layer.storedBytes, 0),
    })),
    image,
  }
}

/** Documents beyond this are offered as downloads only. */
const MOST_SHOWN = 4 * 1024 * 1024

/** @param hashed digest of the member where it was asked for; what is small is hashed unasked. */
export async function memberView(
  archive: Archive,
  index: number,
  hashed: Digest | null = null,
): Promise<MemberView> {
  const member = archive.members.list[index]
  const row = memberRow(archive, member)
  if (member.type !== TYPE.file) return { row, digest: '', checked: 'unnamed', text: null, links: [] }
  const source = archive.members.body(member)
  const text = member.size <= MOST_SHOWN ? formatted(await source.read(0, member.size)) : null
  // Layers are checked as they are read; here only what is read anyway is hashed unasked.
  const named = digestInName(member.path)
  const computed = hashed ?? (member.size <= MOST_SHOWN ? await sha256Of(source) : null)
  const checked = named === null ? 'unnamed' : computed === null ? 'large' : named === computed
  return {
    row,
    digest: computed ?? named ?? '',
    checked,
    text,
    links: text === null ? [] : linksIn(text, archive),
  }
}

function digestInName(path: string): string | null {
  // Not HEX/layer.tar and HEX/json of docker before 25: that is the ID of a v1 layer, and no digest of bytes.
  const hex = /^(?:blobs\/sha256\/)?([0-9a-f]{64})(?:\.json|\.tar)?$/.exec(path)?.[1]
  return hex ? `sha256:${hex}` : null
}

function formatted(bytes: Uint8Array): string | null {
  const first = bytes.find((byte) => byte > 0x20)
  if (first !== 0x7b && first !== 0x5b) return null
  const text = decodeUtf8(bytes)
  if (text === null) return null
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** Every digest and every member name in quotes, where the archive holds what it names. */
function linksIn(text: string, archive: Archive): MemberView['links'] {
  const byDiffId = new Map<string, number>()
  for (const image of archive.images) {
    for (const layer of image.layers)
      if (layer.memberIndex >= 0) byDiffId.set(layer.diffId, layer.memberIndex)
    const config = image.configMember === null ? null : archive.members.find(image.configMember)
    if (config) byDiffId.set(image.id, config.index)
  }
  const links: { from: number; to: number; member: number }[] = []
  for (const match of text.matchAll(/"((?:[^"\\]|\\.)+)"/g)) {
    const [, name] = match
    const member = named(name, archive, byDiffId)
    if (member !== null) links.push({ from: match.index + 1, to: match.index + 1 + name.length, member })
  }
  return links
}

function named(name: string, archive: Archive, byDiffId: ReadonlyMap<string, number>): number | null {
  const isDigest = /^sha256:[0-9a-f]{64}$/.test(name)
  if (!isDigest && !/[./]|^[0-9a-f]{64}$/.test(name)) return null
  const { members } = archive
  const found = isDigest
    ? (members.find(blobPath(name)) ?? members.find(name) ?? members.find(`${hexOf(name as never)}.json`))
    : (members.find(name) ?? (/^[0-9a-f]{64}$/.test(name) ? members.find(`${name}/layer.tar`) : null))
  return found?.index ?? byDiffId.get(name) ?? null
}
