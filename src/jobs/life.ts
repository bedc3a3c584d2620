/** Every layer that speaks of a path: who wrote it, who changed it, who took it away. */
import type { Details } from '../../workers/api'
import { sameBytes } from '../core/bytes/text'
import { linkBytesOf, mtimeOf, ownerOf, pathBytesOf, sizeOf } from '../core/layer/rows'
import { markerOf } from '../core/layer/whiteout'
import type { EntryTable } from '../core/layer/table'
import { ENTRY_TYPES, TYPE } from '../core/tar/entry'
import type { Edited } from '../core/edit/apply'
import { entryOf } from '../core/rootfs/entry'
import { ROOT } from '../core/rootfs/tree'
import { namesIn } from '../core/rootfs/walk'

type Life = Details['life'][number]

/** `path` is relative bytes without slashes at the ends. `stepOf` says which instruction made a layer. */
export function lifeOf(
  tables: readonly EntryTable[],
  path: Uint8Array,
  stepOf: (layer: number) => string,
): Life[] {
  const life: Life[] = []
  let before: { table: EntryTable; row: number } | null = null
  tables.forEach((table, layer) => {
    const { row, gone } = lookUp(table, path)
    if (gone && before) {
      life.push({ ...blank(layer, stepOf(layer)), what: gone })
      before = null
    }
    if (row < 0) return
    life.push({
      ...described(table, row),
      layer,
      step: stepOf(layer),
      what: before === null ? 'added' : seemsSame(before, { table, row }) ? 'metadata' : 'changed',
    })
    before = { table, row }
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
  const { type, size, mode, uid, gid, mtime, content } = entryOf(tree, sources, node)
  const what = !wasAlive[i] ? 'added' : content?.from === 'stored' ? 'changed' : 'metadata'
  return [{ layer: -1, step: '', what, type: ENTRY_TYPES[type], bytes: size, mode, uid, gid, mtime }]
}

function blank(layer: number, step: string): Omit<Life, 'what'> {
  return { layer, type: 'file', bytes: 0, mode: 0, uid: 0, gid: 0, mtime: 0, step }
}

function described(table: EntryTable, row: number): Omit<Life, 'what' | 'layer' | 'step'> {
  const { mode, uid, gid } = ownerOf(table, row)
  return {
    type: ENTRY_TYPES[table.type[row]],
    bytes: sizeOf(table, row),
    mode,
    uid,
    gid,
    mtime: mtimeOf(table, row),
  }
}

function seemsSame(a: { table: EntryTable; row: number }, b: { table: EntryTable; row: number }): boolean {
  const type = b.table.type[b.row]
  if (a.table.type[a.row] !== type) return false
  if (type === TYPE.symlink || type === TYPE.hardlink)
    return sameBytes(linkBytesOf(a.table, a.row), linkBytesOf(b.table, b.row))
  return (
    sizeOf(a.table, a.row) === sizeOf(b.table, b.row) &&
    (mtimeOf(a.table, a.row) === mtimeOf(b.table, b.row) || type !== TYPE.file)
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
