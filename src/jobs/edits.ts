/** The user's edits on an open image: the journal in storage, the tree with the edits in it, and words for each line. */
import type { Edit, EditLine } from '../../workers/api'
import { sizeWords } from '../core/bytes/size'
import { utf8 } from '../core/bytes/text'
import { applyOperation, editOn, nodeAt, type Edited } from '../core/edit/apply'
import type { ConfigEdit } from '../core/edit/config'
import { inForce, type Journal } from '../core/edit/journal'
import type { Operation } from '../core/edit/operation'
import type { EntryTable } from '../core/layer/table'
import { entryOf } from '../core/rootfs/entry'
import type { Tree } from '../core/rootfs/tree'
import type { UpperFiles } from './ports'

export interface Replayed {
  readonly edited: Edited
  readonly lines: readonly EditLine[]
}

/** All operations in force on a fresh copy of the union. Throws the fault of the first that does not fit; nothing else changes. */
export function replay(union: Tree, tables: readonly EntryTable[], journal: Journal): Replayed {
  const edited = editOn(union, tables)
  const lines = inForce(journal).map((operation, index): EditLine => {
    const before = sizeBefore(edited, operation)
    applyOperation(edited, operation)
    return { index, op: lineOp(operation), words: words(operation, before), path: pathOf(operation) }
  })
  return { edited, lines }
}

function lineOp({ op }: Operation): EditLine['op'] {
  return op === 'hardlink' ? 'symlink' : op
}

function pathOf(operation: Operation): string | null {
  if (operation.op === 'rename') return operation.to
  return 'path' in operation ? operation.path : null
}

/** Size of the file that an operation is about to change; null where there is none. */
function sizeBefore(edited: Edited, operation: Operation): number | null {
  if (operation.op !== 'write' && operation.op !== 'remove') return null
  try {
    const node = nodeAt(edited, operation.path, operation.op === 'write')
    return entryOf(edited.tree, edited.sources, node).size
  } catch {
    return null
  }
}

function words(operation: Operation, before: number | null): string {
  switch (operation.op) {
    case 'write':
      return before === null
        ? `added ${operation.path} (${sizeWords(operation.size)})`
        : `changed ${operation.path} (${sizeWords(before)} → ${sizeWords(operation.size)})`
    case 'mkdir':
      return `made the directory ${operation.path}`
    case 'symlink':
      return `linked ${operation.path} → ${operation.target}`
    case 'hardlink':
      return `hard-linked ${operation.path} to ${operation.target}`
    case 'remove':
      return `removed ${operation.path}`
    case 'rename':
      return `moved ${operation.from} to ${operation.to}`
    case 'meta':
      return `set ${metaWords(operation)} of ${operation.path}`
    case 'config':
      return operation.value === undefined
        ? `took away ${operation.key.join('.')}`
        : `set ${operation.key.slice(operation.key[0] === 'config' ? 1 : 0).join('.')} to ${short(JSON.stringify(operation.value))}`
    case 'tags':
      return operation.tags.length > 0 ? `named it ${operation.tags.join(', ')}` : 'took its names away'
  }
}

function metaWords({
  mode,
  uid,
  gid,
  mtime,
}: {
  mode?: number
  uid?: number
  gid?: number
  mtime?: number
}): string {
  const parts: string[] = []
  if (mode !== undefined) parts.push(`mode ${mode.toString(8).padStart(4, '0')}`)
  if (uid !== undefined || gid !== undefined) parts.push(`owner ${uid ?? ''}:${gid ?? ''}`)
  if (mtime !== undefined) parts.push(`time ${new Date(mtime * 1000).toISOString()}`)
  return parts.join(', ')
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** Config edits in force: of two for one field, the later. A field inside one that is set anew later is gone with it. */
export function configEdits(operations: readonly Operation[]): ConfigEdit[] {
  const edits: ConfigEdit[] = []
  for (const operation of operations) {
    if (operation.op !== 'config') continue
    const { key, value } = operation
    const covered = edits.findIndex(
      (edit) => key.length <= edit.key.length && key.every((part, i) => part === edit.key[i]),
    )
    if (covered >= 0)
      for (let i = edits.length - 1; i >= covered; i--)
        if (key.length <= edits[i].key.length && key.every((part, j) => part === edits[i].key[j]))
          edits.splice(i, 1)
    edits.push({ key, value })
  }
  return edits
}

export function tagsInForce(operations: readonly Operation[], tags: readonly string[]): readonly string[] {
  return operations.reduce((now, operation) => (operation.op === 'tags' ? operation.tags : now), tags)
}

/**
 * What the page asks for, as operations; contents are in storage, durable, before this resolves.
 * `now` (seconds) dates what is written: programs compare times to notice a change (make, Python's .pyc), so a file
 * that was edited must not keep its old one.
 */
export async function operationsFor(
  edits: readonly Edit[],
  contents: UpperFiles,
  now: number,
  newId: () => string,
): Promise<Operation[]> {
  const operations: Operation[] = []
  for (const edit of edits) {
    if (edit.op === 'write') {
      const blob = typeof edit.content === 'string' ? new Blob([utf8(edit.content)]) : edit.content
      const content = newId()
      await contents.put(content, blob)
      operations.push({ op: 'write', path: edit.path, content, size: blob.size, mtime: now })
    } else if (edit.op === 'mkdir' || edit.op === 'symlink') operations.push({ ...edit, mtime: now })
    else operations.push(edit)
  }
  return operations
}
