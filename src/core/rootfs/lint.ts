/**
 * Where overlay engines merge a layer otherwise than the spec says. They unpack each layer alone and leave merging to
 * the kernel (moby overlay2, containerd, containers/storage); appliers that unpack onto the merged root (umoci, vfs)
 * agree with the spec. What the union itself stumbles on (links, duplicates) it says there. Confirmed on docker 26
 * with both stores and docker 20.10 with vfs.
 */
import { bytesOfName, sameBytes } from '../bytes/text'
import type { Notices } from '../fault/notice'
import { pathBytesOf } from '../layer/rows'
import type { EntryTable } from '../layer/table'
import { markerOf } from '../layer/whiteout'
import { TYPE } from '../tar/entry'
import { entryOf } from './entry'
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
  readonly #listedDirectories = new Set<string>()
  readonly #toldParents = new Set<string>()

  constructor(tree: Tree, tables: readonly EntryTable[], layer: number, notices: Notices) {
    this.#tree = tree
    this.#tables = tables
    this.#table = tables[layer]
    this.#layer = layer
    this.#notices = notices
  }

  run(): void {
    this.#markers()
    const { length } = this.#table
    for (let row = 0; row < length; row++)
      if (this.#table.type[row] === TYPE.directory) this.#listedDirectories.add(this.#path(row))
    let last = new Uint8Array(0) as Uint8Array
    for (let row = 0; row < length; row++) {
      if (this.#marked.size > 0) this.#besideMarker(row)
      this.#device(row)
      // Texts are made once a directory, not once an entry: a layer can have half a million of those.
      const bytes = pathBytesOf(this.#table, row)
      const parent = bytes.subarray(0, nameStart(bytes, bytes.length))
      if (sameBytes(parent, last)) continue
      last = parent
      this.#parents(absolute(parent), row)
    }
    this.#nested()
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
    this.#notices.add(severity, code, message, { layer: this.#layer, path, at: this.#table.headerAt[row] })
  }

  #markers(): void {
    const { length, pathBytes, pathEnd } = this.#table
    for (let row = 0; row < length; row++) {
      const end = pathEnd[row]
      if (pathBytes[Math.max(row === 0 ? 0 : pathEnd[row - 1], nameStart(pathBytes, end))] !== 0x2e) continue
      const names = namesIn(pathBytes, row === 0 ? 0 : pathEnd[row - 1], pathEnd[row])
      if (names.length === 0) continue
      const marker = markerOf(pathBytes, names[names.length - 2], names[names.length - 1])
      if (marker === 'opaque' && names.length === 2)
        this.#say(
          'warning',
          'opaque-root',
          '/',
          'An opaque marker at the root: by the spec it hides all lower layers, overlay engines do not honour it.',
          row,
        )
      if (marker !== 'whiteout') continue
      const path = this.#path(row)
      const slash = path.lastIndexOf('/')
      const target = `${path.slice(0, slash)}/${path.slice(slash + 5)}`
      this.#marked.set(target, row)
      if (slash > 0 && this.#lower(path.slice(0, slash)) < 0)
        this.#say(
          'info',
          'whiteout-makes-parents',
          path,
          `A whiteout below ${path.slice(0, slash)}, which no lower layer has: engines make that directory, empty.`,
          row,
        )
    }
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

  /** A whiteout inside a directory that is whited out itself. */
  #nested(): void {
    for (const [path, marker] of this.#marked)
      for (let up = path.slice(0, path.lastIndexOf('/')); up !== ''; up = up.slice(0, up.lastIndexOf('/')))
        if (this.#marked.has(up)) {
          this.#say(
            'warning',
            'whiteout-below-whiteout',
            path,
            `${up} is whited out as a whole, and this path below it once more: overlay engines fail to load the layer.`,
            marker,
          )
          break
        }
  }
}

/** Where the last name of a path that ends at `end` starts; a trailing slash belongs to it. */
function nameStart(bytes: Uint8Array, end: number): number {
  let at = end
  while (at > 0 && bytes[at - 1] === 0x2f) at--
  while (at > 0 && bytes[at - 1] !== 0x2f) at--
  return at
}
