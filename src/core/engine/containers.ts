/** podman load and skopeo copy: containers/image's readers of OCI and docker archives (common/libimage/load.go; image/oci/layout, image/docker/internal/tarfile). */
import { ofContents, ofDamage } from './contents'
import type { Answer, Engine, EngineImage } from './engine'
import type { ConfigFacts, DockerFacts, DockerLine, Facts, Host, IndexEntry, LayerFile } from './facts'
import {
  answered,
  differs,
  EXPORT,
  fails,
  notUnpacked,
  RESAVE,
  withDigest,
  wrapped,
  zerosBehind,
  type Finding,
} from './findings'
import { badName, beforeDigest, hasTag, ofPodman } from './names'

/** An OCI archive of one image is tried first, then a docker archive; the first that loads as a whole wins. */
export function podman(facts: Facts, engine: Engine): Answer {
  const { index, host } = facts
  const docker = facts.absoluteNames ? null : (facts.dockerFirst ?? facts.docker)
  const attempt =
    index && !notUnpacked(facts) && !index.undecodable && index.entries.length === 1 ? index.entries : null
  const troubles =
    attempt?.flatMap((entry) => [
      ofEntry(entry, host, engine),
      nameTrouble(entry),
      unpackTrouble(chosen(entry, host)?.manifest?.image, engine),
    ]) ?? []
  if (attempt && troubles.every((trouble) => trouble?.verdict !== 'fails'))
    return answered(
      attempt.map((entry) => imageOfEntry(entry, host)),
      [...troubles, staleDocker(facts)],
    )
  const format = 'payload does not match any of the supported image formats'
  const around = wrapped(facts.wrapping, engine.unwraps) ?? (facts.padded ? zerosBehind() : null)
  if (around) return answered([], [{ ...around, says: format }])
  const trouble = troubles.find((one) => one?.verdict === 'fails')
  if (!docker) {
    const why = trouble?.why ?? (facts.absoluteNames && !attempt ? SLASHED : noneOrMany(index))
    return answered([], [fails(format, why, trouble?.repair ?? EXPORT)])
  }
  const images = firstOfName(docker.lines).map(({ image, tags }): EngineImage => ({
    names: tags.map(ofPodman),
    id: image?.digest ?? null,
  }))
  // Layers of the images before are in the store by then.
  const stored = new Set<string>()
  const findings = [
    documentTrouble(docker),
    ...docker.lines.map((line) => {
      const finding = ofLine(line, stored) ?? tagTrouble(line)
      for (const diffId of line.image?.diffIds ?? []) stored.add(diffId)
      return finding
    }),
  ]
  return answered(images, [
    ...findings.map((finding) => (finding?.verdict === 'fails' ? { ...finding, says: format } : finding)),
    ...docker.lines.map(({ image }) => unpackTrouble(image, engine)),
    docker.lines.length === 0 ? differs('manifest.json lists no image.', EXPORT, []) : null,
    twice(facts),
    trouble
      ? differs(`The OCI layout does not load (${trouble.why}); what manifest.json says does.`, EXPORT)
      : null,
  ])
}

/** podman unpacks what it loads; skopeo, as it is asked here, copies it. */
function unpackTrouble(image: ConfigFacts | null | undefined, engine: Engine): Finding | null {
  return image && !image.undecodable ? ofContents(image, 'storage', engine) : null
}

export function skopeoDocker(facts: Facts, engine: Engine): Answer {
  const docker = facts.absoluteNames ? null : (facts.dockerFirst ?? facts.docker)
  const around = wrapped(facts.wrapping, engine.unwraps) ?? (facts.padded ? zerosBehind() : null)
  if (around) return answered([], [around])
  if (!docker)
    return answered(
      [],
      [
        fails(
          'manifest.json',
          facts.absoluteNames ? SLASHED : 'There is no manifest.json.',
          facts.index ? 'Say oci-archive: instead of docker-archive:, or export it from Peel.' : EXPORT,
        ),
      ],
    )
  const document = documentTrouble(docker)
  if (document) return answered([], [document])
  const { lines } = docker
  if (lines.length !== 1)
    return answered(
      [],
      [
        fails(
          `expected 1 item, got ${lines.length}`,
          `manifest.json lists ${lines.length} images.`,
          'Name one: docker-archive:ARCHIVE:NAME:TAG, or docker-archive:ARCHIVE:@0.',
        ),
      ],
    )
  return answered([{ names: [], id: lines[0].image?.digest ?? null }], [ofLine(lines[0]), twice(facts)])
}

export function skopeoOci(facts: Facts, engine: Engine): Answer {
  const { index, docker, host } = facts
  const odd = notUnpacked(facts)
  if (odd) return answered([], [odd])
  if (!index)
    return answered(
      [],
      [
        fails(
          'index.json: no such file or directory',
          'There is no index.json.',
          docker ? 'Say docker-archive: instead of oci-archive:, or export it from Peel.' : EXPORT,
        ),
      ],
    )
  if (index.undecodable) return answered([], [fails('', 'index.json is not JSON.', EXPORT)])
  const { entries } = index
  if (entries.length !== 1)
    return answered(
      [],
      [
        fails(
          'more than one image in oci, choose an image',
          entries.length === 0 ? 'index.json names no image.' : `index.json names ${entries.length} images.`,
          entries.length === 0 ? EXPORT : 'Name one: oci-archive:ARCHIVE:REF.NAME.',
        ),
      ],
    )
  const { id } = imageOfEntry(entries[0], host)
  return answered([{ names: [], id }], [ofEntry(entries[0], host, engine)])
}

const SLASHED = 'The names of the archive’s members start with a slash, and are looked for without one.'

const isPodman = ({ id }: Engine): boolean => id === 'podman-4' || id === 'podman-5'

// ---------------------------------------------------------------- OCI

/** Of an index of platforms the host's is taken. */
function chosen(entry: IndexEntry, host: Host): IndexEntry | null {
  if (entry.blob !== 'index') return entry
  const ours = entry.children.find(
    ({ platform, isAttestation }) =>
      !isAttestation && platform?.os === host.os && platform.architecture === host.architecture,
  )
  return ours ? chosen(ours, host) : null
}

function imageOfEntry(entry: IndexEntry, host: Host): EngineImage {
  const name = entry.imageName || entry.refName
  return {
    names: name === '' ? [] : [ofPodman(name)],
    id: chosen(entry, host)?.manifest?.image?.digest ?? null,
  }
}

function nameTrouble({ imageName, refName }: IndexEntry): Finding | null {
  const name = imageName || refName
  if (beforeDigest(name) !== null) return withDigest(name)
  const bad = name === '' ? null : badName(name)
  return bad ? fails(bad, `"${name}" is no name of an image.`, 'Change the name in Peel, and export.') : null
}

function ofEntry(entry: IndexEntry, host: Host, engine: Engine): Finding | null {
  const one = chosen(entry, host)
  if (!one)
    return fails(
      'no image found in',
      `The index has no image for ${host.os}/${host.architecture}.`,
      `skopeo copy --override-arch ARCHITECTURE …`,
    )
  if (one.blob !== 'manifest')
    return fails('', `The manifest ${one.digest.slice(0, 19)}… is named and not there.`, RESAVE)
  const { image, configDigest, layers } = one.manifest!
  if (!image || image.undecodable)
    return fails('', `The config ${configDigest.slice(0, 19)}… is named and not there.`, RESAVE)
  for (const [i, layer] of layers.entries()) {
    if (!layer.there)
      return layer.isForeign
        ? null
        : fails('no such file or directory', `Layer ${i} is not in the archive.`, RESAVE)
    if (layer.right === false && !layer.intact)
      return fails('Digest did not match', `Layer ${i} is not what its digest says.`, RESAVE)
    // The stream is opened on the way into podman's store, and copied as it is by skopeo.
    const damage = isPodman(engine) ? ofDamage(image, i, 'storage', engine) : null
    if (damage !== null && damage !== 'unnoticed') return damage
  }
  const wrong = layers.findIndex(({ right }) => right === false)
  if (wrong < 0) return null
  const why = `Layer ${wrong} is not what its diff_id says`
  // containers/image 5.34 and later ask, and only where the layers are unpacked.
  return engine.id === 'podman-5'
    ? fails("does not match config's DiffID", `${why}.`, RESAVE)
    : differs(`${why}; this engine does not ask, others refuse the image.`, RESAVE)
}

function staleDocker({ docker, index, host }: Facts): Finding | null {
  if (!docker || docker.lines.length === 0) return null
  const configs = new Set(index!.entries.map((entry) => imageOfEntry(entry, host).id))
  if (docker.lines.some(({ image }) => image && configs.has(image.digest))) return null
  return differs(
    'manifest.json and index.json describe different images; this engine loads the one of index.json.',
    EXPORT,
  )
}

// ---------------------------------------------------------------- docker archives

/** Searched from the top of the archive, which is never unpacked. */
function twice({ dockerFirst }: Facts): Finding | null {
  return dockerFirst
    ? differs(
        'The archive holds a file twice: this engine takes the first one, docker and tar the last.',
        EXPORT,
      )
    : null
}

function documentTrouble(docker: DockerFacts | null): Finding | null {
  if (docker?.undecodable) return fails('', 'manifest.json is not what its JSON should be.', RESAVE)
  if (docker?.goesOn) return fails('after top-level value', 'manifest.json goes on behind its JSON.', EXPORT)
  return null
}

/** `stored`: diff_ids of layers that need not be read. */
function ofLine(
  { config, image, layers }: DockerLine,
  stored: ReadonlySet<string> = new Set(),
): Finding | null {
  if (config.as === null || !image)
    return fails('file does not exist', `The config ${config.name} is named and not there.`, RESAVE)
  if (config.as === 'hardlink')
    return fails(
      '',
      `The config ${config.name} is a hard link in the archive: it is taken for empty.`,
      EXPORT,
    )
  if (image.undecodable) return fails('', 'The config is not JSON.', RESAVE)
  if (image.diffIds === null) return fails('rootFS is not set', 'The config has no rootfs.', RESAVE)
  const { diffIds } = image
  if (layers.length !== diffIds.length)
    return fails(
      `Inconsistent layer count: ${layers.length} in manifest, ${diffIds.length} in config`,
      `manifest.json names ${layers.length} layers, the config ${diffIds.length}.`,
      RESAVE,
    )
  const first = new Map<string, string>()
  for (const [i, { name }] of layers.entries()) {
    const other = first.get(name)
    if (other !== undefined && other !== diffIds[i])
      return fails('used for two different DiffID values', `One file stands for two layers.`, RESAVE)
    first.set(name, diffIds[i])
  }
  const missing = layers.findIndex(({ as }) => as === null)
  if (missing >= 0)
    return fails(
      'Some layer tarfiles are missing in the tarball',
      `Layer ${missing} is not in the archive.`,
      RESAVE,
    )
  const broken = layers.findIndex((_, i) => isBroken(image, i))
  if (broken >= 0)
    return fails('to find its size', `The compressed data of layer ${broken} is damaged.`, RESAVE)
  const wrong = layers.findIndex(({ right }) => right === false)
  if (wrong >= 0) return fails('Digest did not match', `Layer ${wrong} is not what its diff_id says.`, RESAVE)
  return linked(layers, diffIds, stored)
}

/** Compressed layers are inflated to learn their size, even where they are only copied. */
function isBroken({ contents }: ConfigFacts, layer: number): boolean {
  const codes = ['bad-gzip', 'bad-gzip-end', 'bad-zstd', 'gzip-zeros']
  return contents?.some(({ code, layer: at }) => at === layer && codes.includes(code)) ?? false
}

/**
 * The size of a layer is that of the member with its name, and a link has none; of two layers with one diff_id the
 * first is read (prepareLayerData). docker up to 24 saves a layer that a second image shares as a symbolic link.
 */
function linked(
  layers: readonly LayerFile[],
  diffIds: readonly string[],
  stored: ReadonlySet<string>,
): Finding | null {
  for (const [i, { as }] of layers.entries()) {
    if (as === 'file' || stored.has(diffIds[i]) || diffIds.indexOf(diffIds[i]) < i) continue
    const [what, says] =
      as === 'hardlink'
        ? ['hard', 'Digest did not match']
        : ['symbolic', as === 'symlink' ? 'Size mismatch' : '']
    return fails(says, `Layer ${i} is a ${what} link in the archive: it is taken for empty.`, EXPORT)
  }
  return null
}

/** Images are looked up by name: of two lines with one name the first is loaded, twice (image/docker/internal/tarfile, ChooseManifestItem). */
function firstOfName(lines: readonly DockerLine[]): DockerLine[] {
  const taken = new Set<string>()
  return lines.flatMap((line) => {
    const tags = line.tags.filter((tag) => !taken.has(tag))
    tags.forEach((tag) => taken.add(tag))
    return tags.length === 0 && line.tags.length > 0 ? [] : [{ ...line, tags }]
  })
}

function noneOrMany(index: Facts['index']): string {
  if (!index) return 'It has neither an index.json nor a manifest.json.'
  return index.entries.length === 0
    ? 'index.json names no image.'
    : `index.json names ${index.entries.length} images; of an OCI archive it takes one, and there is no manifest.json.`
}

function tagTrouble({ tags }: DockerLine): Finding | null {
  for (const tag of tags) {
    const says = badName(tag) ?? (hasTag(tag) ? null : 'does not contain a tag')
    if (says) return fails(says, `"${tag}" is no name with a tag.`, 'Change the name in Peel, and export.')
  }
  return null
}
