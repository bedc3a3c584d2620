/**
 * A recipe as a file: {"peel": "recipe/1", "operations": [{"op": "write", "path": "/etc/os-release", "content":
 * {"text": "…"}}, {"op": "remove", "path": "/sbin/apk"}, {"op": "config", "key": ["config", "Cmd"], "value": […]}]}.
 */
import type { Bytes } from '../bytes/source'
import { utf8 } from '../bytes/text'
import { ImageError } from '../fault/fault'
import { isDigestText } from '../digest/digest'
import type { DeviceKind, Json, Meta, NewBase, Operation } from './operation'
import { withXattrs, type XattrEdits } from './xattr'

export interface Recipe {
  readonly operations: readonly Operation[]
  /** Contents by the id that `write` operations name. */
  readonly contents: ReadonlyMap<string, Bytes>
}

/** Reads a file that lies beside the recipe. */
export type ReadBeside = (file: string) => Promise<Bytes>

/** Throws `bad-operation` that names the line, counted from 1; nothing of a recipe with a bad line is used. */
export async function readRecipe(json: unknown, readBeside: ReadBeside): Promise<Recipe> {
  const recipe = object(json, 'The recipe')
  if (recipe.peel !== 'recipe/1')
    throw bad(
      `This is not a recipe of a form that Peel knows: "peel" is ${JSON.stringify(recipe.peel)}, "recipe/1" was expected.`,
    )
  if (!Array.isArray(recipe.operations)) throw bad('The recipe has no list of "operations".')
  const contents = new Map<string, Bytes>()
  const operations: Operation[] = []
  for (const [index, line] of recipe.operations.entries())
    operations.push(await readLine(line, `Line ${index + 1} of the recipe`, contents, readBeside))
  return { operations, contents }
}

async function readLine(
  json: unknown,
  name: string,
  contents: Map<string, Bytes>,
  readBeside: ReadBeside,
): Promise<Operation> {
  const line = object(json, name)
  switch (line.op) {
    case 'write': {
      const bytes = await contentOf(object(line.content, `${name}: "content"`), name, readBeside)
      const content = `r${contents.size}`
      contents.set(content, bytes)
      return { op: 'write', path: path(line.path, name), content, size: bytes.length, ...meta(line, name) }
    }
    case 'mkdir':
      return { op: 'mkdir', path: path(line.path, name), ...meta(line, name) }
    case 'symlink':
      return {
        op: 'symlink',
        path: path(line.path, name),
        target: text(line.target, `${name}: "target"`),
        ...meta(line, name),
      }
    case 'device':
      return { op: 'device', path: path(line.path, name), ...device(line, name), ...meta(line, name) }
    case 'copy':
      return { op: 'copy', from: path(line.from, name), to: path(line.to, name) }
    case 'recover':
      return { op: 'recover', path: path(line.path, name), layer: count(line.layer, `${name}: "layer"`) }
    case 'drop':
      return { op: 'drop', layer: count(line.layer, `${name}: "layer"`) }
    case 'squash':
      return {
        op: 'squash',
        from: count(line.from, `${name}: "from"`),
        to: count(line.to, `${name}: "to"`),
      }
    case 'move':
      return { op: 'move', layer: count(line.layer, `${name}: "layer"`), to: count(line.to, `${name}: "to"`) }
    case 'rebase':
      return {
        op: 'rebase',
        ...(line.replace === undefined ? {} : { replace: count(line.replace, `${name}: "replace"`) }),
        onto: newBase(object(line.onto, `${name}: "onto"`), name),
      }
    case 'scrub':
      if (!Array.isArray(line.paths) || line.paths.length === 0)
        throw bad(`${name}: "paths" must be a list of paths.`)
      return { op: 'scrub', paths: line.paths.map((one) => path(one, name)) }
    case 'reclaim':
      return { op: 'reclaim' }
    case 'history': {
      const index = count(line.index, `${name}: "index"`)
      return line.value === undefined
        ? { op: 'history', index }
        : { op: 'history', index, value: object(line.value, `${name}: "value"`) as { [key: string]: Json } }
    }
    case 'hardlink':
      return { op: 'hardlink', path: path(line.path, name), target: path(line.target, name) }
    case 'remove':
      return { op: 'remove', path: path(line.path, name) }
    case 'rename':
      return { op: 'rename', from: path(line.from, name), to: path(line.to, name) }
    case 'meta':
      return { op: 'meta', path: path(line.path, name), ...meta(line, name) }
    case 'config': {
      if (
        !Array.isArray(line.key) ||
        line.key.length === 0 ||
        !line.key.every((part) => typeof part === 'string')
      )
        throw bad(`${name}: "key" must be a list of names, e.g. ["config", "Cmd"].`)
      return 'value' in line
        ? { op: 'config', key: line.key as string[], value: line.value as Json }
        : { op: 'config', key: line.key as string[] }
    }
    case 'annotation': {
      const key = text(line.key, `${name}: "key"`)
      if (line.value === undefined) return { op: 'annotation', key }
      if (typeof line.value !== 'string') throw bad(`${name}: "value" must be text.`)
      return { op: 'annotation', key, value: line.value }
    }
    case 'tags':
      if (!Array.isArray(line.tags) || !line.tags.every((tag) => typeof tag === 'string'))
        throw bad(`${name}: "tags" must be a list of names.`)
      return { op: 'tags', tags: line.tags as string[] }
    default:
      throw bad(`${name}: the operation ${JSON.stringify(line.op)} is not known.`)
  }
}

/** `diff_ids` are what the layers of the base must be; without them, whatever is found is taken. */
function newBase({ file, diff_ids: diffIds = [] }: Record<string, unknown>, name: string): NewBase {
  if (file !== undefined && typeof file !== 'string') throw bad(`${name}: "file" must be a name.`)
  if (!Array.isArray(diffIds) || !diffIds.every(isDigestText))
    throw bad(`${name}: "diff_ids" must be a list of digests.`)
  return { file: file ?? '', diffIds }
}

async function contentOf(
  content: Record<string, unknown>,
  name: string,
  readBeside: ReadBeside,
): Promise<Bytes> {
  if (typeof content.text === 'string') return utf8(content.text)
  if (typeof content.base64 === 'string') {
    try {
      return Uint8Array.from(atob(content.base64), (char) => char.charCodeAt(0))
    } catch {
      throw bad(`${name}: the content is not base64.`)
    }
  }
  if (typeof content.file === 'string') return readBeside(content.file)
  throw bad(`${name}: "content" needs "text", "base64" or "file".`)
}

function meta(line: Record<string, unknown>, name: string): Meta {
  const fields: Writable<Meta> = {}
  if (line.mode !== undefined) fields.mode = modeOf(line.mode, name)
  for (const key of ['uid', 'gid', 'mtime'] as const) {
    const value = line[key]
    if (value === undefined) continue
    if (
      typeof value !== 'number' ||
      !Number.isFinite(value) ||
      (key !== 'mtime' && (value < 0 || !Number.isInteger(value)))
    )
      throw bad(`${name}: "${key}" is not a number that fits.`)
    fields[key] = value
  }
  if (line.xattrs !== undefined) fields.xattrs = xattrs(line.xattrs, name)
  return fields
}

type Writable<T> = { -readonly [key in keyof T]: T[key] }

function xattrs(value: unknown, name: string): XattrEdits {
  const edits = object(value, `${name}: "xattrs"`)
  for (const [key, given] of Object.entries(edits))
    if (given !== null && typeof given !== 'string')
      throw bad(`${name}: the extended attribute ${key} must be base64 text, or null to take it away.`)
  try {
    withXattrs([], edits as XattrEdits)
  } catch (thrown) {
    throw bad(`${name}: ${(thrown as ImageError).message}`)
  }
  return edits as XattrEdits
}

function device(
  line: Record<string, unknown>,
  name: string,
): { kind: DeviceKind; major?: number; minor?: number } {
  const { kind, major, minor } = line
  if (kind === 'fifo') return { kind }
  if (kind !== 'char' && kind !== 'block') throw bad(`${name}: "kind" must be "char", "block" or "fifo".`)
  return { kind, major: count(major, `${name}: "major"`), minor: count(minor, `${name}: "minor"`) }
}

function count(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  throw bad(`${name} must be a whole number from 0.`)
}

/** A number as JSON has it is decimal and would be misread as octal: modes are written "0755". */
function modeOf(value: unknown, name: string): number {
  if (typeof value === 'string' && /^0?[0-7]{1,4}$/.test(value)) return parseInt(value, 8)
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0o7777) return value
  throw bad(`${name}: "mode" must be octal digits in quotes, e.g. "0755".`)
}

function path(value: unknown, name: string): string {
  const found = text(value, `${name}: the path`)
  if (!found.startsWith('/')) throw bad(`${name}: the path "${found}" must start with "/".`)
  return found
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw bad(`${name} is missing or not text.`)
}

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw bad(`${name} is not an object.`)
}

function bad(message: string): ImageError {
  return new ImageError('bad-operation', message)
}
