/** Extended attributes of an entry, given and taken away: SCHILY.xattr records, raw (libarchive's own spelling goes with the name). */
import { utf8 } from '../bytes/text'
import { ImageError } from '../fault/fault'
import type { PaxRecord } from '../tar/entry'

const SCHILY = 'SCHILY.xattr.'
const LIBARCHIVE = 'LIBARCHIVE.xattr.'

/** Values in base64, null to take one away. Throws `bad-operation` for what no layer can carry. */
export type XattrEdits = { readonly [name: string]: string | null }

export function withXattrs(pax: readonly PaxRecord[], edits: XattrEdits | undefined): readonly PaxRecord[] {
  if (edits === undefined) return pax
  return Object.entries(edits).reduce(withXattr, pax)
}

function withXattr(pax: readonly PaxRecord[], [name, value]: [string, string | null]): readonly PaxRecord[] {
  const others = pax.filter(({ key }) => nameIn(key) !== name)
  return value === null
    ? others
    : [...others, { key: SCHILY + checkedName(name), value: decoded(name, value) }]
}

function nameIn(key: string): string | null {
  if (key.startsWith(SCHILY)) return key.slice(SCHILY.length)
  if (!key.startsWith(LIBARCHIVE)) return null
  try {
    return decodeURIComponent(key.slice(LIBARCHIVE.length))
  } catch {
    return key.slice(LIBARCHIVE.length)
  }
}

/** A record's key ends at its first "=", and the kernel takes 255 bytes with a namespace before a dot (xattr(7)). */
function checkedName(name: string): string {
  const fits = /^[^.=\0]+\.[^=\0]+$/.test(name) && utf8(name).length <= 255
  if (!fits)
    throw new ImageError(
      'bad-operation',
      `"${name}" is no name of an extended attribute: e.g. "user.comment", at most 255 bytes, without "=".`,
    )
  return name
}

function decoded(name: string, base64: string): Uint8Array {
  let value: Uint8Array
  try {
    value = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
  } catch {
    throw new ImageError('bad-operation', `The value of ${name} is not base64.`)
  }
  // An empty PAX value means "not set" (POSIX pax), so that no layer can carry one.
  if (value.length === 0)
    throw new ImageError('bad-operation', `${name} cannot be empty: a layer has no way to say so.`)
  return value
}
