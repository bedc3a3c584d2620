/** A config that was edited as text, as operations on its fields: only what differs is an edit, and can be taken back alone. */
import type { Bytes } from '../core/bytes/source'
import { checkedText } from '../core/edit/config-text'
import type { Json, Operation } from '../core/edit/operation'
import { ImageError } from '../core/fault/fault'
import { checked, ImageConfig, parseJson } from '../core/image/documents'

type Fields = { readonly [key: string]: Json }

/** Fields that say what the layers are. An export writes them to fit what it builds. */
const OF_THE_LAYERS = ['rootfs', 'history']

/** Throws `bad-json` that says where: for text that is not JSON, no object, or none that an engine takes as a config. */
export function configOperations(now: Bytes, text: string): Operation[] {
  const wanted = checkedText(text) as Fields
  checked(ImageConfig, wanted, { member: 'The config' })
  const before = parseJson(now, { member: 'The config' }) as Fields
  const operations: Operation[] = []
  for (const [key, value, was] of differences(before, wanted)) {
    if (OF_THE_LAYERS.includes(key))
      throw new ImageError(
        'bad-operation',
        `"${key}" follows from the layers, and is written anew when the image is exported: it cannot be edited here.`,
      )
    if (key === 'config' && isObject(was) && isObject(value))
      for (const [inner, to] of differences(was, value)) operations.push(operation(['config', inner], to))
    else operations.push(operation([key], value))
  }
  return operations
}

function operation(key: string[], value: Json | undefined): Operation {
  return value === undefined ? { op: 'config', key } : { op: 'config', key, value }
}

/** Fields that differ: what they are to be (undefined: gone), and what they were. */
function differences(
  before: Fields,
  after: Fields,
): [key: string, after: Json | undefined, before: Json | undefined][] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return keys
    .filter((key) => canonical(before[key]) !== canonical(after[key]))
    .map((key) => [key, after[key], before[key]])
}

/** The order of fields means nothing, in JSON and to engines. */
function canonical(value: Json | undefined): string | undefined {
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  )
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
