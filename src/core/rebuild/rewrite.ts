/**
 * A layer without some of its rows, as a table over the same plain tar: row numbers stay, rows that are gone have no
 * path (a row without one changes nothing in a union), and the few that must be written anew are known. So an inode is
 * the same in the old tree and in the new one, and untouched rows can be copied as the ranges they are.
 */
import { nameText } from '../bytes/text'
import { TableBuilder } from '../layer/builder'
import { linkBytesOf, pathBytesOf, scannedAt } from '../layer/rows'
import type { EntryTable } from '../layer/table'
import { namesIn } from '../rootfs/walk'
import { TYPE } from '../tar/entry'

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
  // Most layers have no hard link, and of half a million paths no list need be made.
  let touched: ReadonlySet<string> | null = null
  const isTouched = (path: Uint8Array): boolean => {
    touched ??= new Set([...gone, ...paths.keys()].map((row) => keyOf(pathBytesOf(table, row))))
    return touched.has(keyOf(path))
  }
  const pathOf = (row: number): Uint8Array => cleaned(paths.get(row) ?? pathBytesOf(table, row))
  for (let row = 0; row < table.length; row++) {
    if (table.type[row] !== TYPE.hardlink || gone.has(row)) continue
    const inode = inodeOf(row)
    if (inode === null) continue
    const holder = gone.has(inode) ? links.moved.get(inode) : inode
    if (holder === undefined) links.moved.set(inode, row)
    else if (holder !== inode || isTouched(linkBytesOf(table, row))) links.target.set(row, pathOf(holder))
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

/** Row by row: of a layer that is written anew, building its table again is the least. */
function tableWith(table: EntryTable, { gone, paths }: RowChanges, { moved, target }: Links): EntryTable {
  const from = new Map([...moved].map(([from, to]) => [to, from]))
  const builder = new TableBuilder()
  for (let row = 0; row < table.length; row++) {
    const listed = scannedAt(table, row)
    // A hard link to a symbolic link takes the link's own target with the data.
    const data = from.has(row) ? scannedAt(table, from.get(row)!) : listed
    const { headerAt } = listed
    const path = paths.get(row) ?? listed.path
    const link = target.get(row) ?? data.link
    builder.add(gone.has(row) ? { ...listed, path: EMPTY } : { ...data, headerAt, path, link })
  }
  const built = builder.finish(table.endsAt)
  // A file without a path is the one thing that a union passes over; what else it was, inodes of the edited tree still say.
  for (const row of gone) built.type[row] = TYPE.file
  return built
}

const EMPTY = new Uint8Array(0)
