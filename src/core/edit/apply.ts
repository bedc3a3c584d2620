/**
 * The recipe, applied to a tree: the edits are one more layer, the number behind the last one.
 * A change of contents or attributes gives the name an inode of its own, as overlay file systems do when a container
 * writes (copy-up breaks hard links): other names of the inode keep what they had.
 */
import { bytesOfName } from '../bytes/text'
import { ImageError } from '../fault/fault'
import { entryOf, type Content, type Entry } from '../rootfs/entry'
import { ROOT } from '../rootfs/tree'
import { namesIn, resolve } from '../rootfs/walk'
import { TYPE, type TypeCode } from '../tar/entry'
import type { DeviceKind, Meta, Operation } from './operation'
import {
  addRow,
  changed,
  cleanPath,
  followed,
  fresh,
  links,
  nodeAt,
  placeOf,
  refuseIfThere,
  upperLayer,
  type Edited,
} from './place'
import { copy, recover, rename } from './subtree'

export { editOn, nodeAt, type Edited } from './place'

/** Applies one operation on files; config, tags and whole layers are not its business. Throws a fault that names the path; then nothing was changed. */
export function applyOperation(edited: Edited, given: Operation): void {
  const operation = withCleanPaths(given)
  switch (operation.op) {
    case 'write':
      return write(
        edited,
        operation.path,
        { from: 'stored', id: operation.content },
        operation.size,
        operation,
      )
    case 'mkdir':
      return mkdir(edited, operation.path, operation)
    case 'symlink':
      return symlink(edited, operation.path, operation.target, operation)
    case 'hardlink':
      return hardlink(edited, operation.path, operation.target)
    case 'remove':
      return remove(edited, operation.path)
    case 'rename':
      return rename(edited, operation.from, operation.to)
    case 'meta':
      return meta(edited, operation.path, operation)
    case 'device':
      return device(edited, operation.path, operation.kind, operation)
    case 'copy':
      return copy(edited, operation.from, operation.to)
    case 'recover':
      return recover(edited, operation.path, operation.layer)
    case 'scrub':
      return scrub(edited, operation.paths)
    case 'config':
    case 'history':
    case 'annotation':
    case 'tags':
    case 'drop':
    case 'squash':
    case 'reclaim':
    case 'move':
    case 'rebase':
      return
  }
}

/** The paths it names, cleaned. The target of a symbolic link is text, and stays. */
function withCleanPaths(operation: Operation): Operation {
  switch (operation.op) {
    case 'rename':
    case 'copy':
      return { ...operation, from: cleanPath(operation.from), to: cleanPath(operation.to) }
    case 'hardlink':
      return { ...operation, path: cleanPath(operation.path), target: cleanPath(operation.target) }
    case 'scrub':
      return { ...operation, paths: operation.paths.map(cleanPath) }
    default:
      return 'path' in operation ? { ...operation, path: cleanPath(operation.path) } : operation
  }
}

function write(edited: Edited, path: string, content: Content, size: number, given: Meta): void {
  const { tree } = edited
  const { parent, name, there } = followed(edited, path, given)
  if (there >= 0 && tree.isDirectory(there))
    throw new ImageError('is-a-directory', `${path} is a directory.`, { path })
  const isFile = there >= 0 && tree.type[there] === TYPE.file
  const before = isFile ? withoutSecurity(entryOf(tree, edited.sources, there)) : fresh(TYPE.file, given)
  const row = addRow(edited, { ...changed(before, given), type: TYPE.file, size, content })
  tree.put(parent, name, 0, name.length, upperLayer(edited), row, TYPE.file)
}

/** The kernel takes file capabilities and the like away when contents are written (capabilities(7)). */
function withoutSecurity(entry: Entry): Entry {
  return {
    ...entry,
    pax: entry.pax.filter(
      ({ key }) => !key.startsWith('SCHILY.xattr.security.') && !key.startsWith('LIBARCHIVE.xattr.security.'),
    ),
  }
}

function mkdir(edited: Edited, path: string, given: Meta): void {
  const place = placeOf(edited, path, given)
  refuseIfThere(edited, place, path)
  const row = addRow(edited, fresh(TYPE.directory, given))
  edited.tree.put(place.parent, place.name, 0, place.name.length, upperLayer(edited), row, TYPE.directory)
}

function symlink(edited: Edited, path: string, target: string, given: Meta): void {
  const place = placeOf(edited, path, given)
  refuseIfThere(edited, place, path)
  if (target === '') throw new ImageError('bad-path', 'A symbolic link needs a target.', { path })
  const row = addRow(edited, { ...fresh(TYPE.symlink, given), mode: 0o777, link: bytesOfName(target) })
  edited.tree.put(place.parent, place.name, 0, place.name.length, upperLayer(edited), row, TYPE.symlink)
}

const DEVICE: Record<DeviceKind, TypeCode> = { char: TYPE.char, block: TYPE.block, fifo: TYPE.fifo }

function device(
  edited: Edited,
  path: string,
  kind: DeviceKind,
  given: Meta & { readonly major?: number; readonly minor?: number },
): void {
  const { major = 0, minor = 0 } = given
  const type = DEVICE[kind]
  if (kind === 'char' && major === 0 && minor === 0)
    throw new ImageError(
      'bad-operation',
      'A character device 0:0 is what overlay file systems take for a whiteout: it would hide the path.',
      { path },
    )
  const place = placeOf(edited, path, given)
  refuseIfThere(edited, place, path)
  // A pipe has no numbers, whatever a recipe says: no tar would bring them back.
  const numbers = kind === 'fifo' ? {} : { major, minor }
  const row = addRow(edited, { ...fresh(type, given), ...numbers })
  edited.tree.put(place.parent, place.name, 0, place.name.length, upperLayer(edited), row, type)
}

function hardlink(edited: Edited, path: string, target: string): void {
  const { tree } = edited
  const from = nodeAt(edited, target, false)
  if (tree.isDirectory(from))
    throw new ImageError('is-a-directory', `${target} is a directory; only files have hard links.`, {
      path: target,
    })
  const place = placeOf(edited, path, null)
  refuseIfThere(edited, place, path)
  tree.put(
    place.parent,
    place.name,
    0,
    place.name.length,
    upperLayer(edited),
    -1,
    tree.type[from] as TypeCode,
    tree.inodeLayer[from],
    tree.inodeRow[from],
  )
}

function remove(edited: Edited, path: string): void {
  const node = nodeAt(edited, path, false)
  if (node === ROOT) throw new ImageError('bad-path', 'The root directory cannot be removed.', { path })
  edited.tree.kill(node)
}

/** Takes the paths away where they are still there; that lower layers lose them too is the rebuild's business. */
function scrub(edited: Edited, paths: readonly string[]): void {
  for (const path of paths) {
    const node = resolve(edited.tree, bytesOfName(path), links(edited), false)
    if (node === ROOT) throw new ImageError('bad-path', 'The root directory cannot be removed.', { path })
    if (node >= 0) edited.tree.kill(node)
    else if (!everKnown(edited, path))
      throw new ImageError('no-such-path', `No layer holds ${path}.`, { path })
  }
}

/** Whether any layer spoke of the path: nodes stay in the tree when their path is taken away. */
function everKnown({ tree }: Edited, path: string): boolean {
  const bytes = bytesOfName(path)
  const names = namesIn(bytes)
  let node: number = ROOT
  for (let i = 0; i < names.length && node >= 0; i += 2)
    node = tree.child(node, bytes, names[i], names[i + 1])
  return node >= 0
}

function meta(edited: Edited, path: string, given: Meta): void {
  const { tree, sources } = edited
  const node = nodeAt(edited, path, false)
  const row = addRow(edited, changed(entryOf(tree, sources, node), given))
  tree.set(node, upperLayer(edited), row, tree.type[node] as TypeCode)
}
