/** What an inode is, wherever it comes from: a row of a layer, or a pending edit. */
import { linkBytesOf, mtimeOf, ownerOf, sizeOf } from '../layer/rows'
import type { EntryTable } from '../layer/table'
import { TYPE, type PaxRecord, type TypeCode } from '../tar/entry'
import type { Tree } from './tree'

/** Where the bytes of a file are. */
export type Content =
  | { readonly from: 'layer'; readonly layer: number; readonly row: number }
  | { readonly from: 'stored'; readonly id: string }

export interface Entry {
  readonly type: TypeCode
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtime: number
  readonly link: Uint8Array
  readonly uname: string
  readonly gname: string
  readonly major: number
  readonly minor: number
  /** Records beyond the fields: xattrs, exact times. */
  readonly pax: readonly PaxRecord[]
  readonly content: Content | null
}

/** Everything a tree's nodes refer to: the layers' tables, and the edits' entries under the number behind the last layer. */
export interface Sources {
  readonly tables: readonly EntryTable[]
  readonly upper: readonly Entry[]
}

const EMPTY = new Uint8Array(0)

/** A directory that no layer lists: engines make it root's, 0755. */
const UNLISTED: Entry = {
  type: TYPE.directory,
  mode: 0o755,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  link: EMPTY,
  uname: '',
  gname: '',
  major: 0,
  minor: 0,
  pax: [],
  content: null,
}

/** The inode behind a node. */
export function entryOf(tree: Tree, { tables, upper }: Sources, node: number): Entry {
  const layer = tree.inodeLayer[node]
  const row = tree.inodeRow[node]
  if (row < 0) return UNLISTED
  return layer === tables.length ? upper[row] : entryAt(tables, layer, row, tree.type[node] as TypeCode)
}

/** A row of a table as an entry. `type` where the row is a hard link whose inode was never found. */
export function entryAt(
  tables: readonly EntryTable[],
  layer: number,
  row: number,
  type = tables[layer].type[row] as TypeCode,
): Entry {
  const table = tables[layer]
  const device = table.device.get(row)
  const { mode, uid, gid, uname, gname } = ownerOf(table, row)
  return {
    type,
    mode,
    uid,
    gid,
    size: sizeOf(table, row),
    mtime: mtimeOf(table, row),
    link: linkBytesOf(table, row),
    uname,
    gname,
    major: device?.major ?? 0,
    minor: device?.minor ?? 0,
    pax: table.pax.get(row) ?? [],
    content: type === TYPE.file ? { from: 'layer', layer, row } : null,
  }
}

/** Size of a regular file's inode, without making an object of it. */
export function sizeIn({ tables, upper }: Sources): (tree: Tree, node: number) => number {
  return (tree, node) => {
    const row = tree.inodeRow[node]
    if (row < 0) return 0
    const layer = tree.inodeLayer[node]
    return layer === tables.length ? upper[row].size : sizeOf(tables[layer], row)
  }
}

/** Target of a symlink node. */
export function linkTargetIn({ tables, upper }: Sources): (node: number, tree: Tree) => Uint8Array {
  return (node, tree) => {
    const row = tree.inodeRow[node]
    const layer = tree.inodeLayer[node]
    return layer === tables.length ? upper[row].link : linkBytesOf(tables[layer], row)
  }
}
