/**
 * Where overlay engines merge a layer otherwise than the spec says. They unpack each layer alone and leave merging to
 * the kernel (moby overlay2, containerd, containers/storage); appliers that unpack onto the merged root (umoci, vfs)
 * agree with the spec. What the union itself stumbles on (links, duplicates) it says there. Confirmed on docker 26
 * with both stores and docker 20.10 with vfs.
 */
import { bytesOfName, nameText } from '../bytes/text'
import type { Notices } from '../fault/notice'
import { CAPABILITY_XATTR, capabilityWords } from '../layer/capability'
import { directoryRuns, headerAtOf, linkBytesOf, mtimeOf, nameLengthOf, pathBytesOf } from '../layer/rows'
import type { EntryTable } from '../layer/table'
import { markerOf } from '../layer/whiteout'
import { TYPE } from '../tar/entry'
import { entryOf } from './entry'
import { LastNames } from './last-name'
import { ROOT, type Tree } from './tree'
import { absolute } from './union'
import { namesIn } from './walk'

/** Call it before the layer is laid on `tree`. */
export function lintLayer(tree: Tree, tables: readonly EntryTable[], layer: number, notices: Notices): void {
  new Lint(tree, tables, layer, notices).run()
}

class Lint {
  readonly #tree: Tree
  readonly #tables: readonly EntryTable[]
  readonly #table: EntryTable
  readonly #layer: number
  readonly #notices: Notices
  /** Rows of whiteouts by the path they take away: in most layers there are none. */
  readonly #marked = new Map<string, number>()
  /** Directories that whiteouts and opaque markers lie in, with a row of theirs. */
  readonly #markedIn = new Map<string, { readonly row: number; readonly marker: 'whiteout' | 'opaque' }>()
  readonly #listedDirectories = new Set<string>()
  readonly #toldParents = new Set<string>()
  readonly #toldBelow = new Set<string>()

  constructor(tree: Tree, tables: readonly EntryTable[], layer: number, notices: Notices) {
    this.#tree = tree
    this.#tables = tables
    this.#table = tables[layer]
    this.#layer = layer
    this.#notices = notices
  }

  run(): void {
    const { length } = this.#table
    for (let row = 0; row < length; row++)
      if (this.#table.type[row] === TYPE.directory && pathBytesOf(this.#table, row).length <= MOST_PATH)
        this.#listedDirectories.add(this.#path(row))
    this.#markers()
    const isBase = this.#layer === 0 // Nothing is below it that a directory could have been other than it comes out.
    for (const { dir, from, to } of directoryRuns(this.#table)) {
      // Texts are made once a directory, not once an entry: a layer can have half a million of those.
      let seen = dir.length === 0 || isBase
      for (let row = from; row < to; row++) {
        if (this.#markedIn.size > 0) this.#besideMarker(row)
        this.#device(row)
        this.#time(row)
        if (dir.length + nameLengthOf(this.#table, row) > MOST_NAME && this.#tooLong(row)) continue
        if (!seen) this.#parents(absolute(dir), row)
        seen = true
      }
    }
    this.#nested()
    this.#links()
    this.#owners()
    for (const [row, records] of this.#table.pax)
      for (const { key, value } of records)
        if (key.startsWith(XATTR)) this.#xattr(row, key.slice(XATTR.length), value)
  }

  #path(row: number): string {
    return absolute(pathBytesOf(this.#table, row))
  }

  #say(
    severity: 'info' | 'warning' | 'error',
    code: string,
    path: string,
    message: string,
    row: number,
  ): void {
    this.#notices.add(severity, code, message, { layer: this.#layer, path, at: headerAtOf(this.#table, row) })
  }

  #markers(): void {
    const { length } = this.#table
    const names = new LastNames(this.#table)
    for (let row = 0; row < length; row++) {
      names.at(row)
      const { bytes, from, to, dirBytes, dirFrom, dirTo } = names
      const marker = markerOf(bytes, from, to)
      if ((marker !== 'whiteout' && marker !== 'opaque') || to - from + dirTo - dirFrom > MOST_PATH) continue
      const parent = absolute(dirBytes.subarray(dirFrom, dirTo))
      this.#markerThroughLink(parent, row)
      if (this.#markedIn.get(parent)?.marker !== 'whiteout') this.#markedIn.set(parent, { row, marker })
      if (marker === 'opaque' && parent === '/')
        this.#say(
          'warning',
          'opaque-root',
          '/',
          'An opaque marker at the root: by the spec it hides all lower layers, overlay engines do not honour it.',
          row,
        )
      if (parent !== '/' && !this.#listedDirectories.has(parent) && this.#linkOnTheWay(parent) === null)
        this.#markerParent(parent, row)
      if (marker !== 'whiteout') continue
      const path = `${parent === '/' ? '' : parent}/${nameText(bytes.subarray(from + 4, to))}`
      if (this.#marked.has(path))
        this.#say(
          'warning',
          'whiteout-twice',
          path,
          'The layer takes this path away twice: overlay engines fail to load it.',
          row,
        )
      this.#marked.set(path, row)
    }
  }

  /** Engines make the directory that a marker lies in. */
  #markerParent(parent: string, row: number): void {
    const node = this.#lower(parent)
    if (node < 0)
      this.#say(
        'info',
        'whiteout-makes-parents',
        this.#path(row),
        `A whiteout below ${parent}, which no lower layer has: engines make that directory, empty.`,
        row,
      )
    else if (this.#tree.type[node] !== TYPE.directory)
      this.#say(
        'warning',
        'whiteout-replaces-file',
        this.#path(row),
        `A whiteout below ${parent}, which is no directory: overlay engines put an empty directory in its place.`,
        row,
      )
  }

  /** A marker that is reached through a link of a lower layer; entries of that kind the union itself speaks of. */
  #markerThroughLink(parent: string, row: number): void {
    const link = this.#linkOnTheWay(parent)
    if (link !== null)
      this.#say(
        'warning',
        'through-symlink',
        this.#path(row),
        `This goes through the symbolic link ${link} of a lower layer: overlay engines put a real directory there, which hides the link.`,
        row,
      )
  }

  /** The first symbolic link of the lower layers that stands at `path` or above it. */
  #linkOnTheWay(path: string): string | null {
    let node: number = ROOT
    const bytes = bytesOfName(path)
    const names = namesIn(bytes)
    for (let i = 0; i < names.length; i += 2) {
      node = this.#tree.liveChild(node, bytes, names[i], names[i + 1])
      if (node < 0) return null
      if (this.#tree.type[node] === TYPE.symlink) return this.#tree.path(node)
    }
    return null
  }

  /** Live node below this layer at an absolute path, links not followed; -1 for none. */
  #lower(path: string): number {
    let node: number = ROOT
    const bytes = bytesOfName(path)
    const names = namesIn(bytes)
    for (let i = 0; i < names.length && node >= 0; i += 2)
      node = this.#tree.liveChild(node, bytes, names[i], names[i + 1])
    return node
  }

  /** An entry and a whiteout of the same path. */
  #besideMarker(row: number): void {
    const path = this.#path(row)
    const below = this.#markedIn.get(path)
    if (below && this.#table.type[row] !== TYPE.directory && !(this.#table.type[row] === TYPE.symlink))
      this.#say(
        'warning',
        below.marker === 'whiteout' ? 'whiteout-below-file' : 'opaque-below-file',
        path,
        'The layer lists this as a file and has a whiteout marker below it: engines fail on it.',
        below.row,
      )
    if (!/\/\.wh\.[^/]*$/.test(path)) this.#belowMarked(path, row)
    const marker = this.#marked.get(path)
    if (marker === undefined || marker === row) return
    if (row < marker)
      this.#say(
        'warning',
        'whiteout-after-entry',
        path,
        'The layer lists this path and then a whiteout of it: by the spec the entry stays, overlay engines fail to load the layer, merging ones take the entry away.',
        marker,
      )
    else if (this.#table.type[row] === TYPE.directory)
      this.#say(
        'warning',
        'whiteout-then-directory',
        path,
        'A whiteout of this path and then a directory: by the spec only new children remain, on overlay engines the lower ones show through.',
        marker,
      )
  }

  /** Something below a path that is taken away, and that the layer does not list. */
  #belowMarked(path: string, row: number): void {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const above = path.slice(0, end)
      if (!this.#marked.has(above) || this.#listedDirectories.has(above) || this.#toldBelow.has(above))
        continue
      this.#toldBelow.add(above)
      this.#say(
        'warning',
        'entry-below-whiteout',
        above,
        'The layer takes this path away and has entries below it, without listing it: overlay engines fail to load the layer.',
        row,
      )
    }
  }

  #device(row: number): void {
    if (this.#table.type[row] !== TYPE.char) return
    const device = this.#table.device.get(row)
    if (device?.major === 0 && device.minor === 0)
      this.#say(
        'warning',
        'device-0-0',
        this.#path(row),
        'A character device 0:0: overlay engines take it for a whiteout.',
        row,
      )
  }

  /** A directory of a lower layer that this layer puts something in without listing it. */
  #parents(path: string, row: number): void {
    for (
      let parent = path;
      parent !== '' && parent !== '/';
      parent = parent.slice(0, parent.lastIndexOf('/'))
    ) {
      if (this.#toldParents.has(parent) || this.#listedDirectories.has(parent)) return
      this.#toldParents.add(parent)
      const node = this.#lower(parent)
      if (node < 0 || this.#tree.type[node] !== TYPE.directory || this.#tree.inodeRow[node] < 0) continue
      const { mode, uid, gid } = entryOf(this.#tree, { tables: this.#tables, upper: [] }, node)
      if (mode === 0o755 && uid === 0 && gid === 0) continue
      this.#say(
        'warning',
        'parent-not-listed',
        parent,
        `The layer puts something below this directory without listing it: docker and podman make it 0755 0:0 there, it was ${mode.toString(8).padStart(4, '0')} ${uid}:${gid}.`,
        row,
      )
    }
  }

  /** A whiteout inside a directory that is whited out itself: sorted, what lies below a path follows it. */
  #nested(): void {
    const inOrder = [...this.#marked].map(([path, row]) => ({ path, row, key: path.replaceAll('/', '\0') }))
    inOrder.sort((a, b) => (a.key < b.key ? -1 : 1))
    const above: string[] = []
    for (const { path, row } of inOrder) {
      while (above.length > 0 && !path.startsWith(`${above[above.length - 1]}/`)) above.pop()
      const up = above.at(-1)
      if (up !== undefined) {
        // containers/storage passes over a marker below one that it has made already.
        const first = this.#marked.get(up)! < row
        this.#say(
          'warning',
          first ? 'whiteout-below-whiteout' : 'whiteout-above-whiteout',
          path,
          `${up} is whited out as a whole, and this path below it once more: overlay engines fail to load the layer.`,
          first ? row : this.#marked.get(up)!,
        )
      }
      above.push(path)
    }
  }

  /** Symbolic links that Linux makes none of. */
  #links(): void {
    for (const row of this.#table.linkRow) {
      if (this.#table.type[row] !== TYPE.symlink) continue
      const { length } = linkBytesOf(this.#table, row)
      if (length > 0 && length < MOST_PATH) continue
      const what = length === 0 ? 'no target' : `a target of ${length} bytes`
      const message = `A symbolic link with ${what}: engines fail on it.`
      this.#say('error', length === 0 ? 'symlink-empty' : 'symlink-too-long', this.#path(row), message, row)
    }
  }

  /** Of each combination the first row: there are a dozen in a layer of a million entries. */
  #owners(): void {
    const { owners, owner } = this.#table
    owners.forEach(({ uid, gid }, index) => {
      if ([uid, gid].every((id) => id >= 0 && id < MOST_ID)) return
      const row = owner.indexOf(index)
      if (row < 0) return
      const message = `The owner ${uid}:${gid} is beyond what Linux has: engines keep 32 bits of it.`
      this.#say('info', 'owner-too-large', this.#path(row), message, row)
    })
  }

  #time(row: number): void {
    const mtime = mtimeOf(this.#table, row)
    if (mtime >= 0 && mtime <= MOST_TIME) return
    const message = `A time of ${mtime} seconds, which Go does not keep: engines put 1970 in its place.`
    this.#say('info', 'time-lost', this.#path(row), message, row)
  }

  /** Extended attributes that a file system refuses; and those by which overlayfs itself keeps its books. */
  #xattr(row: number, name: string, value: Uint8Array): void {
    const type = this.#table.type[row]
    const say = (severity: 'warning' | 'error', code: string, what: string): void => {
      const message = `The extended attribute ${name.slice(0, 60)} ${what}.`
      this.#say(severity, code, this.#path(row), message, row)
    }
    if (bytesOfName(name).length > MOST_NAME || value.length > MOST_XATTR)
      say('error', 'xattr-too-large', 'has too long a name or value for Linux: engines fail on it')
    else if (name === CAPABILITY_XATTR && capabilityWords(value) === null)
      say('error', 'capability-invalid', 'holds no capabilities that Linux knows: engines fail on it')
    else if (name.startsWith(ACL_XATTR) && !isAcl(value))
      say('error', 'acl-invalid', 'holds no access control list that Linux knows: engines fail on it')
    else if (name.startsWith('user.') && !TAKES_USER.has(type))
      say(
        'warning',
        'xattr-user',
        'is on neither a file nor a directory: podman fails on it, docker drops it',
      )
    else if (name.startsWith('trusted.overlay.'))
      say(
        'warning',
        'xattr-overlay',
        'is one of overlayfs itself: docker gives it to the kernel, which may hide lower files by it',
      )
    else if (!/^(user|trusted|security|system)\./.test(name))
      say(
        'warning',
        'xattr-namespace',
        'has no namespace that Linux knows: newer versions of docker fail on it',
      )
  }

  /** Whether Linux could not unpack it: paths of more than 4,096 bytes, names of more than 255. */
  #tooLong(row: number): boolean {
    const bytes = pathBytesOf(this.#table, row)
    let longest = 0
    for (let i = 0, start = 0; i <= bytes.length; i++)
      if (i === bytes.length || bytes[i] === 0x2f) {
        // A whiteout is made under the name that it takes away.
        const length = markerOf(bytes, start, i) === 'whiteout' ? i - start - 4 : i - start
        longest = Math.max(longest, length)
        start = i + 1
      }
    const shown = `${absolute(bytes.subarray(0, 60))}…`
    if (longest > MOST_NAME)
      this.#say(
        'error',
        'name-too-long',
        shown,
        `A name of ${longest} bytes; file systems take at most 255: engines fail to load the layer.`,
        row,
      )
    if (bytes.length <= MOST_UNPACKED) return false
    this.#say(
      'error',
      'path-too-long',
      shown,
      `A path of ${bytes.length} bytes; Linux takes at most 4,096, the engine's own folder counted: engines fail to load the layer.`,
      row,
    )
    return bytes.length > MOST_PATH
  }
}

const ACL_XATTR = 'system.posix_acl_'

/** Version 2, and entries of eight bytes (linux/posix_acl_xattr.h). */
function isAcl(value: Uint8Array): boolean {
  return value.length % 8 === 4 && value[0] === 2 && value[1] === 0 && value[2] === 0 && value[3] === 0
}

/** 2^32 - 1 stands for "nobody says" in chown(2). */
const MOST_ID = 2 ** 32 - 1
/** Seconds that 63 bits of nanoseconds hold. */
const MOST_TIME = 9_223_372_036
const XATTR = 'SCHILY.xattr.'
/** xattr(7): what has no permissions of its own takes no attributes of users. */
const TAKES_USER: ReadonlySet<number> = new Set([TYPE.file, TYPE.directory, TYPE.hardlink])
/** XATTR_SIZE_MAX */
const MOST_XATTR = 65_536
/** NAME_MAX and PATH_MAX of Linux. */
const MOST_NAME = 255
const MOST_PATH = 4096
/** Behind /var/lib/docker/overlay2/<64 digits>/diff/. */
const MOST_UNPACKED = 4000
