/** One row of a table, looked at. Hot loops walk the columns themselves. */
import type { ByteSource } from '../bytes/source'
import { JoinedSource, MemorySource, ZeroSource } from '../bytes/source'
import { fieldText, nameText } from '../bytes/text'
import { TYPE, type PaxRecord } from '../tar/entry'
import type { EntryTable } from './table'

export function pathBytesOf(table: EntryTable, row: number): Uint8Array {
  return table.pathBytes.subarray(row === 0 ? 0 : table.pathEnd[row - 1], table.pathEnd[row])
}

/** Target bytes of a link; empty where the row is none. */
export function linkBytesOf(table: EntryTable, row: number): Uint8Array {
  const index = table.link[row]
  if (index < 0) return new Uint8Array(0)
  return table.linkBytes.subarray(index === 0 ? 0 : table.linkEnd[index - 1], table.linkEnd[index])
}

export function linkTextOf(table: EntryTable, row: number): string {
  return table.link[row] < 0 ? '' : nameText(linkBytesOf(table, row))
}

export function unameOf(table: EntryTable, row: number): string {
  return table.uname[row] < 0 ? '' : table.names[table.uname[row]]
}

export function gnameOf(table: EntryTable, row: number): string {
  return table.gname[row] < 0 ? '' : table.names[table.gname[row]]
}

const SCHILY = 'SCHILY.xattr.'
const LIBARCHIVE = 'LIBARCHIVE.xattr.'

/** Extended attributes: SCHILY.xattr records (raw), or LIBARCHIVE.xattr ones (base64, names URL-encoded) where a name has no other. */
export function xattrsOf(table: EntryTable, row: number): ReadonlyMap<string, Uint8Array> {
  return xattrsIn(table.pax.get(row) ?? [])
}

export function xattrsIn(records: readonly PaxRecord[]): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  for (const { key, value } of records) {
    if (!key.startsWith(LIBARCHIVE)) continue
    const decoded = base64Bytes(fieldText(value))
    if (decoded) found.set(urlDecoded(key.slice(LIBARCHIVE.length)), decoded)
  }
  for (const { key, value } of records) if (key.startsWith(SCHILY)) found.set(key.slice(SCHILY.length), value)
  return found
}

function urlDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function base64Bytes(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  } catch {
    return null
  }
}

/** Contents of a regular file, sparse holes as zeros. `plain` is the layer's plain tar. */
export function contentOf(plain: ByteSource, table: EntryTable, row: number): ByteSource {
  if (table.type[row] !== TYPE.file && table.type[row] !== TYPE.other)
    return new MemorySource(new Uint8Array(0))
  const sparse = table.sparse.get(row)
  if (!sparse) return plain.slice(table.bodyAt[row], table.size[row])
  const parts: ByteSource[] = []
  let end = 0
  let stored = sparse.storedAt
  for (let i = 0; i < sparse.runs.length; i += 2) {
    const [at, length] = [sparse.runs[i], sparse.runs[i + 1]]
    if (at > end) parts.push(new ZeroSource(at - end))
    parts.push(plain.slice(stored, length))
    stored += length
    end = at + length
  }
  if (end < table.size[row]) parts.push(new ZeroSource(table.size[row] - end))
  return new JoinedSource(parts)
}
