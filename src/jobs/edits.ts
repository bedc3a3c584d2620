/** Edits of an image: from what the page asks for to operations, and from operations to the tree, config, names and annotations that they come to. */
import type { Edit, EditLine } from '../../workers/api'
import { BlobSource } from '../core/bytes/source'
import { utf8 } from '../core/bytes/text'
import { applyOperation, editOn, nodeAt, type Edited } from '../core/edit/apply'
import type { Ground } from '../core/edit/ground'
import { historyEdits, type ConfigEdit } from '../core/edit/config'
import { inForce, type Journal } from '../core/edit/journal'
import type { Operation } from '../core/edit/operation'
import { laid, stacked, UNTOUCHED, type Stack } from '../core/edit/stack'
import { ImageError } from '../core/fault/fault'
import type { Image } from '../core/image/image'
import { conflictFault, conflictsOf } from '../core/rebuild/conflicts'
import type { Annotations } from '../core/rebuild/document'
import { entryOf } from '../core/rootfs/entry'
import { lineWords } from './line-words'
import type { UpperFiles } from './ports'
import { ownBlob } from './segments'

export interface Replayed {
  readonly edited: Edited
  /** What the recipe does to whole layers. */
  readonly stack: Stack
  readonly lines: readonly EditLine[]
}

/**
 * All operations in force on a fresh copy of the union of the layers as they are to be laid. Throws the fault of the
 * first that does not fit, told by `named` which one that is; nothing else changes.
 */
export function replay(
  ground: Ground,
  journal: Journal,
  named: (index: number, fault: ImageError) => ImageError = (_, fault) => fault,
  /** Moves were looked at when they were made: on the same layers they change nothing again. */
  isOld = false,
): Replayed {
  const operations = inForce(journal)
  const each = <T>(job: (operation: Operation, index: number) => T): T[] =>
    operations.map((operation, index) => {
      try {
        return job(operation, index)
      } catch (thrown) {
        throw thrown instanceof ImageError ? named(index, thrown) : thrown
      }
    })
  let stack = UNTOUCHED
  each((operation) => {
    const next = stacked(stack, operation, ground.count)
    if (operation.op === 'move' && !isOld) mustBeHarmless(ground, operation.layer, stack, next)
    stack = next
  })
  const edited = editOn(ground.united(stack), ground.tablesOf(stack))
  const lines = each((operation, index): EditLine => {
    const before = sizeBefore(edited, operation)
    applyOperation(edited, operation)
    return { index, op: operation.op, words: lineWords(operation, before), path: pathOf(operation) }
  })
  return { edited, stack, lines }
}

/** A layer moves where nothing of the root filesystem changes, else not at all. */
function mustBeHarmless(ground: Ground, layer: number, from: Stack, to: Stack): void {
  const key = `${laid(from, ground.count).join()} ${laid(to, ground.count).join()}`
  if (ground.harmless.has(key)) return
  const conflicts = conflictsOf(ground.tablesOf(to), layer, from, to, ground.count)
  if (conflicts.length > 0) throw conflictFault(layer, conflicts)
  ground.harmless.add(key)
}

function pathOf(operation: Operation): string | null {
  if (operation.op === 'rename' || operation.op === 'copy') return operation.to
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

/** Config edits in force: of two for one field, the later. A field inside one that is set anew later is gone with it. */
export function configEdits(operations: readonly Operation[]): ConfigEdit[] {
  const edits = operations.flatMap((operation): ConfigEdit[] => {
    if (operation.op === 'config') return [{ key: operation.key, value: operation.value }]
    return operation.op === 'history' ? historyEdits(operation) : []
  })
  return edits.filter((edit, at) => !edits.slice(at + 1).some((later) => covers(later, edit)))
}

function covers(later: ConfigEdit, edit: ConfigEdit): boolean {
  return later.key.length <= edit.key.length && later.key.every((part, i) => part === edit.key[i])
}

export function tagsInForce(operations: readonly Operation[], tags: readonly string[]): readonly string[] {
  return operations.reduce((now, operation) => (operation.op === 'tags' ? operation.tags : now), tags)
}

/** Annotations of the manifest with the edits in them; the image's own object where nothing changes them. */
export function annotationsInForce(operations: readonly Operation[], { manifest }: Image): Annotations {
  const found = manifest?.json.annotations
  return operations.reduce<Annotations>((now, operation) => {
    if (operation.op !== 'annotation') return now
    const { [operation.key]: _, ...others } = now ?? {}
    return operation.value === undefined ? others : { ...now, [operation.key]: operation.value }
  }, found)
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
      const blob =
        typeof edit.content === 'string'
          ? new Blob([utf8(edit.content)])
          : await ownBlob(new BlobSource(edit.content))
      const content = newId()
      await contents.put(content, blob)
      operations.push({ op: 'write', path: edit.path, content, size: blob.size, mtime: now })
    } else if (edit.op === 'mkdir' || edit.op === 'symlink' || edit.op === 'device')
      operations.push({ ...edit, mtime: now })
    else operations.push(edit)
  }
  return operations
}
