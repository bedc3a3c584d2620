/** Edits on drawn images, for tests: lines of a recipe on a drawing, and the tree that comes out. */

import { parseNotation } from '../../testkit/notation'
import { buildLayer } from '../../testkit/archive'
import { Notices } from '../fault/notice'
import { MemorySource } from '../bytes/source'
import { nameText } from '../bytes/text'
import { scanLayer } from '../layer/scan'
import { xattrsIn } from '../layer/rows'
import type { EntryTable } from '../layer/table'
import { entryOf } from '../rootfs/entry'
import { inodeKey } from '../rootfs/sums'
import { ROOT } from '../rootfs/tree'
import { unite } from '../rootfs/union'
import { walkTree } from '../rootfs/walk'
import { SourceInput } from '../tar/input'
import { TYPE } from '../tar/entry'
import { applyOperation, editOn, type Edited } from './apply'
import type { Operation } from './operation'

/** The layers of a drawing, scanned. */
export async function tablesOf(drawing: string): Promise<EntryTable[]> {
  const [image] = parseNotation(drawing).images
  return Promise.all(
    image.layers.map((layer) =>
      scanLayer(new SourceInput(new MemorySource(buildLayer(layer))), new Notices()),
    ),
  )
}

/** A drawing with operations on it. */
export async function editedOf(drawing: string, operations: readonly Operation[]): Promise<Edited> {
  const tables = await tablesOf(drawing)
  const union = unite(tables)
  union.seal(tables) // As the union on screen.
  const edited = editOn(union, tables)
  for (const operation of operations) applyOperation(edited, operation)
  return edited
}

const LETTER = {
  [TYPE.file]: 'f',
  [TYPE.directory]: 'd',
  [TYPE.symlink]: 's',
  [TYPE.hardlink]: 'h',
  [TYPE.char]: 'c',
  [TYPE.block]: 'b',
  [TYPE.fifo]: 'p',
  [TYPE.other]: '?',
} as const

/** One line a path: type, mode, owner, path; "=> FIRST" for a further name of an inode, numbers of a device, xattrs. */
export function listed({ tree, sources }: Edited): string[] {
  const lines: string[] = []
  const first = new Map<number, string>()
  walkTree(tree, ROOT, (node) => {
    const { type, mode, uid, gid, link, major, minor, pax } = entryOf(tree, sources, node)
    const path = tree.path(node)
    const known = type === TYPE.directory ? undefined : first.get(inodeKey(tree, node))
    if (known === undefined) first.set(inodeKey(tree, node), path)
    const more = [
      ...(known === undefined ? [] : [`=> ${known}`]),
      ...(type === TYPE.symlink ? [`-> ${nameText(link)}`] : []),
      ...(type === TYPE.char || type === TYPE.block ? [`${major},${minor}`] : []),
      ...[...xattrsIn(pax)].map(([name, value]) => `${name}=${nameText(value)}`),
    ]
    lines.push([LETTER[type], mode.toString(8), `${uid}:${gid}`, path, ...more].join(' '))
  })
  return lines
}
