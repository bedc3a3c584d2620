/** An archive drawn in the image notation, as bytes: the way docker save or an OCI tool would have written it. */
import { joinedBytes } from '../core/bytes/join'
import type { Bytes } from '../core/bytes/source'
import { utf8 } from '../core/bytes/text'
import { hexOf, type Digest } from '../core/digest/digest'
import { Sha256 } from '../core/digest/sha256'
import { TYPE } from '../core/tar/entry'
import { encodeHeader, END, paddingOf } from '../core/tar/write'
import { DRAWN_TIME, parseNotation, type DrawnImage, type DrawnLayer, type Notation } from './notation'

/**
 * docker   as docker 25 and later: blobs, with manifest.json and an OCI layout beside them
 * docker20 as docker 1.10 to 24: a folder with layer.tar for each layer, config by its hash, manifest.json
 * oci      an OCI layout alone, as skopeo, umoci and BuildKit write it
 */
export type Shape = 'docker' | 'docker20' | 'oci'

export interface ArchiveOptions {
  readonly shape?: Shape
  /** Compresses each layer; `suffix` ends its media type, e.g. "+gzip". The older docker shape has none. */
  /** Images of one name are platforms of it under one index, each with an attestation beside it, as BuildKit writes them. */
  readonly platforms?: boolean
  readonly compression?: { readonly suffix: string; readonly compress: (tar: Bytes) => Bytes }
}

interface BuiltLayer {
  readonly diffId: Digest
  readonly digest: Digest
  readonly stored: Bytes
  readonly mediaType: string
}

interface BuiltImage {
  readonly drawn: DrawnImage
  readonly layers: readonly BuiltLayer[]
  readonly config: Bytes
  readonly configDigest: Digest
}

const CREATED = new Date(DRAWN_TIME * 1000).toISOString().replace('.000Z', 'Z')
const OCI = 'application/vnd.oci.image'

/** The same text gives the same bytes. */
export function buildArchive(drawing: string | Notation, options: ArchiveOptions = {}): Bytes {
  const { images } = typeof drawing === 'string' ? parseNotation(drawing) : drawing
  const built = images.map((image) => buildImage(image, options))
  const { shape = 'docker' } = options
  return tarOf(
    shape === 'docker20' ? foldersOf(built) : layoutOf(built, shape === 'docker', options.platforms ?? false),
  )
}

/** One drawn layer as a plain tar. */
export function buildLayer(layer: DrawnLayer): Bytes {
  const parts: Bytes[] = []
  for (const entry of layer.entries) {
    const { content, link, xattrs, ...fields } = entry
    // A hard link may carry a size in some tars; ours follow POSIX and have none.
    parts.push(
      encodeHeader({ ...fields, size: content.length, link, pax: xattrs }),
      content,
      paddingOf(content.length),
    )
  }
  return joinedBytes([...parts, END])
}

function buildImage(drawn: DrawnImage, { shape, compression }: ArchiveOptions): BuiltImage {
  const layers = drawn.layers.map((layer): BuiltLayer => {
    const tar = buildLayer(layer)
    const stored = compression && shape !== 'docker20' ? compression.compress(tar) : tar
    const suffix = stored === tar ? '' : (compression?.suffix ?? '')
    return {
      diffId: digestOf(tar),
      digest: digestOf(stored),
      stored,
      mediaType: `${OCI}.layer.v1.tar${suffix}`,
    }
  })
  const [os, architecture, variant] = drawn.platform.split('/')
  const config = json({
    architecture,
    ...(variant ? { variant } : {}),
    config: drawn.config,
    created: CREATED,
    history: drawn.steps.map(({ step, layer }) => ({
      created: CREATED,
      created_by: step,
      ...(layer ? {} : { empty_layer: true }),
    })),
    os,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  })
  return { drawn, layers, config, configDigest: digestOf(config) }
}

type Member = readonly [path: string, body: Bytes]

function layoutOf(images: readonly BuiltImage[], withDocker: boolean, platforms: boolean): Member[] {
  const blobs = new Map<string, Bytes>()
  const blob = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`
  const manifests = images.map(({ drawn, layers, config, configDigest }) => {
    for (const layer of layers) blobs.set(blob(layer.digest), layer.stored)
    blobs.set(blob(configDigest), config)
    const manifest = json({
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: { mediaType: `${OCI}.config.v1+json`, digest: configDigest, size: config.length },
      layers: layers.map(({ mediaType, digest, stored }) => ({ mediaType, digest, size: stored.length })),
    })
    const digest = digestOf(manifest)
    blobs.set(blob(digest), manifest)
    const annotations = drawn.tag === null ? {} : { annotations: namesOf(drawn.tag) }
    return { mediaType: `${OCI}.manifest.v1+json`, digest, size: manifest.length, ...annotations }
  })
  const put = (mediaType: string, bytes: Bytes) => {
    blobs.set(blob(digestOf(bytes)), bytes)
    return { mediaType, digest: digestOf(bytes), size: bytes.length }
  }
  const named = platforms ? underOneName(images, manifests, put) : manifests
  const members: Member[] = [
    ['blobs/', new Uint8Array(0)],
    ['blobs/sha256/', new Uint8Array(0)],
    ...[...blobs].sort(([one], [other]) => (one < other ? -1 : 1)),
    ['index.json', json({ schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests: named })],
  ]
  const first = ({ drawn }: BuiltImage) => images.find((one) => one.drawn.tag === drawn.tag)
  const docker = images
    .filter((image) => !platforms || image === first(image))
    .map(({ drawn, layers, configDigest }) => ({
      Config: blob(configDigest),
      RepoTags: drawn.tag === null ? null : [drawn.tag],
      Layers: layers.map(({ digest }) => blob(digest)),
    }))
  if (withDocker) members.push(['manifest.json', json(docker)])
  return [...members, ['oci-layout', json({ imageLayoutVersion: '1.0.0' })]]
}

interface DrawnDescriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly annotations?: { readonly [key: string]: string }
}

/** An index of platforms for each name (BuildKit, attestation-storage.md). */
function underOneName(
  images: readonly BuiltImage[],
  manifests: readonly DrawnDescriptor[],
  put: (mediaType: string, bytes: Bytes) => DrawnDescriptor,
): DrawnDescriptor[] {
  return [...new Set(images.map(({ drawn }) => drawn.tag))].map((tag) => {
    const members = images.flatMap(({ drawn }, i) =>
      drawn.tag === tag ? [{ ...manifests[i], platform: drawn.platform }] : [],
    )
    const platformed = members.map(({ mediaType, digest, size, platform }) => {
      const [os, architecture, variant] = platform.split('/')
      return { mediaType, digest, size, platform: { architecture, os, ...(variant ? { variant } : {}) } }
    })
    const attestations = members.map(({ digest }) => ({
      ...put(`${OCI}.manifest.v1+json`, attestationOf(digest, put)),
      annotations: {
        'vnd.docker.reference.digest': digest,
        'vnd.docker.reference.type': 'attestation-manifest',
      },
      platform: { architecture: 'unknown', os: 'unknown' },
    }))
    const index = json({
      schemaVersion: 2,
      mediaType: `${OCI}.index.v1+json`,
      manifests: [...platformed, ...attestations],
    })
    return {
      ...put(`${OCI}.index.v1+json`, index),
      ...(tag === null ? {} : { annotations: namesOf(tag) }),
    }
  })
}

function attestationOf(digest: Digest, put: (mediaType: string, bytes: Bytes) => DrawnDescriptor): Bytes {
  const statement = put('application/vnd.in-toto+json', json({ subject: digest }))
  const config = json({
    architecture: 'unknown',
    os: 'unknown',
    rootfs: { type: 'layers', diff_ids: [statement.digest] },
  })
  return json({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: put(`${OCI}.config.v1+json`, config),
    layers: [statement],
  })
}

function foldersOf(images: readonly BuiltImage[]): Member[] {
  const members = new Map<string, Bytes>()
  const docker = images.map(({ drawn, layers, config, configDigest }) => {
    let parent = ''
    const Layers = layers.map(({ diffId, stored }) => {
      // Any name of 64 hex digits will do; this one depends on all below it, as docker's own does.
      const id = hexOf(digestOf(utf8(`${parent} ${diffId}`)))
      members.set(`${id}/`, new Uint8Array(0))
      members.set(`${id}/VERSION`, utf8('1.0'))
      members.set(`${id}/json`, json({ id, ...(parent ? { parent } : {}), created: CREATED }))
      members.set(`${id}/layer.tar`, stored)
      parent = id
      return `${id}/layer.tar`
    })
    members.set(`${hexOf(configDigest)}.json`, config)
    return {
      Config: `${hexOf(configDigest)}.json`,
      RepoTags: drawn.tag === null ? null : [drawn.tag],
      Layers,
    }
  })
  return [...[...members].sort(([one], [other]) => (one < other ? -1 : 1)), ['manifest.json', json(docker)]]
}

/** Both names, as docker save writes them: with the second alone docker's containerd store does not find the image. */
function namesOf(tag: string): { readonly [key: string]: string } {
  const [repository, version] = /^(.*):([^:/]+)$/.exec(tag)?.slice(1) ?? [tag, 'latest']
  const [first] = repository.split('/')
  const isHost = repository.includes('/') && /[.:]|^localhost$/.test(first)
  const full = isHost ? repository : `docker.io/${repository.includes('/') ? '' : 'library/'}${repository}`
  return { 'io.containerd.image.name': `${full}:${version}`, 'org.opencontainers.image.ref.name': version }
}

/** Members in the given order as a plain tar; a path that ends in a slash is a directory. */
export function tarOf(members: readonly Member[]): Bytes {
  const parts = members.flatMap(([path, body]) => {
    const type = path.endsWith('/') ? TYPE.directory : TYPE.file
    const mode = type === TYPE.directory ? 0o755 : 0o644
    const header = encodeHeader({
      path: utf8(path),
      type,
      mode,
      uid: 0,
      gid: 0,
      size: body.length,
      mtime: DRAWN_TIME,
    })
    return [header, body, paddingOf(body.length)]
  })
  return joinedBytes([...parts, END])
}

function digestOf(bytes: Bytes): Digest {
  return new Sha256().update(bytes).digest()
}

function json(value: unknown): Bytes {
  return utf8(JSON.stringify(value))
}
