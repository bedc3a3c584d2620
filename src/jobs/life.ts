/** Every layer that speaks of a path: who wrote it, who changed it, who took it away. */
import type { Details } from '../../workers/api'
import { nameText, sameBytes } from '../core/bytes/text'
import { linkBytesOf, linkTextOf, mtimeOf, ownerOf, pathBytesOf, sizeOf } from '../core/layer/rows'
import { markerOf } from '../core/layer/whiteout'
import type { EntryTable } from '../core/layer/table'
import { ENTRY_TYPES, TYPE } from '../core/tar/entry'
import type { Edited } from '../core/edit/apply'
import { entryOf } from '../core/rootfs/entry'
import { ROOT } from '../core/rootfs/tree'
import { namesIn } from '../core/rootfs/walk'

type Life = Details['life'][number]

/** A row of one of the layers. */
interface Listed {
  readonly layer: number
  readonly row: number
}

/** A hard link may name a hard link; a ring of them names nothing. */
const MOST_LINKS = 8

/** `path` is relative bytes without slashes at the ends. `stepOf` says which instruction made a layer. */
export function lifeOf(
  tables: readonly EntryTable[],
  path: Uint8Array,
  stepOf: (layer: number) => string,
): Life[] {
  const life: Life[] = []
  let before: Listed | null = null
  tables.forEach((table, layer) => {
    const { row, gone } = lookUp(table, path)
    if (gone && before) {
      life.push({ ...blank(layer, stepOf(layer)), what: gone })
      before = null
    }
    if (row < 0) return
    life.push({
      ...described(tables, { layer, row }),
      layer,
      step: stepOf(layer),
      what: before === null ? 'added' : seemsSame(tables, before, { layer, row }) ? 'metadata' : 'changed',
    })
    before = { layer, row }
  })
  return life
}

/** What the pending edits made of a path, as layer -1; nothing where they leave it alone. */
export function lifeInEdits({ tree, sources }: Edited, path: Uint8Array): Life[] {
  let node: number = ROOT
  for (let names = namesIn(path), i = 0; i < names.length && node >= 0; i += 2)
    node = tree.child(node, path, names[i], names[i + 1])
  if (node <= ROOT || !tree.isTouched(node)) return []
  const { nodes, wasAlive, wasInodeLayer, wasInodeRow } = tree.touched
  const i = nodes.indexOf(node)
  if (tree.alive[node] === 0) return wasAlive[i] ? [{ ...blank(-1, ''), what: 'removed' }] : []
  if (wasAlive[i] && wasInodeLayer[i] === tree.inodeLayer[node] && wasInodeRow[i] === tree.inodeRow[node])
    return []
  const { type, size, mode, uid, gid, mtime, link, content } = entryOf(tree, sources, node)
  const what = !wasAlive[i] ? 'added' : content?.from === 'stored' ? 'changed' : 'metadata'
  return [
    {
      layer: -1,
      step: '',
      what,
      type: ENTRY_TYPES[type],
      bytes: size,
      link: nameText(link),
      mode,
      uid,
      gid,
      mtime,
    },
  ]
}

function blank(layer: number, step: string): Omit<Life, 'what'> {
  return { layer, type: 'file', bytes: 0, link: '', mode: 0, uid: 0, gid: 0, mtime: 0, step }
}

function described(
  tables: readonly EntryTable[],
  { layer, row }: Listed,
): Omit<Life, 'what' | 'layer' | 'step'> {
  const table = tables[layer]
  const { mode, uid, gid } = ownerOf(table, row)
  const file = fileOf(tables, { layer, row })
  return {
    type: ENTRY_TYPES[table.type[row]],
    bytes: file && sizeOf(tables[file.layer], file.row),
    link: linkTextOf(table, row),
    mode,
    uid,
    gid,
    mtime: mtimeOf(table, row),
  }
}

/** The file whose other name a hard link is: as its own layer lists it, else the one below that lists it last. Anything else is itself. */
function fileOf(tables: readonly EntryTable[], from: Listed): Listed | null {
  let at: Listed | null = from
  for (let i = 0; at && i < MOST_LINKS; i++) {
    const { layer, row }: Listed = at
    if (tables[layer].type[row] !== TYPE.hardlink) return at
    at = lastListed(tables, layer, linkBytesOf(tables[layer], row))
  }
  return null
}

function lastListed(tables: readonly EntryTable[], top: number, path: Uint8Array): Listed | null {
  for (let layer = top; layer >= 0; layer--) {
    const { row, gone } = lookUp(tables[layer], path)
    if (row >= 0) return { layer, row }
    if (gone) return null
  }
  return null
}

/** Of files by size and time: what their headers tell. */
function seemsSame(tables: readonly EntryTable[], one: Listed, other: Listed): boolean {
  const [a, b] = [fileOf(tables, one), fileOf(tables, other)]
  if (!a || !b) return false
  const [before, now] = [tables[a.layer], tables[b.layer]]
  const type = now.type[b.row]
  if (before.type[a.row] !== type) return false
  if (type === TYPE.symlink) return sameBytes(linkBytesOf(before, a.row), linkBytesOf(now, b.row))
  return (
    sizeOf(before, a.row) === sizeOf(now, b.row) &&
    (mtimeOf(before, a.row) === mtimeOf(now, b.row) || type !== TYPE.file)
  )
}

/** The last row for the path, and whether a marker (or a parent that is no directory any more) takes the lower one away. */
function lookUp(table: EntryTable, path: Uint8Array): { row: number; gone: 'removed' | 'opaque' | null } {
  const names = namesIn(path)
  let row = -1
  let gone: 'removed' | 'opaque' | null = null
  for (let i = 0; i < table.length; i++) {
    const listed = pathBytesOf(table, i)
    const theirs = namesIn(listed)
    if (theirs.length === 0 || theirs.length > names.length + 2) continue
    const [from, to] = [theirs[theirs.length - 2], theirs[theirs.length - 1]]
    const marker = markerOf(listed, from, to)
    if (marker === 'opaque') {
      if (theirs.length - 2 < names.length && sameNames(listed, theirs, path, names, theirs.length - 2))
        gone ??= 'opaque'
    } else if (marker === 'whiteout') {
      if (
        theirs.length <= names.length &&
        sameNames(listed, theirs, path, names, theirs.length - 2) &&
        sameName(listed, from + 4, to, path, names, theirs.length - 2)
      )
        gone = 'removed'
    } else if (theirs.length <= names.length && sameNames(listed, theirs, path, names, theirs.length)) {
      if (theirs.length === names.length) row = i
      else if (table.type[i] !== TYPE.directory && table.type[i] !== TYPE.symlink) gone = 'removed'
    }
  }
  return { row, gone }
}

/** Whether the first `count / 2` names are the same. */
function sameNames(
  a: Uint8Array,
  namesA: readonly number[],
  b: Uint8Array,
  namesB: readonly number[],
  count: number,
): boolean {
  for (let i = 0; i < count; i += 2) if (!sameName(a, namesA[i], namesA[i + 1], b, namesB, i)) return false
  return true
}

function sameName(
  a: Uint8Array,
  from: number,
  to: number,
  b: Uint8Array,
  namesB: readonly number[],
  at: number,
): boolean {
  if (at >= namesB.length || to - from !== namesB[at + 1] - namesB[at]) return false
  for (let i = 0; i < to - from; i++) if (a[from + i] !== b[namesB[at] + i]) return false
  return true
}
