/** One line of the recipe, seen before and after: the file that it is about, or the config, or the names. */
import type { ChangeView, Version } from '../../workers/api'
import type { ByteSource } from '../core/bytes/source'
import { nameText } from '../core/bytes/text'
import { nodeAt, type Edited } from '../core/edit/apply'
import { editedConfig } from '../core/edit/config'
import type { Ground } from '../core/edit/ground'
import { EMPTY_JOURNAL, added } from '../core/edit/journal'
import type { Operation } from '../core/edit/operation'
import { ImageError } from '../core/fault/fault'
import { namesOf, type Image } from '../core/image/image'
import { entryOf, type Content } from '../core/rootfs/entry'
import { ENTRY_TYPES, TYPE } from '../core/tar/entry'
import { annotationsInForce, configEdits, replay, tagsInForce } from './edits'
import { formattedConfig } from './image-view'
import { previewOf, xattrFields } from './read'
import { stackText } from './stack-text'

/** Beyond this nobody compares by eye. */
const MOST = 256 * 1024

export interface ChangeInput {
  readonly image: Image
  /** What a rebase puts the image onto. */
  readonly onto: Image | null
  readonly ground: Ground
  readonly operations: readonly Operation[]
  readonly open: (content: Content) => Promise<ByteSource>
}

/** Throws `bad-operation` where there is no such line. */
export async function changeView(input: ChangeInput, index: number): Promise<ChangeView> {
  const { operations, ground } = input
  const operation = operations[index]
  if (!operation) throw new ImageError('bad-operation', `There is no change number ${index + 1}.`)
  const [earlier, later] = [operations.slice(0, index), operations.slice(0, index + 1)]
  const texts = textsOf(operation, input, earlier, later)
  if (texts) return { index, kind: 'text', before: null, after: null, texts }
  const paths = pathsOf(operation)
  const tree = (some: readonly Operation[]): Edited => replay(ground, added(EMPTY_JOURNAL, some)).edited
  const [was, now] = [tree(earlier), tree(later)]
  return {
    index,
    kind: 'file',
    before: paths.before === null ? null : await versionAt(was, paths.before, input),
    after: paths.after === null ? null : await versionAt(now, paths.after, input),
    texts: null,
  }
}

/** Paths that an operation is about. */
function pathsOf(operation: Operation): { before: string | null; after: string | null } {
  switch (operation.op) {
    case 'rename':
      return { before: operation.from, after: operation.to }
    case 'copy':
      return { before: null, after: operation.to }
    case 'scrub':
      return { before: operation.paths[0], after: operation.paths[0] }
    default:
      return 'path' in operation
        ? { before: operation.path, after: operation.path }
        : { before: null, after: null }
  }
}

function textsOf(
  operation: Operation,
  { image, onto }: ChangeInput,
  earlier: readonly Operation[],
  later: readonly Operation[],
): ChangeView['texts'] {
  const both = (textOf: (some: readonly Operation[]) => string): ChangeView['texts'] => ({
    before: textOf(earlier),
    after: textOf(later),
  })
  switch (operation.op) {
    case 'config':
    case 'history':
      return both((some) => formattedConfig(editedConfig(image.configBytes, configEdits(some))))
    case 'annotation':
      return both((some) => JSON.stringify(annotationsInForce(some, image) ?? {}, null, 2))
    case 'drop':
    case 'squash':
    case 'move':
    case 'rebase':
      return both((some) => stackText(image, onto, some))
    case 'tags':
      return both((some) => tagsInForce(some, namesOf(image)).join('\n'))
    default:
      return null
  }
}

/** Null where nothing is there. */
async function versionAt(edited: Edited, path: string, { open }: ChangeInput): Promise<Version | null> {
  const { tree, sources } = edited
  let node: number
  try {
    node = nodeAt(edited, path, false)
  } catch {
    return null
  }
  const entry = entryOf(tree, sources, node)
  const isFile = entry.type === TYPE.file
  const holds = (other: number): boolean => tree.alive[other] === 1
  const preview = isFile ? await previewOf({ tree, sources, node, open, holds }, 0, MOST) : null
  return {
    path: tree.path(node),
    type: ENTRY_TYPES[entry.type],
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtime: entry.mtime,
    link: nameText(entry.link),
    xattrs: xattrFields(entry),
    total: preview?.total ?? 0,
    bytes: preview?.bytes ?? new Uint8Array(0),
    text: preview?.text ?? null,
  }
}
