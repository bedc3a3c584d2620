/** The JSON documents of an image. Schemas are loose: fields that are not ours survive, since the raw bytes are what gets edited and written. */
import * as v from 'valibot'
import type { Bytes } from '../bytes/source'
import { decodeUtf8 } from '../bytes/text'
import { ImageError, type Place } from '../fault/fault'

const strings = v.nullish(v.array(v.string()))
const text = v.nullish(v.string())
const stringMap = v.nullish(v.record(v.string(), v.nullish(v.string())))

/** docker save's manifest.json: one line an image (moby daemon/internal/image/tarexport). */
export const DockerManifest = v.array(
  v.looseObject({
    Config: v.string(),
    RepoTags: strings,
    Layers: strings,
    Parent: text,
    LayerSources: v.nullish(v.unknown()),
  }),
)
export type DockerManifestLine = v.InferOutput<typeof DockerManifest>[number]

/** image-spec, descriptor.md */
export const Descriptor = v.looseObject({
  mediaType: text,
  digest: v.string(),
  size: v.nullish(v.number()),
  urls: strings,
  annotations: stringMap,
  artifactType: text,
  platform: v.nullish(v.looseObject({ os: text, architecture: text, variant: text, 'os.version': text })),
})
export type Descriptor = v.InferOutput<typeof Descriptor>

/** image-spec, image-index.md; docker's manifest list has the same shape. */
export const ImageIndex = v.looseObject({
  mediaType: text,
  manifests: v.nullish(v.array(Descriptor)),
  annotations: stringMap,
})
export type ImageIndex = v.InferOutput<typeof ImageIndex>

/** image-spec, manifest.md; docker schema 2 has the same shape. */
export const Manifest = v.looseObject({
  mediaType: text,
  config: Descriptor,
  layers: v.nullish(v.array(Descriptor)),
  annotations: stringMap,
  artifactType: text,
})
export type Manifest = v.InferOutput<typeof Manifest>

const HistoryLine = v.looseObject({
  created: text,
  created_by: text,
  comment: text,
  author: text,
  empty_layer: v.nullish(v.boolean()),
})
export type HistoryLine = v.InferOutput<typeof HistoryLine>

/** image-spec, config.md; docker adds fields of its own. */
export const ImageConfig = v.looseObject({
  os: text,
  architecture: text,
  variant: text,
  created: text,
  author: text,
  config: v.nullish(v.record(v.string(), v.unknown())),
  rootfs: v.nullish(v.looseObject({ type: text, diff_ids: strings })),
  history: v.nullish(v.array(HistoryLine)),
})
export type ImageConfig = v.InferOutput<typeof ImageConfig>

/** A config with the keys that it is read by in their own case, whatever case they are written in. */
export function withConfigKeys(value: unknown): unknown {
  const config = withKeysAs(value, Object.keys(ImageConfig.entries))
  if (typeof config !== 'object' || config === null || !('rootfs' in config)) return config
  const rootfs = withKeysAs(config.rootfs, ['type', 'diff_ids'])
  return rootfs === config.rootfs ? config : { ...config, rootfs }
}

/** Legacy v1: repositories, and one json a layer. */
export const Repositories = v.record(v.string(), v.record(v.string(), v.string()))
export const LegacyJson = v.looseObject({
  id: text,
  parent: text,
  created: text,
  author: text,
  os: text,
  architecture: text,
  comment: text,
  config: v.nullish(v.record(v.string(), v.unknown())),
  container_config: v.nullish(v.looseObject({ Cmd: strings })),
})
export type LegacyJson = v.InferOutput<typeof LegacyJson>

/** No document of an image is anywhere near this; engines stop between 4 and 20 MiB. */
export const MOST_JSON = 32 * 1024 * 1024

/** Go's decoder stops at 10,000, JavaScript's writer near 5,000; documents of images have about six. */
const MOST_DEPTH = 1000

/** Parses bytes as JSON. Throws `bad-json` with the engine's own words for where. */
export function parseJson(bytes: Bytes, where: Place): unknown {
  checkDepth(bytes, where)
  return parsed(textOf(bytes, where), where)
}

/**
 * The first JSON value, whatever follows it: so does Go's `json.Decoder`, with which docker reads manifest.json and
 * repositories. `onRest` is called where more than white space follows.
 */
export function parseFirstJson(bytes: Bytes, where: Place, onRest: () => void): unknown {
  const end = checkDepth(bytes, where)
  const source = textOf(bytes, where)
  if (end === bytes.length || source.slice(end).trim() === '') return parsed(source, where)
  // Offsets of bytes and of characters differ where the text is not ASCII.
  const value = parsed(textOf(bytes.subarray(0, end), where), where)
  onRest()
  return value
}

function textOf(bytes: Bytes, where: Place): string {
  const source = decodeUtf8(bytes)
  const name = where.member ?? 'A document'
  if (source === null) throw new ImageError('bad-json', `${name} is not UTF-8 text.`, where)
  if (source.startsWith('\ufeff'))
    throw new ImageError(
      'bad-json',
      `${name} starts with a byte order mark, which JSON does not allow: engines refuse it. Save it as UTF-8 without one.`,
      where,
    )
  return source
}

function parsed(source: string, where: Place): unknown {
  try {
    return JSON.parse(source)
  } catch (thrown) {
    throw new ImageError(
      'bad-json',
      `${where.member ?? 'A document'} is not JSON: ${(thrown as Error).message}`,
      where,
    )
  }
}

/** Where the first array or object ends, or the end of the bytes. Throws where brackets are nested beyond reason. */
function checkDepth(bytes: Bytes, where: Place): number {
  let depth = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === 0x22) {
      for (i++; i < bytes.length && bytes[i] !== 0x22; i++) if (bytes[i] === 0x5c) i++
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > MOST_DEPTH)
        throw new ImageError(
          'bad-json',
          `${where.member ?? 'A document'} is nested more than ${MOST_DEPTH} deep.`,
          where,
        )
    } else if ((byte === 0x5d || byte === 0x7d) && --depth === 0) return i + 1
  }
  return bytes.length
}

/** Checks a value against a schema. Throws `bad-json` that names the first field in the way. */
export function checked<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  where: Place,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  const issue = result.issues[0]
  const field = v.getDotPath(issue)
  throw new ImageError(
    'bad-json',
    `${where.member ?? 'A document'}${field ? `: the field ${field}` : ''} is not as expected: ${issue.message}.`,
    where,
  )
}

/** Go matches JSON keys whatever their case, and so does docker load; here the keys a schema names are put right at one level. */
export function withKeysAs(value: unknown, keys: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const proper = new Map(keys.map((key) => [key.toLowerCase(), key]))
  const entries = Object.entries(value)
  if (entries.every(([key]) => !proper.has(key.toLowerCase()) || proper.get(key.toLowerCase()) === key))
    return value
  return Object.fromEntries(entries.map(([key, inner]) => [proper.get(key.toLowerCase()) ?? key, inner]))
}
