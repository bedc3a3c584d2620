/**
 * A layer without some of its rows, as a table over the same plain tar: row numbers stay, rows that are gone have no
 * path (a row without one changes nothing in a union), and the few that must be written anew are known. So an inode is
 * the same in the old tree and in the new one, and untouched rows can be copied as the ranges they are.
 */
import { nameText } from '../bytes/text'
import { linkBytesOf, pathBytesOf } from '../layer/rows'
import type { EntryTable } from '../layer/table'
import { namesIn } from '../rootfs/walk'
import { TYPE, type PaxRecord, type SparseMap } from '../tar/entry'

export interface RewrittenLayer {
  /** Columns of gone rows still say what they were, but for path and type. */
  readonly table: EntryTable
  readonly gone: ReadonlySet<number>
  /** Rows whose header is written anew: data moved to them, another link target, another path. */
  readonly changed: ReadonlySet<number>
  /** Where the data of a gone row went: to the first name that remains. */
  readonly moved: ReadonlyMap<number, number>
}

export interface RowChanges {
  readonly gone: ReadonlySet<number>
  /** Rows under another path than they are listed under. */
  readonly paths: ReadonlyMap<number, Uint8Array>
  /** The row of the inode that a hard link of this layer means; null where it is in a lower layer, or nowhere. */
  readonly inodeOf: (row: number) => number | null
}

/** Null where nothing changes. */
export function rewrittenLayer(table: EntryTable, changes: RowChanges): RewrittenLayer | null {
  if (changes.gone.size === 0 && changes.paths.size === 0) return null
  const links = linksAnew(table, changes)
  return {
    table: tableWith(table, changes, links),
    gone: changes.gone,
    changed: new Set([...changes.paths.keys(), ...links.moved.values(), ...links.target.keys()]),
    moved: links.moved,
  }
}

interface Links {
  /** From a gone row to the link that takes its data. */
  readonly moved: Map<number, number>
  /** New targets of links that stay links. */
  readonly target: Map<number, Uint8Array>
}

function linksAnew(table: EntryTable, { gone, paths, inodeOf }: RowChanges): Links {
  const links: Links = { moved: new Map(), target: new Map() }
  const touched = new Set([...gone, ...paths.keys()].map((row) => keyOf(pathBytesOf(table, row))))
  const pathOf = (row: number): Uint8Array => cleaned(paths.get(row) ?? pathBytesOf(table, row))
  for (let row = 0; row < table.length; row++) {
    if (table.type[row] !== TYPE.hardlink || gone.has(row)) continue
    const inode = inodeOf(row)
    if (inode === null) continue
    const holder = gone.has(inode) ? links.moved.get(inode) : inode
    if (holder === undefined) links.moved.set(inode, row)
    else if (holder !== inode || touched.has(keyOf(linkBytesOf(table, row))))
      links.target.set(row, pathOf(holder))
  }
  return links
}

function keyOf(path: Uint8Array): string {
  return nameText(cleaned(path))
}

function cleaned(path: Uint8Array): Uint8Array {
  const names = namesIn(path)
  const parts: number[] = []
  for (let i = 0; i < names.length; i += 2) {
    if (i > 0) parts.push(0x2f)
    parts.push(...path.subarray(names[i], names[i + 1]))
  }
  return Uint8Array.from(parts)
}

function tableWith(table: EntryTable, { gone, paths }: RowChanges, { moved, target }: Links): EntryTable {
  const type = table.type.slice()
  const columns = {
    mode: table.mode.slice(),
    uid: table.uid.slice(),
    gid: table.gid.slice(),
    size: table.size.slice(),
    mtime: table.mtime.slice(),
    bodyAt: table.bodyAt.slice(),
    uname: table.uname.slice(),
    gname: table.gname.slice(),
  }
  const pax = new Map<number, readonly PaxRecord[]>(table.pax)
  const sparse = new Map<number, SparseMap>(table.sparse)
  const device = new Map(table.device)
  for (const [from, to] of moved) {
    for (const column of Object.values(columns)) column[to] = column[from]
    type[to] = table.type[from]
    copied(pax, from, to)
    copied(sparse, from, to)
    copied(device, from, to)
  }
  // A file without a path is the one thing that a union passes over.
  for (const row of gone) type[row] = TYPE.file
  const link = linksOf(table, target, moved)
  return { ...table, ...columns, type, pax, sparse, device, ...link, ...pathsOf(table, gone, paths) }
}

function copied<T>(map: Map<number, T>, from: number, to: number): void {
  const value = map.get(from)
  if (value === undefined) map.delete(to)
  else map.set(to, value)
}

/** A hard link to a symbolic link takes the link's own target with the data. */
function linksOf(
  table: EntryTable,
  target: ReadonlyMap<number, Uint8Array>,
  moved: ReadonlyMap<number, number>,
): Pick<EntryTable, 'link' | 'linkBytes' | 'linkEnd'> {
  const link = table.link.slice()
  for (const [from, to] of moved) link[to] = table.link[from]
  const ends = [...table.linkEnd]
  const parts: Uint8Array[] = [table.linkBytes]
  let end = table.linkBytes.length
  for (const [row, bytes] of target) {
    parts.push(bytes)
    link[row] = ends.push((end += bytes.length)) - 1
  }
  return { link, linkBytes: joined(parts, end), linkEnd: Uint32Array.from(ends) }
}

function pathsOf(
  table: EntryTable,
  gone: ReadonlySet<number>,
  paths: ReadonlyMap<number, Uint8Array>,
): Pick<EntryTable, 'pathBytes' | 'pathEnd'> {
  const pathEnd = new Uint32Array(table.length)
  const parts: Uint8Array[] = []
  let end = 0
  for (let row = 0; row < table.length; row++) {
    if (!gone.has(row)) {
      const path = paths.get(row) ?? pathBytesOf(table, row)
      parts.push(path)
      end += path.length
    }
    pathEnd[row] = end
  }
  return { pathBytes: joined(parts, end), pathEnd }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
