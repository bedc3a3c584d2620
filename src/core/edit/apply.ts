/**
 * The recipe, applied to a tree: the edits are one more layer, the number behind the last one.
 * A change of contents or attributes gives the name an inode of its own, as overlay file systems do when a container
 * writes (copy-up breaks hard links): other names of the inode keep what they had.
 */
import { bytesOfName, nameText, utf8 } from '../bytes/text'
import { ImageError } from '../fault/fault'
import type { EntryTable } from '../layer/table'
import { entryOf, linkTargetIn, type Content, type Entry, type Sources } from '../rootfs/entry'
import { ROOT, type Tree } from '../rootfs/tree'
import { namesIn, resolve, sortedChildren, type LinkTarget } from '../rootfs/walk'
import { TYPE, type TypeCode } from '../tar/entry'
import type { Meta, Operation } from './operation'

/** The tree with the edits in it. `tree.touched` is what they changed. */
export interface Edited {
  readonly tree: Tree
  readonly sources: Sources
}

/** Starts an edited tree on the union of `tables`; the union itself is left alone. */
export function editOn(union: Tree, tables: readonly EntryTable[]): Edited {
  const tree = union.clone()
  tree.begin()
  return { tree, sources: { tables, upper: [] } }
}

/** Applies one operation on files; config and tags are not its business. Throws a fault that names the path; then nothing was changed. */
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
    case 'config':
    case 'tags':
      return
  }
}

/** "/a/../b" is /b, as for tar entries and COPY: nothing on the way is asked, and nothing made for it. */
function withCleanPaths(operation: Operation): Operation {
  switch (operation.op) {
    case 'config':
    case 'tags':
      return operation
    case 'rename':
      return { ...operation, from: clean(operation.from), to: clean(operation.to) }
    case 'hardlink':
      return { ...operation, path: clean(operation.path), target: clean(operation.target) }
    default:
      return { ...operation, path: clean(operation.path) }
  }
}

function clean(path: string): string {
  const bytes = bytesOfName(path)
  const names = namesIn(bytes)
  let out = ''
  for (let i = 0; i < names.length; i += 2) out += `/${nameText(bytes.subarray(names[i], names[i + 1]))}`
  return out || '/'
}

function links({ tree, sources }: Edited): LinkTarget {
  const target = linkTargetIn(sources)
  return (node) => target(node, tree)
}

/** The live node at `path`, links on the way followed; the last one with `follow`. Throws `no-such-path`. */
export function nodeAt(edited: Edited, path: string, follow: boolean): number {
  const node = resolve(edited.tree, bytesOfName(path), links(edited), follow)
  if (node < 0) throw new ImageError('no-such-path', `There is no ${path}.`, { path })
  return node
}

interface Place {
  readonly parent: number
  readonly name: Uint8Array
  /** What stands there now, or -1. */
  readonly there: number
}

/** Where `path` would stand: its parent must be a directory. Throws `bad-path`, `no-such-path`, `not-a-directory`. */
function placeOf(edited: Edited, path: string, makeParents: Meta | null): Place {
  const { parentPath, name } = split(path)
  let parent = resolve(edited.tree, parentPath, links(edited), true)
  if (parent < 0 && makeParents) parent = makeDirectories(edited, parentPath, makeParents, path)
  if (parent < 0) throw new ImageError('no-such-path', `The directory for ${path} does not exist.`, { path })
  if (!edited.tree.isDirectory(parent))
    throw new ImageError('not-a-directory', `${edited.tree.path(parent)} is not a directory.`, { path })
  return { parent, name, there: edited.tree.liveChild(parent, name, 0, name.length) }
}

const PREFIX = utf8('.wh.')

function split(path: string): { parentPath: Uint8Array; name: Uint8Array } {
  const bytes = bytesOfName(path.replace(/\/+$/, ''))
  const slash = bytes.lastIndexOf(0x2f)
  const name = bytes.subarray(slash + 1)
  const text = name.length <= 2 ? String.fromCharCode(...name) : ''
  if (name.length === 0 || text === '.' || text === '..')
    throw new ImageError('bad-path', `"${path}" names no file.`, { path })
  if (name.includes(0)) throw new ImageError('bad-path', 'A name cannot hold a NUL byte.', { path })
  if (name.length > 255)
    throw new ImageError('bad-path', `A name has at most 255 bytes, this one has ${name.length}.`, { path })
  if (PREFIX.every((byte, i) => name[i] === byte))
    throw new ImageError(
      'bad-path',
      'Names that start with ".wh." are whiteout markers in an image, and cannot be files.',
      { path },
    )
  return { parentPath: bytes.subarray(0, Math.max(0, slash)), name }
}

function makeDirectories(edited: Edited, path: Uint8Array, given: Meta, askedFor: string): number {
  const { tree } = edited
  let at = 0
  let node: number = ROOT
  while (at < path.length) {
    while (path[at] === 0x2f) at++
    let end = at
    while (end < path.length && path[end] !== 0x2f) end++
    if (end === at) break
    const next = resolve(tree, path.subarray(0, end), links(edited), true)
    if (next >= 0) node = next
    else {
      if (!tree.isDirectory(node))
        throw new ImageError('not-a-directory', `${tree.path(node)} is not a directory.`, { path: askedFor })
      const row = addRow(edited, fresh(TYPE.directory, { mtime: given.mtime }))
      node = tree.put(node, path, at, end, upperLayer(edited), row, TYPE.directory)
    }
    at = end
  }
  return node
}

function upperLayer({ sources }: Edited): number {
  return sources.tables.length
}

function addRow({ sources }: Edited, entry: Entry): number {
  return (sources.upper as Entry[]).push(entry) - 1
}

function fresh(type: TypeCode, given: Meta): Entry {
  return {
    type,
    mode: given.mode ?? (type === TYPE.directory ? 0o755 : type === TYPE.symlink ? 0o777 : 0o644),
    uid: given.uid ?? 0,
    gid: given.gid ?? 0,
    size: 0,
    mtime: given.mtime ?? 0,
    link: new Uint8Array(0),
    uname: '',
    gname: '',
    major: 0,
    minor: 0,
    pax: [],
    content: null,
  }
}

/** `entry` with other attributes. Records of what changed go: a name for another number, an exact time for another time. */
function changed(entry: Entry, given: Meta): Entry {
  const { mode = entry.mode, uid = entry.uid, gid = entry.gid, mtime = entry.mtime } = given
  return {
    ...entry,
    mode,
    uid,
    gid,
    mtime,
    uname: uid === entry.uid ? entry.uname : '',
    gname: gid === entry.gid ? entry.gname : '',
    pax: mtime === entry.mtime ? entry.pax : entry.pax.filter(({ key }) => key !== 'mtime'),
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

/** The place that writing to `path` reaches: through a symlink, as for any program, dangling or not. */
function followed(edited: Edited, path: string, given: Meta): Place {
  let place = placeOf(edited, path, given)
  for (let hops = 0; place.there >= 0 && edited.tree.type[place.there] === TYPE.symlink; hops++) {
    if (hops > 40)
      throw new ImageError('link-loop', `${path} is a symbolic link that leads round in a circle.`, { path })
    const entry = entryOf(edited.tree, edited.sources, place.there)
    const there = edited.tree.path(place.parent)
    const base = entry.link[0] === 0x2f ? '' : `${there === '/' ? '' : there}/`
    // Its directory must be there: writing through a link makes none (open(2), O_CREAT).
    place = placeOf(edited, base + textOfLink(entry.link), null)
  }
  return place
}

function textOfLink(link: Uint8Array): string {
  // Escaped as names are, so that bytes which are not UTF-8 find their way back.
  let text = ''
  for (const byte of link)
    text +=
      byte < 0x80 && byte !== 0x5c ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
  return text
}

function refuseIfThere(edited: Edited, place: Place, path: string): void {
  if (place.there >= 0)
    throw new ImageError('path-exists', `${edited.tree.path(place.there)} exists already.`, { path })
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

/** Moves a name with all below it. Inodes come along: hard links stay together. */
function rename(edited: Edited, from: string, to: string): void {
  const { tree } = edited
  const node = nodeAt(edited, from, false)
  if (node === ROOT) throw new ImageError('bad-path', 'The root directory cannot be moved.', { path: from })
  const place = placeOf(edited, to, null)
  if (place.there === node) return
  refuseIfThere(edited, place, to)
  for (let at = place.parent; at >= 0; at = tree.parent[at])
    if (at === node) throw new ImageError('bad-path', `${from} cannot be moved into itself.`, { path: to })
  const copies: { from: number; to: number }[] = [
    { from: node, to: moveOne(tree, node, place.parent, place.name) },
  ]
  for (let pair = copies.pop(); pair; pair = copies.pop())
    for (const child of sortedChildren(tree, pair.from))
      copies.push({ from: child, to: moveOne(tree, child, pair.to, tree.nameBytes(child).slice()) })
  tree.kill(node)
}

function moveOne(tree: Tree, node: number, parent: number, name: Uint8Array): number {
  return tree.put(
    parent,
    name,
    0,
    name.length,
    tree.layer[node],
    tree.row[node],
    tree.type[node] as TypeCode,
    tree.inodeLayer[node],
    tree.inodeRow[node],
  )
}

function meta(edited: Edited, path: string, given: Meta): void {
  const { tree, sources } = edited
  const node = nodeAt(edited, path, false)
  const row = addRow(edited, changed(entryOf(tree, sources, node), given))
  tree.set(node, upperLayer(edited), row, tree.type[node] as TypeCode)
}
