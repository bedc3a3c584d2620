/** From an opened archive to the facts that engines go by: its descriptions read once more as they stand, not as they were merged for people. */
import type { Bytes } from '../bytes/source'
import type { Compression } from '../compress/compression'
import type { Digest, DiffId } from '../digest/digest'
import { sha256 } from '../digest/sha256'
import { ImageError } from '../fault/fault'
import { MOST_JSON, parseFirstJson, withConfigKeys } from '../image/documents'
import { MANIFEST_JSON } from '../image/docker'
import type { Archive } from '../image/image'
import { REPOSITORIES } from '../image/legacy'
import { memberName, type Member } from '../image/members'
import { OCI_LAYOUT } from '../image/oci'
import { TYPE } from '../tar/entry'
import {
  LINUX_AMD64,
  type ConfigFacts,
  type DockerFacts,
  type DockerLine,
  type Facts,
  type Host,
  type LayerFile,
  type LegacyFacts,
  type Oddity,
  type NamedFile,
  type StoredLayer,
  type Undecodable,
} from './facts'
import { indexFacts } from './gather-oci'
import { listIn, objectIn, textIn, type Json } from './json'

/** What is known of stored bytes, by index of their member. */
export interface KnownLayer {
  /** Of the stored bytes. */
  readonly digest: Digest | null
  /** Of the plain tar inside. */
  readonly diffId: DiffId | null
  /** They were read, and are not what the archive says of them. */
  readonly wrong?: boolean
}

export interface GatherOptions {
  /** Around the whole archive, taken off before it was opened. */
  readonly wrapping: Compression
  /** Zeros follow its compressed data. */
  readonly padded?: boolean
  readonly known?: ReadonlyMap<number, KnownLayer>
  readonly host?: Host
  /** What is odd in the layers of an image, by the digest of its config: of images whose layers were read. */
  readonly contents?: ReadonlyMap<string, readonly Oddity[]>
}

/** An archive, or the members of one whose images cannot be opened. */
export type Described = Pick<Archive, 'members' | 'shapes' | 'images'>

/** Reads small documents and the first bytes of layers. Throws only what reading the source throws. */
export async function factsOf(archive: Described, options: GatherOptions): Promise<Facts> {
  const gather = new Gather(archive, options)
  const docker = await gather.docker()
  return {
    wrapping: options.wrapping,
    padded: options.padded ?? false,
    absoluteNames: [MANIFEST_JSON, OCI_LAYOUT].some((name) => archive.members.isAbsolute(name)),
    docker,
    dockerFirst: await dockerFirst(archive, options, docker),
    layout: await gather.layout(),
    index: await indexFacts(gather),
    legacy: gather.legacy(),
    topFolders: gather.topFolders(),
    brokenLink: gather.brokenLink(),
    oddMember: archive.members.list.find(({ type }) => type === TYPE.other)?.path ?? null,
    host: options.host ?? LINUX_AMD64,
  }
}

async function dockerFirst(
  archive: Described,
  options: GatherOptions,
  last: DockerFacts | null,
): Promise<DockerFacts | null> {
  const members = archive.members.asFirst()
  const first = members && (await new Gather({ ...archive, members }, options).docker())
  return JSON.stringify(first) === JSON.stringify(last) ? null : first
}

export type Decoded =
  { readonly value: unknown; readonly goesOn: boolean } | { readonly problem: Undecodable }

export class Gather {
  readonly archive: Described
  readonly #known: ReadonlyMap<number, KnownLayer>
  readonly #contents: ReadonlyMap<string, readonly Oddity[]>
  constructor(archive: Described, { known = new Map(), contents = new Map() }: GatherOptions) {
    this.archive = archive
    this.#known = known
    this.#contents = contents
  }

  find(path: string): Member | null {
    try {
      return this.archive.members.find(path)
    } catch {
      return null // A circle of links leads nowhere.
    }
  }

  async bytes(member: Member): Promise<Bytes | null> {
    return member.size > MOST_JSON ? null : this.archive.members.read(member, MOST_JSON)
  }

  /** The first JSON value, as Go's Decoder takes it. */
  async decoded(member: Member): Promise<Decoded> {
    const bytes = await this.bytes(member)
    if (!bytes) return { problem: { truncated: false } }
    let goesOn = false
    try {
      const value = parseFirstJson(bytes, {}, () => (goesOn = true))
      return { value, goesOn }
    } catch (thrown) {
      if (!(thrown instanceof ImageError)) throw thrown
      return { problem: { truncated: /end of (JSON|data)|[Uu]nterminated/.test(thrown.fault.message) } }
    }
  }

  async docker(): Promise<DockerFacts | null> {
    const member = this.find(MANIFEST_JSON)
    if (!member) return null
    const decoded = await this.decoded(member)
    const none = { undecodable: null, isNull: false, goesOn: false, lines: [] }
    if ('problem' in decoded) return { ...none, undecodable: decoded.problem }
    const { value, goesOn } = decoded
    if (value === null) return { ...none, isNull: true }
    if (!Array.isArray(value)) return { ...none, undecodable: { truncated: false } }
    const lines: DockerLine[] = []
    for (const line of value) lines.push(await this.#line(objectIn(line, ['Config', 'RepoTags', 'Layers'])))
    return { undecodable: null, isNull: false, goesOn, lines }
  }

  async #line(line: Json): Promise<DockerLine> {
    const config = this.#named(textIn(line.Config))
    const member = config.as ? this.find(memberName(config.name)) : null
    const image = member ? await this.config(member) : null
    const layers: LayerFile[] = []
    for (const [i, name] of listIn(line.Layers).map(textIn).entries()) {
      const file = this.#named(name)
      const stored = file.as
        ? await this.stored(this.find(memberName(name))!, image?.diffIds?.[i] ?? null, null)
        : EMPTY
      layers.push({ ...file, ...stored })
    }
    return { config, image, tags: listIn(line.RepoTags).map(textIn), layers }
  }

  #named(name: string): NamedFile {
    const own = this.archive.members.own(memberName(name))
    const found = this.find(memberName(name))
    if (!own || !found) return { name, as: null }
    if (own.type === TYPE.file) return { name, as: 'file' }
    if (own.type === TYPE.hardlink) return { name, as: 'hardlink' }
    const target = this.archive.members.list.find(({ index }) => index === found.index)
    const once = target && resolvedOnce(own) === target.path
    return { name, as: once ? 'symlink' : 'chain' }
  }

  async config(member: Member): Promise<ConfigFacts> {
    const bytes = await this.bytes(member)
    const digest = await sha256(bytes ?? new Uint8Array(0))
    const decoded = await this.decoded(member)
    const json = 'value' in decoded ? objectIn(withConfigKeys(decoded.value), []) : {}
    const rootfs = json.rootfs === undefined || json.rootfs === null ? null : objectIn(json.rootfs, [])
    return {
      undecodable: 'problem' in decoded ? decoded.problem : null,
      digest,
      size: member.size,
      os: textIn(json.os),
      architecture: textIn(json.architecture),
      variant: textIn(json.variant),
      diffIds: rootfs ? listIn(rootfs.diff_ids).map(textIn) : null,
      historyLayers: listIn(json.history).filter((line) => objectIn(line, []).empty_layer !== true).length,
      contents: this.#contents.get(digest) ?? null,
    }
  }

  /** `diffId` and `digest` are what the descriptions claim; null where they say nothing. */
  async stored(member: Member, diffId: string | null, digest: string | null): Promise<StoredLayer> {
    const compression = await this.archive.members.compressionOf(member)
    const known = this.#known.get(member.index)
    const actual = known?.digest ?? (compression === 'none' ? known?.diffId : null) ?? null
    const intact = digest !== null && known?.digest ? digest === known.digest : null
    return { compression, size: member.size, digest: actual, right: rightness(known, diffId, digest), intact }
  }

  async layout(): Promise<Facts['layout']> {
    const member = this.find(OCI_LAYOUT)
    if (!member) return null
    const decoded = await this.decoded(member)
    if (!('value' in decoded)) return { version: null }
    return { version: textIn(objectIn(decoded.value, ['imageLayoutVersion']).imageLayoutVersion) }
  }

  /** Only what docker's own way of reading the v1 form would find: the archive has no manifest.json. */
  legacy(): LegacyFacts | null {
    const { archive } = this
    if (!archive.shapes.includes('legacy')) return null
    return {
      hasRepositories: this.find(REPOSITORIES) !== null,
      images: archive.images.map(({ tags, id, config }) => ({
        names: tags,
        id: isOfDocker183(textIn(config.docker_version)) ? id : null,
        contents: this.#contents.get(id) ?? null,
      })),
    }
  }

  topFolders(): string[] {
    const folders = new Set<string>()
    for (const { path, type } of this.archive.members.list) {
      const slash = path.indexOf('/')
      if (slash > 0) folders.add(path.slice(0, slash))
      else if (type === TYPE.directory && path !== '') folders.add(path)
    }
    return [...folders].filter((folder) => this.find(`${folder}/json`) === null).sort()
  }

  brokenLink(): Facts['brokenLink'] {
    const { list } = this.archive.members
    const files = new Set(list.filter(({ type }) => type === TYPE.file).map(({ path }) => path))
    for (const member of list)
      if (member.type === TYPE.symlink && !files.has(resolvedOnce(member)))
        return { name: member.path, to: resolvedOnce(member) }
    return null
  }
}

/** Before 1.8.3, or without a version, docker writes the config anew with fields of its own (moby image/v1, noFallbackMinVersion). */
function isOfDocker183(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+-]/).map((part) => parseInt(part, 10) || 0)
  return major * 1e6 + minor * 1e3 + patch >= 1_008_003
}

export const EMPTY: StoredLayer = { compression: 'none', size: 0, digest: null, right: null, intact: null }

function rightness(
  known: KnownLayer | undefined,
  diffId: string | null,
  digest: string | null,
): boolean | null {
  if (!known) return null
  if (known.wrong) return false
  if (diffId !== null && known.diffId !== null && diffId !== known.diffId) return false
  if (digest !== null && known.digest !== null && digest !== known.digest) return false
  return known.diffId !== null ? true : null
}

/** Where a symlink leads, as Go's path.Join has it: what follows from there is not looked at. */
function resolvedOnce({ path, link }: Member): string {
  const parts = link.startsWith('/') ? [] : path.split('/').slice(0, -1)
  for (const part of link.split('/'))
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  return parts.join('/')
}
