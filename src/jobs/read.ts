/** Contents and details of one node of a view. */
import type { Details, EntryType, Preview } from '../../workers/api'
import type { ByteSource, Bytes } from '../core/bytes/source'
import { MemorySource } from '../core/bytes/source'
import { decodeUtf8, nameText, sameBytes } from '../core/bytes/text'
import { ImageError, throwIfCancelled } from '../core/fault/fault'
import { layerBytes, type OpenContent } from '../core/rebuild/layer'
import type { PlannedEntry } from '../core/rebuild/plan'
import { entryOf, linkTargetIn, type Entry, type Sources } from '../core/rootfs/entry'
import { inodeKey } from '../core/rootfs/sums'
import { ROOT, type Tree } from '../core/rootfs/tree'
import { resolve, walkTree, type Holds } from '../core/rootfs/walk'
import { CAPABILITY_XATTR, capabilityWords } from '../core/layer/capability'
import { xattrsIn } from '../core/layer/rows'
import { TYPE } from '../core/tar/entry'
import type { Task } from './tasks'

export interface At {
  readonly tree: Tree
  readonly sources: Sources
  readonly node: number
  readonly open: OpenContent
  /** What the view shows, removed paths where it shows those. */
  readonly holds: Holds
}

const COMPARED_AT_ONCE = 1024 * 1024
const EMPTY = new MemorySource(new Uint8Array(0))

/** The bytes a program would read at the node, symlinks followed. Throws `no-such-path` for a dangling link, `is-a-directory`, `not-a-file`. */
export async function contentAt({ tree, sources, node, open }: At): Promise<ByteSource> {
  const path = tree.path(node)
  let at = node
  if (tree.type[at] === TYPE.symlink) {
    const target = linkTargetIn(sources)
    at = resolve(tree, target(node, tree), (link) => target(link, tree), true, tree.parent[node])
    if (at < 0)
      throw new ImageError(
        'no-such-path',
        `${path} is a symbolic link to ${nameText(target(node, tree))}, which does not exist here.`,
        { path },
      )
  }
  const entry = entryOf(tree, sources, at)
  if (entry.type === TYPE.directory)
    throw new ImageError('is-a-directory', `${tree.path(at)} is a directory.`, { path })
  if (entry.type !== TYPE.file)
    throw new ImageError('not-a-file', `${tree.path(at)} has no contents: it is no regular file.`, { path })
  return entry.content ? open(entry.content) : EMPTY
}

export async function previewOf(at: At, from: number, length: number): Promise<Preview> {
  const source = await contentAt(at)
  const start = Math.min(from, source.size)
  const bytes = (await source.read(start, Math.min(length, source.size - start))).slice() as Bytes
  return {
    path: at.tree.path(at.node),
    bytes,
    total: source.size,
    text: textOf(bytes, start + bytes.length < source.size),
  }
}

/** Read side by side, and no further than they agree. */
export async function sameContents(a: ByteSource, b: ByteSource, task: Task): Promise<boolean> {
  if (a.size !== b.size) return false
  for (let at = 0; at < a.size; at += COMPARED_AT_ONCE) {
    throwIfCancelled(task.signal)
    const length = Math.min(COMPARED_AT_ONCE, a.size - at)
    const [mine, theirs] = await Promise.all([a.read(at, length), b.read(at, length)])
    if (!sameBytes(mine, theirs)) return false
    task.progress(at + length)
  }
  return true
}

/** UTF-8 without control characters that no text holds; a character cut at the end is left out. */
function textOf(bytes: Bytes, cut: boolean): string | null {
  for (const byte of bytes)
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x0c && byte !== 0x1b)
      return null
  for (let drop = 0; drop <= (cut ? 3 : 0); drop++) {
    const text = decodeUtf8(bytes.subarray(0, bytes.length - drop))
    if (text !== null) return text
  }
  return null
}

/** A directory with all that the view shows below it as a plain tar, names relative to its parent. */
export async function directoryTar(
  { tree, sources, node, open, holds }: At,
  signal?: AbortSignal,
): Promise<Blob> {
  const pieces: Bytes[] = []
  const blobs: Blob[] = []
  let held = 0
  for await (const piece of layerBytes(subtree(tree, sources, node, holds), open, signal)) {
    pieces.push(piece)
    held += piece.length
    if (held < 32 * 1024 * 1024) continue
    blobs.push(new Blob(pieces.splice(0)))
    held = 0
  }
  return new Blob([...blobs, ...pieces], { type: 'application/x-tar' })
}

function* subtree(tree: Tree, sources: Sources, top: number, holds: Holds): Iterable<PlannedEntry> {
  const cut = top === ROOT || tree.parent[top] === ROOT ? 0 : tree.pathBytes(tree.parent[top]).length + 1
  const first = new Map<number, Uint8Array>()
  const nodes = top === ROOT ? [] : [top]
  walkTree(tree, top, (node) => nodes.push(node), holds)
  for (const node of nodes) {
    const path = tree.pathBytes(node).subarray(cut)
    const entry = entryOf(tree, sources, node)
    const linkTo = entry.type === TYPE.file ? (first.get(inodeKey(tree, node)) ?? null) : null
    if (entry.type === TYPE.file && linkTo === null) first.set(inodeKey(tree, node), path)
    yield { path, entry, linkTo }
  }
}

const WORDS: Record<number, EntryType> = {
  0: 'file',
  1: 'directory',
  2: 'symlink',
  3: 'hardlink',
  4: 'char',
  5: 'block',
  6: 'fifo',
  7: 'other',
}

/** Header fields for people, in the order of a header. */
export function fieldsOf(tree: Tree, node: number, entry: Entry): Details['fields'] {
  const fields: { name: string; value: string }[] = [
    { name: 'path', value: tree.path(node) },
    { name: 'type', value: WORDS[entry.type] },
    { name: 'mode', value: `${entry.mode.toString(8).padStart(4, '0')} ${modeLetters(entry)}` },
    { name: 'uid', value: entry.uname ? `${entry.uid} (${entry.uname})` : String(entry.uid) },
    { name: 'gid', value: entry.gname ? `${entry.gid} (${entry.gname})` : String(entry.gid) },
    { name: 'size', value: String(entry.size) },
    { name: 'mtime', value: timeText(entry.mtime) },
  ]
  if (entry.link.length > 0) fields.push({ name: 'link', value: nameText(entry.link) })
  if (entry.type === TYPE.char || entry.type === TYPE.block)
    fields.push({ name: 'device', value: `${entry.major}, ${entry.minor}` })
  for (const { key, value } of entry.pax)
    if (!/^(SCHILY|LIBARCHIVE)\.xattr\./.test(key))
      fields.push({ name: `PAX ${key}`, value: nameText(value.subarray(0, 512)) })
  return fields
}

function timeText(mtime: number): string {
  const date = new Date(mtime * 1000)
  return Number.isNaN(date.getTime()) ? String(mtime) : `${date.toISOString()} (${mtime})`
}

/** "-rwsr-xr-x" as ls prints it. */
export function modeLetters({ type, mode }: Pick<Entry, 'type' | 'mode'>): string {
  const kind = '-dlhcbp?'[type]
  const bit = (mask: number, letter: string): string => (mode & mask ? letter : '-')
  const special = (mask: number, execute: number, letter: string): string =>
    mode & mask ? (mode & execute ? letter : letter.toUpperCase()) : bit(execute, 'x')
  return (
    kind +
    bit(0o400, 'r') +
    bit(0o200, 'w') +
    special(0o4000, 0o100, 's') +
    bit(0o40, 'r') +
    bit(0o20, 'w') +
    special(0o2000, 0o10, 's') +
    bit(4, 'r') +
    bit(2, 'w') +
    special(0o1000, 1, 't')
  )
}

/** Extended attributes for people: capabilities in words, text where it is text, else hex behind "0x". What can be read here can be typed. */
export function xattrFields(entry: Entry): Details['xattrs'] {
  return [...xattrsIn(entry.pax)].map(([name, value]) => ({ name, value: xattrText(name, value) }))
}

export function xattrText(name: string, value: Uint8Array): string {
  const words = name === CAPABILITY_XATTR ? capabilityWords(value) : null
  if (words !== null) return words
  const text = decodeUtf8(value)
  if (text !== null && !/[\u0000-\u001f\u007f]/.test(text) && !text.startsWith('0x')) return text
  return `0x${[...value].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/** All live names of the node's inode but its own. */
export function otherNames(tree: Tree, node: number): string[] {
  if (tree.type[node] === TYPE.directory || tree.inodeRow[node] < 0) return []
  const key = inodeKey(tree, node)
  const names: string[] = []
  for (let other = 1; other < tree.length && names.length < 1000; other++)
    if (
      other !== node &&
      tree.alive[other] === 1 &&
      tree.type[other] !== TYPE.directory &&
      inodeKey(tree, other) === key
    )
      names.push(tree.path(other))
  return names
}
