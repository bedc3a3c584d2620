/**
 * docker load with the containerd store, and ctr images import: both go through containerd's importer
 * (core/images/archive/importer.go, client/import.go; moby daemon/containerd/image_exporter.go, LoadImage).
 */
import { sha256 } from '../digest/sha256'
import { utf8 } from '../bytes/text'
import { ofContents, ofDamage } from './contents'
import type { Answer, Engine, EngineImage } from './engine'
import type { ConfigFacts, DockerLine, Facts, Host, IndexEntry, LayerFile, ManifestFacts } from './facts'
import { answered, differs, EXPORT, fails, RESAVE, withDigest, wrapped, type Finding } from './findings'
import { badName, beforeDigest, familiar, full, hasTag } from './names'

const isDocker = ({ id }: Engine): boolean => id === 'docker-containerd'

export async function containerd(facts: Facts, engine: Engine): Promise<Answer> {
  const around = wrapped(facts.wrapping, engine.unwraps)
  if (around) return answered([], [around])
  const document = ofDocuments(facts)
  if (document) return answered([], [document])
  // With an oci-layout file the archive is an OCI layout, and manifest.json counts for nothing.
  if (facts.layout?.version) return ofLayout(facts, engine)
  return ofDockerArchive(facts, engine)
}

function ofDocuments({ docker, layout, index, absoluteNames }: Facts): Finding | null {
  if (absoluteNames)
    return fails(
      'unrecognized image format',
      'The names of the archive’s members start with a slash, and are looked for without one.',
      EXPORT,
    )
  if (layout && layout.version === null)
    return fails('untar oci layout', 'The oci-layout file is not JSON.', RESAVE)
  // Read in any case, even where it is not used.
  if (docker?.undecodable)
    return fails('untar manifest "manifest.json"', 'manifest.json is not what its JSON should be.', EXPORT)
  if (layout?.version) {
    if (layout.version !== '1.0.0')
      return fails(
        `unsupported OCI version ${layout.version}`,
        'The oci-layout file has a version that nobody knows.',
        EXPORT,
      )
    if (!index)
      return fails(
        'missing index.json in OCI layout 1.0.0',
        'There is an oci-layout file and no index.json; manifest.json is ignored then.',
        EXPORT,
      )
    return index.undecodable ? fails('', 'index.json is not JSON.', EXPORT) : null
  }
  if (!docker || docker.isNull)
    return fails(
      'unrecognized image format',
      index
        ? 'There is an index.json and no oci-layout file, so it is not taken for an OCI layout; and there is no manifest.json.'
        : 'There is neither an oci-layout file nor a manifest.json.',
      EXPORT,
    )
  return null
}

// ---------------------------------------------------------------- an OCI layout

function ofLayout({ index, docker, host }: Facts, engine: Engine): Answer {
  const { entries } = index!
  const images = moved(entries.flatMap((entry) => imageOf(entry, engine)))
  return answered(images, [
    emptyWalk(entries, host, engine),
    ...entries.map((entry) => ofEntry(entry, host, engine)),
    ...entries.map((entry) => ofName(entry, engine)),
    staleDocker(index!.entries, docker),
  ])
}

function imageOf({ digest, imageName, refName }: IndexEntry, engine: Engine): EngineImage[] {
  const name = imageName || refName
  // docker lists no name without a tag.
  if (isDocker(engine) && name !== '' && !badName(name) && !hasTag(name)) return []
  if (isDocker(engine)) return [{ names: name && !badName(name) ? [familiar(name)] : [], id: digest }]
  if (name === '') return []
  // ctr puts import-DATE in front of a bare tag.
  if (imageName === '' && !/[/:@]/.test(refName)) return [{ names: [`import-DATE:${refName}`], id: digest }]
  return [{ names: [name], id: digest }]
}

/** A name is one image's: the last to claim it has it, and an image that had no other is not kept. */
function moved(images: readonly EngineImage[]): EngineImage[] {
  return images.filter(
    ({ names, id }, i) =>
      names.length === 0 ||
      names.some(
        (name) => !images.some((later, at) => at > i && later.id !== id && later.names.includes(name)),
      ),
  )
}

const matches = (platform: { os: string; architecture: string }, host: Host): boolean =>
  platform.os.toLowerCase() === host.os && platform.architecture === host.architecture

function emptyWalk(entries: readonly IndexEntry[], host: Host, engine: Engine): Finding | null {
  if (entries.length === 0)
    return fails(
      'image might be filtered out',
      'index.json names no image; where it is there, manifest.json is ignored.',
      EXPORT,
    )
  if (!isDocker(engine) && entries.every(({ platform }) => platform && !matches(platform, host)))
    return fails(
      'image might be filtered out',
      `The image is for another platform than ${host.os}/${host.architecture}.`,
      'ctr images import --all-platforms --no-unpack ARCHIVE',
    )
  return null
}

function ofEntry(entry: IndexEntry, host: Host, engine: Engine): Finding | null {
  if (entry.blob === 'absent' || entry.blob === 'other') {
    const why = `The manifest ${entry.digest.slice(0, 19)}… is named and not there.`
    if (isDocker(engine)) return differs(`${why} It loads, and does not run.`, RESAVE, null)
    return fails(`content digest ${entry.digest}: not found`, why, RESAVE)
  }
  if (entry.blob === 'index') return ofPlatforms(entry, host, engine)
  return unpacked(entry.manifest!, host, engine)
}

/** Of an index of platforms the host's is unpacked. */
function ofPlatforms({ children }: IndexEntry, host: Host, engine: Engine): Finding | null {
  const ours = children.filter(
    ({ platform, isAttestation }) => !isAttestation && (!platform || matches(platform, host)),
  )
  const [first] = ours
  const platform = `${host.os}/${host.architecture}`
  if (!first) {
    const why = `The index has no image for ${platform}.`
    if (isDocker(engine)) return null
    if (engine.id === 'ctr-2') return differs(`${why} Nothing is unpacked.`, EXPORT)
    return fails('no match for platform', why, 'ctr images import --all-platforms --no-unpack ARCHIVE')
  }
  if (first.blob !== 'manifest') {
    const why = `The index names an image for ${platform}, and the archive does not hold it.`
    return isDocker(engine)
      ? differs(`${why} It loads, and does not run.`, RESAVE)
      : fails('not found', why, 'ctr images import --all-platforms --no-unpack ARCHIVE')
  }
  return unpacked(first.manifest!, host, engine)
}

/** What unpacking stumbles on. docker unpacks images of the host's platform only. */
function unpacked(
  { image, configDigest, layers }: ManifestFacts,
  host: Host,
  engine: Engine,
): Finding | null {
  if (!image || image.undecodable) {
    const why = `The config ${configDigest.slice(0, 19)}… is named and not there.`
    if (isDocker(engine)) return differs(`${why} It loads, and does not run.`, RESAVE, null)
    return fails(`content digest ${configDigest}: not found`, why, RESAVE)
  }
  if (isDocker(engine) && !matches(image, host)) return null
  const count = ofCount(image, layers.length, engine)
  if (count) return count
  for (const [i, layer] of layers.entries()) {
    if (!layer.there && layer.isForeign)
      return fails(
        'not found',
        `Layer ${i} is foreign: the archive does not hold it.`,
        `Load it where ${layer.claimed.slice(0, 19)}… is already.`,
      )
    const damage = layer.there && layer.intact !== false ? ofDamage(image, i, 'containerd', engine) : null
    if (damage !== null && damage !== 'unnoticed') return damage
    if (layer.there && layer.right === false && layer.intact)
      return fails(
        'wrong diff id calculated on extraction',
        `Layer ${i} is not what its diff_id says.`,
        RESAVE,
      )
    if (!layer.there || layer.right === false)
      return fails(
        `content digest ${layer.claimed}: not found`,
        `Layer ${i} is ${layer.there ? 'not what its digest says' : 'not in the archive'}.`,
        RESAVE,
      )
    const type = ofLayerType(layer.mediaType, layer.compression, i, engine)
    if (type) return type
  }
  return ofContents(image, 'containerd', engine)
}

function ofCount(image: ConfigFacts, layers: number, engine: Engine): Finding | null {
  const diffIds = image.diffIds?.length ?? 0
  if (diffIds === layers) return null
  const says =
    engine.id === 'ctr-2'
      ? `number of layers and diffIDs don't match: ${layers} != ${diffIds}`
      : 'mismatched image rootfs and manifest layers'
  return fails(says, `There are ${layers} layers, the config names ${diffIds}.`, RESAVE)
}

const LAYER_TYPES =
  /^application\/vnd\.(oci\.image\.layer(\.nondistributable)?\.v1\.tar|docker\.image\.rootfs\.(diff|foreign\.diff)\.tar)/

/** The media type is believed, not the bytes (core/images/diff, pkg/archive/compression). */
function ofLayerType(type: string, compression: string, layer: number, engine: Engine): Finding | null {
  if (!LAYER_TYPES.test(type)) {
    const why = `Layer ${layer} has the media type ${type || '""'}.`
    if (engine.id === 'ctr-1') return fails('', `${why} Nothing unpacks it.`, EXPORT)
    return differs(`${why} The image loads, and is not unpacked.`, EXPORT, null)
  }
  const claimed = /[+.]zstd$/.test(type) ? 'zstd' : /[+.]gzip$/.test(type) ? 'gzip' : 'none'
  if (claimed === 'none' && compression !== 'none')
    return fails(
      'failed to extract layer',
      `Layer ${layer} is compressed with ${compression}, and its media type says that it is plain.`,
      EXPORT,
    )
  if (!engine.layers.includes(compression))
    return fails(
      'failed to extract layer',
      `Layer ${layer} is compressed with ${compression}, which it does not read.`,
      EXPORT,
    )
  return null
}

function ofName({ imageName, refName }: IndexEntry, engine: Engine): Finding | null {
  const name = imageName || refName
  if (name === '')
    return isDocker(engine)
      ? null
      : differs(
          'The image has no name, and none is stored: only its content.',
          'ctr images import --digests --base-name NAME ARCHIVE',
        )
  if (imageName === '' && !isDocker(engine) && !/[/:@]/.test(refName))
    return differs(
      `index.json says the tag "${refName}" alone: it is stored as import-DATE:${refName}.`,
      'ctr images import --base-name NAME ARCHIVE',
    )
  if (isDocker(engine) && badName(name))
    return differs(
      `"${name}" is no name that docker takes: the image is to be had by its ID.`,
      'Give it a name in Peel, and export.',
      null,
    )
  if (full(name) !== name)
    return differs(
      isDocker(engine)
        ? `It is stored as "${name}", and looked for as "${full(name)}": docker lists a name that it does not find.`
        : `It is stored as "${name}", without a host: other commands look for "${full(name)}".`,
      'Export it from Peel: index.json then has the full name.',
    )
  return null
}

function staleDocker(entries: readonly IndexEntry[], docker: Facts['docker']): Finding | null {
  if (!docker || docker.lines.length === 0) return null
  const configs = new Set<string>()
  const collect = (all: readonly IndexEntry[]): void =>
    all.forEach(({ children, manifest }) => {
      if (manifest?.image) configs.add(manifest.image.digest)
      collect(children)
    })
  collect(entries)
  if (configs.size === 0 || docker.lines.some(({ image }) => image && configs.has(image.digest))) return null
  return differs(
    'manifest.json and index.json describe different images; this engine loads the one of index.json.',
    EXPORT,
  )
}

// ---------------------------------------------------------------- a docker archive

async function ofDockerArchive({ docker, brokenLink, host }: Facts, engine: Engine): Promise<Answer> {
  const { lines } = docker!
  const link = brokenLink
    ? fails(
        `no target for symlink layer from "${brokenLink.name}" to "${brokenLink.to}"`,
        `${brokenLink.name} is a symbolic link to no file of the archive.`,
        EXPORT,
      )
    : null
  const images: EngineImage[] = []
  for (const line of lines) images.push(...(await imageOfLine(line, engine)))
  return answered(moved(images), [
    link,
    ...lines.map((line) => resolved(line)),
    filtered(lines, host, engine),
    ...lines.map((line) => unpackedLine(line, host, engine)),
    ...lines.map(({ tags }) => {
      const digested = tags.find((tag) => beforeDigest(tag) !== null)
      return digested === undefined ? null : withDigest(digested)
    }),
    unnamed(lines, engine),
  ])
}

/** Names are compared as they stand; links are followed once, hard links not at all. */
function resolved({ config, image, layers, tags }: DockerLine): Finding | null {
  const lost = ({ as }: { as: LayerFile['as'] }): boolean => as !== 'file' && as !== 'symlink'
  if (lost(config) || !image)
    return fails(
      `image config "${config.name}" not found`,
      `The config ${config.name} is not a file of the archive.`,
      EXPORT,
    )
  const layer = layers.findIndex(lost)
  if (layer >= 0)
    return fails(
      `layer "${layers[layer].name}" not found`,
      layers[layer].as === 'hardlink'
        ? `Layer ${layer} is a hard link in the archive.`
        : `Layer ${layer} is not in the archive.`,
      layers[layer].as === null ? RESAVE : EXPORT,
    )
  if (image.undecodable) return fails('', 'The config is not JSON.', RESAVE)
  for (const tag of tags) {
    const bad = beforeDigest(tag) === null ? badName(tag) : null
    if (bad) return fails(bad, `"${tag}" is no name of an image.`, 'Change the name in Peel, and export.')
  }
  return null
}

function filtered(lines: readonly DockerLine[], host: Host, engine: Engine): Finding | null {
  if (lines.length === 0) return fails('image might be filtered out', 'manifest.json lists no image.', EXPORT)
  // Another platform than the host's is not imported by ctr, whatever its number of images.
  if (
    !isDocker(engine) &&
    lines.every(({ image }) => image && image.architecture !== '' && !matches(image, host))
  )
    return fails(
      'image might be filtered out',
      `The image is for another platform than ${host.os}/${host.architecture}.`,
      'ctr images import --all-platforms --no-unpack ARCHIVE',
    )
  return null
}

function unpackedLine({ image, layers }: DockerLine, host: Host, engine: Engine): Finding | null {
  if (!image || (isDocker(engine) && !matches(image, host))) return null
  const count = ofCount(image, layers.length, engine)
  if (count) return count
  const first = new Map<string, string>()
  for (const [i, layer] of layers.entries()) {
    const diffId = image.diffIds![i]
    const damage = ofDamage(image, i, 'containerd', engine)
    if (damage !== null && damage !== 'unnoticed') return damage
    const other = first.get(layer.name)
    if (layer.right === false || (other !== undefined && other !== diffId))
      return fails(
        'wrong diff id calculated on extraction',
        `Layer ${i} is not what its diff_id says.`,
        RESAVE,
      )
    first.set(layer.name, diffId)
    if (!engine.layers.includes(layer.compression))
      return fails(
        'failed to extract layer',
        `Layer ${i} is compressed with ${layer.compression}, which is taken for a plain tar.`,
        EXPORT,
      )
  }
  return ofContents(image, 'containerd', engine)
}

function unnamed(lines: readonly DockerLine[], engine: Engine): Finding | null {
  if (isDocker(engine) || lines.every(({ tags }) => tags.length > 0)) return null
  return differs(
    'The image has no name, and none is stored: only its content.',
    'ctr images import --digests --base-name NAME ARCHIVE',
  )
}

async function imageOfLine(line: DockerLine, engine: Engine): Promise<EngineImage[]> {
  const { tags } = line
  if (tags.length === 0 && !isDocker(engine)) return []
  return [{ names: tags.map(isDocker(engine) ? familiar : full), id: await manifestOf(line) }]
}

const DOCKER = 'application/vnd.docker'

/** The digest of the manifest that the importer writes for a docker archive: Go's own order of fields. Null where a layer's digest is not known. */
async function manifestOf({ image, layers }: DockerLine): Promise<string | null> {
  if (!image || layers.some(({ digest }) => digest === null)) return null
  const manifest = {
    schemaVersion: 2,
    mediaType: `${DOCKER}.distribution.manifest.v2+json`,
    config: { mediaType: `${DOCKER}.container.image.v1+json`, digest: image.digest, size: image.size },
    layers: layers.map(({ digest, size, compression }) => ({
      // Whatever is compressed is called gzip; xz and bzip2 are not recognised.
      mediaType: `${DOCKER}.image.rootfs.diff.tar${compression === 'gzip' || compression === 'zstd' ? '.gzip' : ''}`,
      digest,
      size,
    })),
  }
  return sha256(utf8(JSON.stringify(manifest)))
}
