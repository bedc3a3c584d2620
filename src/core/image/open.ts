/** Recognises what a tar is and reads every description in it. Only headers and small documents are read. */
import type { ByteSource } from '../bytes/source'
import { ImageError } from '../fault/fault'
import { Notices } from '../fault/notice'
import { scanLayer } from '../layer/scan'
import { SourceInput } from '../tar/input'
import { assembleImage } from './assemble'
import { MANIFEST_JSON, readDockerManifest } from './docker'
import type { Archive, Image, Shape } from './image'
import { readLegacy, REPOSITORIES, type PlainDigest } from './legacy'
import { Members } from './members'
import { mergedDrafts, type Draft } from './merge'
import { INDEX_JSON, OCI_LAYOUT, readOciLayout, type OciImage } from './oci'
import { looksLikeRootfs, rootfsDraft } from './rootfs-archive'

/**
 * `source` is the plain tar (a compression around it is already off). Throws `not-an-image` with what the tar looks
 * like; one broken image does not hide the others. `digestOf` is only asked for archives that name no diff_ids.
 */
export async function openArchive(
  source: ByteSource,
  digestOf: PlainDigest,
  signal?: AbortSignal,
): Promise<Archive> {
  const notices = new Notices()
  const members = await membersIn(source, notices, signal)
  const shapes = shapesOf(members)
  const roles = new Map<number, string>()
  const drafts = await draftsOf(members, shapes, roles, digestOf, notices)
  const images: Image[] = []
  let first: unknown
  for (const draft of drafts) {
    try {
      const image = await assembleImage(members, {
        ...draft,
        index: images.length,
        notices: new Notices(),
        digestOf,
      })
      images.push(image)
      nameRoles(image, members, roles)
    } catch (thrown) {
      first ??= thrown
      notices.add(
        'error',
        thrown instanceof ImageError ? `image-${thrown.fault.code}` : 'image-broken',
        thrown instanceof Error ? thrown.message : String(thrown),
        {
          member: draft.configMember?.path,
        },
      )
    }
  }
  if (images.length === 0) throw first instanceof ImageError ? first : nothingFound(members, notices)
  unreferenced(members, roles, notices)
  return { members, shapes, images, roles, notices: notices.list }
}

/** The members alone, of a tar in which no image may be. */
export async function membersIn(
  source: ByteSource,
  notices: Notices,
  signal?: AbortSignal,
): Promise<Members> {
  const table = await scanLayer(new SourceInput(source, signal, undefined, true), notices, signal)
  return new Members(source, table, notices)
}

function shapesOf(members: Members): Shape[] {
  const shapes: Shape[] = []
  if (members.has(MANIFEST_JSON)) shapes.push('docker')
  if (
    members.has(INDEX_JSON) &&
    (members.has(OCI_LAYOUT) || members.list.some(({ path }) => path.startsWith('blobs/')))
  )
    shapes.push('oci')
  if (shapes.length === 0 && members.has(REPOSITORIES)) shapes.push('legacy')
  if (shapes.length === 0 && looksLikeRootfs(members)) shapes.push('rootfs')
  if (shapes.length > 0) return shapes
  throw notAnImage(members)
}

function notAnImage(members: Members): ImageError {
  const names = members.list.slice(0, 3).map(({ path }) => path)
  const what =
    names.length === 0
      ? 'an empty tar'
      : `a tar that holds ${names.join(', ')}${members.list.length > 3 ? ', …' : ''}`
  const inside = members.list.find(({ path }) => /^[^/]+\/(manifest\.json|index\.json)$/.test(path))
  if (inside) {
    const folder = inside.path.slice(0, inside.path.indexOf('/'))
    return new ImageError(
      'not-an-image',
      `This is a tar of the folder ${folder} around an image: ${inside.path} should be at the top, and engines refuse it too. Pack what is in the folder: tar -C ${folder} -cf image.tar .`,
      { member: inside.path },
    )
  }
  if (members.list.some(({ path }) => /^[^/]+\/layer\.tar$/.test(path)))
    return new ImageError(
      'not-an-image',
      'This is an archive of the old v1 form without its repositories file, which names the images: engines refuse it. Save the image again where it came from.',
    )
  return new ImageError(
    'not-an-image',
    `This is ${what}, and not a container image: there is no manifest.json, no index.json, no repositories and no root filesystem. Make one with: docker save IMAGE -o image.tar`,
  )
}

function nothingFound(members: Members, notices: Notices): ImageError {
  const error =
    notices.list.find(({ severity }) => severity === 'error') ??
    notices.list.find(({ code }) => code === 'manifest-absent' || code === 'artifact')
  if (error) return new ImageError('not-an-image', error.message, error.where)
  return new ImageError(
    'not-an-image',
    `The archive describes no image${members.has(MANIFEST_JSON) ? ': manifest.json is empty' : ''}.`,
  )
}

async function draftsOf(
  members: Members,
  shapes: readonly Shape[],
  roles: Map<number, string>,
  digestOf: PlainDigest,
  notices: Notices,
): Promise<Draft[]> {
  if (shapes.includes('rootfs')) {
    for (const { index } of members.list) roles.set(index, 'root filesystem')
    return [await rootfsDraft(members, digestOf, notices)]
  }
  if (shapes.includes('legacy')) return legacyDrafts(members, roles, digestOf, notices)
  const both = shapes.includes('docker') && shapes.includes('oci')
  const orNone = both
    ? brokenIsNone(notices)
    : <T>(read: Promise<readonly T[]>): Promise<readonly T[] | null> => read
  const docker = shapes.includes('docker') ? await orNone(readDockerManifest(members, notices)) : null
  const oci = shapes.includes('oci') ? await orNone(readOci(members, roles, notices)) : null
  for (const path of [MANIFEST_JSON, REPOSITORIES]) {
    const member = members.find(path)
    if (member) roles.set(member.index, path)
  }
  return mergedDrafts(members, docker, oci, notices)
}

/** Of two descriptions, one that cannot be read does not hide the other; engines that read it refuse the archive. */
function brokenIsNone(notices: Notices): <T>(read: Promise<readonly T[]>) => Promise<readonly T[] | null> {
  return async (read) => {
    try {
      return await read
    } catch (thrown) {
      if (!(thrown instanceof ImageError) || thrown.fault.code === 'cancelled') throw thrown
      const { message, where } = thrown.fault
      notices.add(
        'error',
        'description-broken',
        `${message} Engines that go by it refuse the archive.`,
        where,
      )
      return null
    }
  }
}

async function readOci(
  members: Members,
  roles: Map<number, string>,
  notices: Notices,
): Promise<readonly OciImage[]> {
  const layout = await readOciLayout(members, notices)
  for (const [index, role] of layout.roles) roles.set(index, role)
  return layout.images
}

async function legacyDrafts(
  members: Members,
  roles: Map<number, string>,
  digestOf: PlainDigest,
  notices: Notices,
): Promise<Draft[]> {
  const repositories = members.find(REPOSITORIES)
  if (repositories) roles.set(repositories.index, REPOSITORIES)
  for (const { path, index } of members.list)
    if (/^[^/]+\/(json|VERSION)$/.test(path)) roles.set(index, 'v1 metadata')
  const images = await readLegacy(members, digestOf, notices)
  return images.map(({ tags, configBytes, claims }) => ({
    tags,
    configBytes,
    configMember: null,
    manifest: null,
    dockerLine: null,
    claims,
  }))
}

function nameRoles(image: Image, members: Members, roles: Map<number, string>): void {
  const config = image.configMember === null ? null : members.find(image.configMember)
  if (config) roles.set(config.index, 'config')
  for (const layer of image.layers)
    if (layer.memberIndex >= 0) roles.set(layer.memberIndex, `layer ${layer.index}`)
  if (image.manifest) roles.set(members.get(image.manifest.member, '').index, 'manifest')
}

/** Files that no description leads to: leftovers, or, in docker's own saves since 25, v1 configs kept for old readers. */
function unreferenced(members: Members, roles: Map<number, string>, notices: Notices): void {
  for (const member of members.list) {
    if (member.type !== 0 || roles.has(member.index)) continue
    if (/^[0-9a-f]{64}\/(json|VERSION|layer\.tar)$/.test(member.path)) roles.set(member.index, 'v1 metadata')
    else
      notices.add('info', 'unreferenced', `${member.path} is named by no description.`, {
        member: member.path,
      })
  }
  // A link is used for what it leads to.
  for (const member of members.list) {
    if (member.type !== 2 && member.type !== 3) continue
    const target = members.find(member.path)
    const role = target ? roles.get(target.index) : undefined
    if (role) roles.set(member.index, role)
  }
}
