/** Where a path stands in a tree that is being edited, and the rows that edits add to it. */
import { bytesOfName, nameText, utf8 } from '../bytes/text'
import { ImageError } from '../fault/fault'
import type { EntryTable } from '../layer/table'
import { entryOf, linkTargetIn, type Entry, type Sources } from '../rootfs/entry'
import { ROOT, type Tree } from '../rootfs/tree'
import { namesIn, resolve, type LinkTarget } from '../rootfs/walk'
import { TYPE, type TypeCode } from '../tar/entry'
import type { Meta } from './operation'
import { withXattrs } from './xattr'

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

export function links({ tree, sources }: Edited): LinkTarget {
  const target = linkTargetIn(sources)
  return (node) => target(node, tree)
}

/** "/a/../b" is /b, as for tar entries and COPY: nothing on the way is asked, and nothing made for it. */
export function cleanPath(path: string): string {
  const bytes = bytesOfName(path)
  const names = namesIn(bytes)
  let out = ''
  for (let i = 0; i < names.length; i += 2) out += `/${nameText(bytes.subarray(names[i], names[i + 1]))}`
  return out || '/'
}

/** The live node at `path`, links on the way followed; the last one with `follow`. Throws `no-such-path`. */
export function nodeAt(edited: Edited, path: string, follow: boolean): number {
  const node = resolve(edited.tree, bytesOfName(path), links(edited), follow)
  if (node < 0) throw new ImageError('no-such-path', `There is no ${path}.`, { path })
  return node
}

export interface Place {
  readonly parent: number
  readonly name: Uint8Array
  /** What stands there now, or -1. */
  readonly there: number
}

/** Where `path` would stand: its parent must be a directory. Throws `bad-path`, `no-such-path`, `not-a-directory`. */
export function placeOf(edited: Edited, path: string, makeParents: Meta | null): Place {
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

export function upperLayer({ sources }: Edited): number {
  return sources.tables.length
}

export function addRow({ sources }: Edited, entry: Entry): number {
  return (sources.upper as Entry[]).push(entry) - 1
}

export function fresh(type: TypeCode, given: Meta): Entry {
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
    pax: withXattrs([], given.xattrs),
    content: null,
  }
}

/** `entry` with other attributes. Records of what changed go: a name for another number, an exact time for another time. */
export function changed(entry: Entry, given: Meta): Entry {
  const { mode = entry.mode, uid = entry.uid, gid = entry.gid, mtime = entry.mtime } = given
  return {
    ...entry,
    mode,
    uid,
    gid,
    mtime,
    uname: uid === entry.uid ? entry.uname : '',
    gname: gid === entry.gid ? entry.gname : '',
    pax: withXattrs(
      mtime === entry.mtime ? entry.pax : entry.pax.filter(({ key }) => key !== 'mtime'),
      given.xattrs,
    ),
  }
}

/** The place that writing to `path` reaches: through a symlink, as for any program, dangling or not. */
export function followed(edited: Edited, path: string, given: Meta): Place {
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

export function refuseIfThere(edited: Edited, place: Place, path: string): void {
  if (place.there >= 0)
    throw new ImageError('path-exists', `${edited.tree.path(place.there)} exists already.`, { path })
}
