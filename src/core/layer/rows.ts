/** One row of a table, looked at. How columns are packed is known here and in builder.ts, nowhere else. */
import type { ByteSource } from '../bytes/source'
import { JoinedSource, MemorySource, ZeroSource } from '../bytes/source'
import { bytesOfName, fieldText, nameText } from '../bytes/text'
import { BLOCK, TYPE, type PaxRecord, type ScannedEntry, type TypeCode } from '../tar/entry'
import { numberAt } from './numbers'
import type { Owner } from './owners'
import { startOf, stringAt } from './strings'
import type { EntryTable } from './table'

/** The path as found, in bytes of its own. */
export function pathBytesOf(table: EntryTable, row: number): Uint8Array {
  const { names, dirs } = table
  const dir = table.runDir[runOf(table, row)]
  const [dirFrom, dirTo] = [startOf(dirs, dir), dirs.end[dir]]
  const [from, to] = [startOf(names, row), names.end[row]]
  const path = new Uint8Array(dirTo - dirFrom + to - from)
  path.set(dirs.bytes.subarray(dirFrom, dirTo))
  path.set(names.bytes.subarray(from, to), dirTo - dirFrom)
  return path
}

/** The run that a row is in. */
export function runOf({ runFrom }: EntryTable, row: number): number {
  return lastUpTo(runFrom, row)
}

/** Index of the last of the ascending numbers that is not more than `value`; -1 for none. */
function lastUpTo(ascending: Uint32Array, value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle] <= value) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** The memory of the columns, each once: for a message that hands the table to another thread instead of copying it. */
export function buffersOf(table: EntryTable): ArrayBuffer[] {
  const { type, names, dirs, runFrom, runDir, size, mtime, header, body, owner, linkRow, links } = table
  const strings = [names, dirs, links].flatMap(({ bytes, end }) => [bytes, end])
  const numbers = [size, mtime, header, body].map(({ column }) => column)
  const columns = [type, runFrom, runDir, owner, linkRow, ...strings, ...numbers]
  return [...new Set(columns.map(({ buffer }) => buffer as ArrayBuffer))]
}

/** Rows that follow each other and have the same directory part, which is `dir` as found, with the slash at its end. */
export interface DirectoryRun {
  readonly dir: Uint8Array
  readonly from: number
  readonly to: number
}

export function* directoryRuns(table: EntryTable): Iterable<DirectoryRun> {
  const { runFrom, runDir, dirs, length } = table
  for (let run = 0; run < runFrom.length; run++)
    yield {
      dir: stringAt(dirs, runDir[run]),
      from: runFrom[run],
      to: run + 1 < runFrom.length ? runFrom[run + 1] : length,
    }
}

/** Bytes of the path behind its directory part. */
export function nameLengthOf({ names }: EntryTable, row: number): number {
  return names.end[row] - startOf(names, row)
}

export function sizeOf(table: EntryTable, row: number): number {
  const { column, beyond } = table.size
  return beyond.size === 0 ? column[row] : numberAt(table.size, row)
}

export function mtimeOf(table: EntryTable, row: number): number {
  return numberAt(table.mtime, row)
}

/** Where the entry starts in the plain tar, its extension headers included. */
export function headerAtOf(table: EntryTable, row: number): number {
  return numberAt(table.header, row) * BLOCK
}

/** Where its contents start; of a sparse file, what is stored of them. */
export function bodyAtOf(table: EntryTable, row: number): number {
  return (numberAt(table.header, row) + numberAt(table.body, row)) * BLOCK
}

export function ownerOf({ owner, owners }: EntryTable, row: number): Owner {
  return owners[owner[row]]
}

/** Target bytes of a link; empty where the row is none. */
export function linkBytesOf(table: EntryTable, row: number): Uint8Array {
  const index = lastUpTo(table.linkRow, row)
  return table.linkRow[index] === row ? stringAt(table.links, index) : EMPTY
}

export function linkTextOf(table: EntryTable, row: number): string {
  return nameText(linkBytesOf(table, row))
}

const EMPTY = new Uint8Array(0)

/** The row as the scanner found it, to be changed and built into another table. */
export function scannedAt(table: EntryTable, row: number): ScannedEntry {
  const { mode, uid, gid, uname, gname } = ownerOf(table, row)
  const device = table.device.get(row)
  return {
    headerAt: headerAtOf(table, row),
    bodyAt: bodyAtOf(table, row),
    size: sizeOf(table, row),
    stored: 0,
    type: table.type[row] as TypeCode,
    flag: 0,
    path: pathBytesOf(table, row),
    link: linkBytesOf(table, row),
    mode,
    uid,
    gid,
    mtime: mtimeOf(table, row),
    uname: bytesOfName(uname),
    gname: bytesOfName(gname),
    major: device?.major ?? 0,
    minor: device?.minor ?? 0,
    pax: table.pax.get(row) ?? null,
    sparse: table.sparse.get(row) ?? null,
  }
}

const SCHILY = 'SCHILY.xattr.'
const LIBARCHIVE = 'LIBARCHIVE.xattr.'

/** Extended attributes: SCHILY.xattr records (raw), or LIBARCHIVE.xattr ones (base64, names URL-encoded) where a name has no other. */

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
  if (!sparse) return plain.slice(bodyAtOf(table, row), sizeOf(table, row))
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
  const size = sizeOf(table, row)
  if (end < size) parts.push(new ZeroSource(size - end))
  return new JoinedSource(parts)
}
