/** docker load with the classic store (moby daemon/internal/image/tarexport/load.go): manifest.json, and the v1 form before 29. */
import type { Engine, Answer } from './engine'
import { ofContents, ofDamage } from './contents'
import type { DockerLine, Facts, IndexEntry } from './facts'
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
import { badName, beforeDigest, familiar, hasTag } from './names'

/** moby layer/layer_store.go, maxLayerDepth */
const MOST_LAYERS = 125

export function classic(facts: Facts, engine: Engine): Answer {
  const around = wrapped(facts.wrapping, engine.unwraps)
  if (around) return answered([], [around])
  // Newer versions stop reading where the tar ends.
  if (facts.padded && engine.id === 'docker-20') return answered([], [zerosBehind()])
  const odd = notUnpacked(facts)
  if (odd) return answered([], [odd])
  const { docker } = facts
  if (!docker) return engine.id === 'docker-29' ? answered([], [noManifest(facts)]) : legacy(facts, engine)
  const images = docker.lines.map(({ tags, image }) => ({
    names: tags.map(familiar),
    id: image?.digest ?? null,
  }))
  return answered(images, [
    ofDocument(facts, engine),
    ...docker.lines.map((line) => ofLine(line, facts, engine)),
    docker.lines.length === 0
      ? differs('manifest.json lists no image: it says nothing and loads nothing.', EXPORT, [])
      : null,
    otherDescription(facts),
  ])
}

function noManifest({ index, legacy }: Facts): Finding {
  const what = index
    ? 'The archive has an OCI layout only'
    : legacy
      ? 'The archive has the old v1 form only, which docker 29 no longer reads'
      : 'The archive describes no image: it is a root filesystem'
  const repair =
    index || legacy
      ? EXPORT
      : 'docker import ARCHIVE NAME makes an image of it; exporting from Peel does so with a config.'
  return fails('does not contain a manifest.json', `${what}; this engine goes by manifest.json.`, repair)
}

/** Without a manifest.json each folder at the top is taken for an image of the v1 form. */
function legacy(facts: Facts, engine: Engine): Answer {
  const { legacy: old, topFolders } = facts
  if (old?.hasRepositories && topFolders.length === 0)
    return answered(
      old.images.map(({ names, id }) => ({ names: names.map(familiar), id })),
      old.images.map((image) => ofContents(image, 'moby', engine)),
    )
  const words =
    topFolders.length > 0
      ? `${topFolders[0]}/json: no such file or directory`
      : 'repositories: no such file or directory'
  return answered([], [{ ...noManifest(facts), says: words }])
}

function ofDocument({ docker }: Facts, { id }: Engine): Finding | null {
  if (docker?.undecodable)
    return fails(
      docker.undecodable.truncated ? 'unexpected EOF' : '',
      'manifest.json is not what its JSON should be.',
      RESAVE,
    )
  if (docker?.isNull && id !== 'docker-20')
    return fails('manifest cannot be null', 'manifest.json holds null.', RESAVE)
  return null
}

/** In the order in which the loader looks. */
function ofLine(
  { config, image, layers, tags }: DockerLine,
  { host }: Facts,
  engine: Engine,
): Finding | null {
  if (config.as === null || !image)
    return fails(
      `${config.name}: no such file or directory`,
      `The config ${config.name} is named and not there.`,
      RESAVE,
    )
  if (image.undecodable) return fails('', 'The config is not JSON.', RESAVE)
  if (image.diffIds === null)
    return fails('invalid image JSON, no RootFS key', 'The config has no rootfs.', RESAVE)
  if (image.os !== '' && image.os.toLowerCase() !== host.os)
    return fails(
      `cannot load ${image.os} image on ${host.os}`,
      `The image is for ${image.os}.`,
      `Load it on a ${image.os} host.`,
    )
  const { diffIds } = image
  if (layers.length !== diffIds.length)
    return fails(
      `invalid manifest, layers length mismatch: expected ${layers.length}, got ${diffIds.length}`,
      `manifest.json names ${layers.length} layers, the config ${diffIds.length}.`,
      RESAVE,
    )
  const first = new Map<string, string>()
  for (const [i, layer] of layers.entries()) {
    // A layer whose chain is in the store is not looked for.
    if (layer.as === null && i < (host.baseLayers ?? 0)) continue
    if (layer.as === null)
      return fails(`${layer.name}: no such file or directory`, `Layer ${i} is not in the archive.`, RESAVE)
    if (!engine.layers.includes(layer.compression))
      return fails('', `Layer ${i} is compressed with ${layer.compression}, which it does not read.`, EXPORT)
    const damage = layer.intact === false ? null : ofDamage(image, i, 'moby', engine)
    if (damage !== null && damage !== 'unnoticed') return damage
    const other = first.get(layer.name)
    if ((layer.right === false && damage === null) || (other !== undefined && other !== diffIds[i]))
      return fails(`invalid diffID for layer ${i}`, `Layer ${i} is not what its diff_id says.`, RESAVE)
    first.set(layer.name, diffIds[i])
    if (i >= MOST_LAYERS)
      return fails(
        'max depth exceeded',
        `The image has ${layers.length} layers; at most ${MOST_LAYERS} are taken.`,
        'Export it from Peel with the build squash or flatten.',
      )
  }
  if (image.historyLayers > diffIds.length)
    return fails(
      'too many non-empty layers in History section',
      'The history speaks of more layers than there are.',
      'Export it from Peel: it drops the lines too many.',
    )
  const contents = ofContents(image, 'moby', engine)
  const named = contents?.verdict === 'fails' ? contents : ofTags(tags)
  return named ?? ofDelta(host) ?? contents
}

function ofDelta({ baseLayers = 0 }: Facts['host']): Finding | null {
  const layers = baseLayers === 1 ? 'the layer' : `the ${baseLayers} layers`
  return baseLayers === 0 ? null : differs(`It loads where ${layers} of the base are loaded already.`, '')
}

function ofTags(tags: readonly string[]): Finding | null {
  for (const tag of tags) {
    const name = beforeDigest(tag)
    if (name !== null && hasTag(name)) return withDigest(tag)
    if (name !== null)
      return fails(
        `invalid tag "${tag}"`,
        `The name ${tag} has no tag.`,
        'Give it a tag in Peel, and export.',
      )
    const bad = badName(tag)
    if (bad) return fails(bad, `"${tag}" is no name of an image.`, 'Change the name in Peel, and export.')
    if (!hasTag(tag))
      return fails(
        `invalid tag "${tag}"`,
        `The name ${tag} has no tag.`,
        'Give it a tag in Peel, and export.',
      )
  }
  return null
}

/** The trap of a tool that edited one description: this engine believes manifest.json. */
function otherDescription({ docker, index }: Facts): Finding | null {
  if (!docker || !index || index.undecodable) return null
  const configs = new Set<string | undefined>(docker.lines.map(({ image }) => image?.digest))
  const inIndex = configsOf(index.entries)
  if (inIndex.length === 0 || inIndex.some((digest) => configs.has(digest))) return null
  return differs(
    'manifest.json and index.json describe different images; this engine loads the one of manifest.json.',
    EXPORT,
  )
}

function configsOf(entries: readonly IndexEntry[]): string[] {
  return entries.flatMap(({ children, manifest }) => [
    ...(manifest?.image ? [manifest.image.digest as string] : []),
    ...configsOf(children),
  ])
}
