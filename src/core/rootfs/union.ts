/**
 * Layers united as image-spec, layer.md says: opaque markers and whiteouts of a layer act on lower layers only and
 * before its own entries, wherever they stand in the tar; a directory over a directory merges; anything else
 * replaces what was there with all below it. Where engines differ from this, the lint (lint.ts) says so.
 */
import { headerAtOf, linkBytesOf, linkTextOf, pathBytesOf } from '../layer/rows'
import { markerOf } from '../layer/whiteout'
import { nameText } from '../bytes/text'
import type { Notices } from '../fault/notice'
import type { EntryTable } from '../layer/table'
import { TYPE, type TypeCode } from '../tar/entry'
import { LastNames } from './last-name'
import { ROOT, Tree } from './tree'
import { namesIn, resolve, type LinkTarget } from './walk'

/** Tables by layer number; where the pending edits' links come from is the caller's business. */
export type Tables = readonly EntryTable[]

/** Paths the layer changed, as `expected.json` of the corpus counts them: listed anew, listed again, gone. */
export interface LayerCounts {
  added: number
  changed: number
  removed: number
}

export function linkTargets(tree: Tree, tables: Tables): LinkTarget {
  return (node) => linkBytesOf(tables[tree.inodeLayer[node]], tree.inodeRow[node])
}

/** The union of `tables`, base first. */
export function unite(tables: Tables, notices?: Notices): Tree {
  const tree = new Tree()
  tables.forEach((_, layer) => applyLayer(tree, tables, layer, notices))
  return tree
}

/** Lays one more layer on the tree. `tree.touched` then holds its change. */
export function applyLayer(tree: Tree, tables: Tables, layer: number, notices?: Notices): LayerCounts {
  tree.begin()
  const applier = new Applier(tree, tables, layer, notices)
  applier.markers()
  applier.entries()
  applier.lateLinks()
  return countsOf(tree)
}

function countsOf(tree: Tree): LayerCounts {
  const counts = { added: 0, changed: 0, removed: 0 }
  const { nodes, wasAlive } = tree.touched
  nodes.forEach((node, i) => {
    if (node === ROOT || tree.row[node] < 0) return // The root is no path of its own; a parent that no layer lists is nobody's.
    if (tree.alive[node] === 0) {
      if (wasAlive[i]) counts.removed++
    } else if (wasAlive[i]) counts.changed++
    else counts.added++
  })
  return counts
}

class Applier {
  readonly tree: Tree
  readonly table: EntryTable
  readonly layer: number
  readonly target: LinkTarget
  readonly notices: Notices | undefined
  readonly #pending: number[] = []
  /** Rows that are markers: not entries. */
  readonly #isMarker: Uint8Array
  readonly #names: LastNames
  /** By directory part, the node it led to without a link: whoever lists a directory comes back to it from its children. */
  readonly #parents: Int32Array
  #lastPrefix: Uint8Array = new Uint8Array(0)
  #lastParent = -1
  #lastDir = -1

  constructor(tree: Tree, tables: Tables, layer: number, notices: Notices | undefined) {
    this.tree = tree
    this.table = tables[layer]
    this.layer = layer
    this.target = linkTargets(tree, tables)
    this.notices = notices
    this.#isMarker = new Uint8Array(this.table.length)
    this.#names = new LastNames(this.table)
    this.#parents = new Int32Array(this.table.dirs.end.length).fill(-1)
  }

  /** First pass: everything that takes lower paths away. */
  markers(): void {
    const { length } = this.table
    for (let row = 0; row < length; row++) {
      this.#names.at(row)
      const { bytes, from, to } = this.#names
      const marker = markerOf(bytes, from, to)
      if (marker === 'none') continue
      this.#isMarker[row] = 1
      // Cleaned as text, as engines do with every name of an entry: ".." behind a link is not where the link leads.
      const { dirBytes, dirFrom, dirTo } = this.#names
      const dir = cleaned(dirBytes.subarray(dirFrom, dirTo))
      if (marker === 'whiteout') this.#whiteout(row, dir, bytes.subarray(from + 4, to))
      else if (marker === 'opaque') this.#opaque(dir)
      else if (marker === 'invalid')
        this.#notice(
          'error',
          'whiteout-invalid',
          'A whiteout marker that names nothing: engines refuse the layer.',
          row,
        )
      else this.#notice('info', 'whiteout-aufs', 'AUFS metadata: engines skip it.', row)
    }
  }

  #whiteout(row: number, dir: Uint8Array, name: Uint8Array): void {
    const parent = resolve(this.tree, dir, this.target, true)
    const node = parent < 0 ? -1 : this.tree.liveChild(parent, name, 0, name.length)
    if (node >= 0) this.tree.kill(node)
    else if (!this.#isGone(dir, name))
      this.#notice('info', 'whiteout-of-nothing', 'A whiteout of a path that no lower layer has.', row)
  }

  /** Whether another marker of this layer has taken it away already. */
  #isGone(dir: Uint8Array, name: Uint8Array): boolean {
    const { tree } = this
    let node: number = ROOT
    const names = namesIn(dir)
    for (let i = 0; i < names.length && node >= 0; i += 2)
      node = tree.child(node, dir, names[i], names[i + 1])
    if (node >= 0) node = tree.child(node, name, 0, name.length)
    return node >= 0 && tree.isTouched(node)
  }

  #isGoneAt(path: Uint8Array): boolean {
    const slash = path.lastIndexOf(0x2f)
    return this.#isGone(path.subarray(0, Math.max(0, slash)), path.subarray(slash + 1))
  }

  #isBelowFile(path: Uint8Array): boolean {
    const above = path.subarray(0, Math.max(0, path.lastIndexOf(0x2f)))
    const node = resolve(this.tree, above, this.target, true)
    return node >= 0 && this.tree.type[node] !== TYPE.directory
  }

  #opaque(dir: Uint8Array): void {
    const node = resolve(this.tree, dir, this.target, true)
    if (node >= 0) this.tree.killChildren(node)
  }

  /** Second pass: the layer's own entries, in order; of a path listed twice the last counts. */
  entries(): void {
    const { table } = this
    for (let row = 0; row < table.length; row++) if (this.#isMarker[row] === 0) this.#entry(row)
  }

  #entry(row: number): void {
    const { tree, table, layer } = this
    this.#names.at(row)
    const { bytes, from, to } = this.#names
    if (to === from) {
      // Nothing, ".", or ".." up to the top: the root itself. A file without any path is what a rewritten layer has lost.
      if (table.type[row] === TYPE.file && pathBytesOf(table, row).length === 0) return
      if (this.#isOwn(ROOT)) this.#twice(row)
      if (table.type[row] === TYPE.directory) tree.set(ROOT, layer, row, TYPE.directory)
      else
        this.#notice(
          'warning',
          'root-not-directory',
          'An entry for the root itself that is no directory: docker, podman and containerd pass over it, umoci fails.',
          row,
        )
      return
    }
    const parent = this.#parent(row)
    if (parent >= 0) this.#place(parent, bytes, from, to, row)
    else
      this.#notice(
        'warning',
        'below-whiteout',
        'This lies in a directory whose name is a whiteout marker; it is not shown, and engines skip it or fail.',
        row,
      )
  }

  /**
   * The directory node for the bytes before the name; made where it is missing. The same as for the entry before, most
   * of the time. -1 where a name on the way is a marker: those never become files.
   */
  #parent(row: number): number {
    const last = this.#lastParent
    const { tree } = this
    const { dir, dirBytes: bytes, dirFrom: from, dirTo: to } = this.#names
    // A node that is alive lies in live directories: while it is one itself, the way to it is the same.
    const known = dir < 0 ? -1 : this.#parents[dir]
    if (known >= 0 && tree.alive[known] === 1 && tree.type[known] === TYPE.directory) {
      if (dir === this.#lastDir) return known
      this.#lastDir = dir
      this.#lastPrefix = bytes.subarray(from, to)
      return (this.#lastParent = known)
    }
    // Most often it lies below the one before: a walk from the root for each would make deep trees quadratic.
    const further = this.#isBelowLast(bytes, from, to)
    const names = namesIn(bytes, further ? from + this.#lastPrefix.length : from, to)
    for (let i = 0; i < names.length; i += 2)
      if (markerOf(bytes, names[i], names[i + 1]) !== 'none') return -1
    let node: number = further ? last : ROOT
    let straight = true
    for (let i = 0; i < names.length; i += 2) {
      const next = this.#directory(node, bytes, names[i], names[i + 1], row)
      if (tree.liveChild(node, bytes, names[i], names[i + 1]) !== next) straight = false
      node = next
    }
    this.#lastPrefix = bytes.subarray(from, to)
    // Behind a link it may lead elsewhere for the next entry: the link itself can be what this one replaces.
    this.#lastParent = straight ? node : -1
    this.#lastDir = dir
    if (dir >= 0) this.#parents[dir] = this.#lastParent
    return node
  }

  /** Whether the bytes go on where the last prefix, which is whole names, ends, and never up again. */
  #isBelowLast(bytes: Uint8Array, from: number, to: number): boolean {
    const { tree } = this
    const node = this.#lastParent
    const { length } = this.#lastPrefix
    if (node < 0 || length === 0 || length > to - from) return false
    if (tree.alive[node] === 0 || tree.type[node] !== TYPE.directory) return false
    if (!this.#isLastPrefix(bytes, from, from + length)) return false
    for (let i = from + length; i + 1 < to; i++) if (bytes[i] === 0x2e && bytes[i + 1] === 0x2e) return false
    return true
  }

  #isLastPrefix(bytes: Uint8Array, from: number, to: number): boolean {
    const last = this.#lastPrefix
    if (last.length !== to - from) return false
    for (let i = last.length - 1; i >= 0; i--) if (last[i] !== bytes[from + i]) return false
    return true
  }

  /** One step down: into a directory, through a link to one, or into a directory made for the purpose. */
  #directory(parent: number, bytes: Uint8Array, from: number, to: number, row: number): number {
    const { tree } = this
    const node = tree.liveChild(parent, bytes, from, to)
    if (node < 0) return tree.put(parent, bytes, from, to, -1, -1, TYPE.directory)
    if (tree.type[node] === TYPE.directory) return node
    if (tree.type[node] === TYPE.symlink) {
      const target = this.#throughLink(node)
      if (target >= 0) {
        this.#lintWay(node, target, row)
        return target
      }
    }
    this.#lintBlock(node, to, row)
    tree.kill(node)
    return tree.put(parent, bytes, from, to, -1, -1, TYPE.directory)
  }

  /** A link that leads on: what engines that unpack the layer alone find there. */
  #lintWay(link: number, target: number, row: number): void {
    const { tree } = this
    if (!this.#isOwn(link))
      this.#notice(
        'warning',
        'through-symlink',
        `This goes through the symbolic link ${tree.path(link)} of a lower layer: overlay engines put a real directory there, which hides the link.`,
        row,
      )
    else if (!this.#isUnpacked(target))
      this.#notice(
        'warning',
        'link-leads-below',
        `This goes through the symbolic link ${tree.path(link)} to ${tree.path(target)}, which only a lower layer has: docker and podman fail on it.`,
        row,
      )
  }

  /** Something that is no directory, and leads to none, stands where there must be one. `to`: where its name ends in the path. */
  #lintBlock(node: number, to: number, row: number): void {
    const { tree } = this
    const path = tree.path(node)
    if (!this.#isOwn(node))
      // containerd asks lower layers for the attributes of each parent that this one does not list.
      this.#notice(
        'warning',
        this.#names.dirTo - to > 1 ? 'parents-not-directory' : 'parent-not-directory',
        `${path} is no directory in the layers below; it is replaced by one.`,
        row,
      )
    else if (tree.type[node] === TYPE.symlink && this.#goesRound(node))
      this.#notice(
        'error',
        'below-link-loop',
        `The symbolic link ${path} leads round in a circle: engines fail on it.`,
        row,
      )
    else if (tree.type[node] === TYPE.symlink && !this.#isUnpacked(this.#behind(node)))
      this.#notice(
        'warning',
        'link-leads-nowhere',
        `This goes through the symbolic link ${path}, which leads to nothing that this layer has: docker and podman fail on it, containerd makes what it leads to; here a directory takes its place.`,
        row,
      )
    else
      this.#notice(
        'error',
        'below-file',
        `${path} is no directory, and the same layer has something below it: engines fail on it.`,
        row,
      )
  }

  /** Whether this layer has put it there. */
  #isOwn(node: number): boolean {
    return this.tree.layer[node] === this.layer && this.tree.row[node] >= 0
  }

  /** Whether it is there where this layer is unpacked alone: listed by it, or made for what lies below. */
  #isUnpacked(node: number): boolean {
    const { tree } = this
    if (node < 0) return false
    if (node === ROOT || this.#isOwn(node)) return true
    for (let child = tree.firstChild(node); child >= 0; child = tree.nextSibling(child))
      if (tree.alive[child] === 1 && this.#isOwn(child)) return true
    return false
  }

  #goesRound(link: number): boolean {
    const { tree } = this
    for (let hops = 0; hops < MOST_HOPS; hops++) {
      link = resolve(tree, this.target(link), this.target, false, tree.parent[link])
      if (link < 0 || tree.type[link] !== TYPE.symlink) return false
    }
    return true
  }

  /** What a link leads to, whatever it is. */
  #behind(link: number): number {
    return resolve(this.tree, this.target(link), this.target, true, this.tree.parent[link])
  }

  /** The directory a link leads to; -1 where it leads nowhere. */
  #throughLink(link: number): number {
    const node = this.#behind(link)
    return node >= 0 && this.tree.type[node] === TYPE.directory ? node : -1
  }

  #place(parent: number, bytes: Uint8Array, from: number, to: number, row: number): void {
    const { tree, table, layer } = this
    const type = table.type[row] as TypeCode
    const there = tree.liveChild(parent, bytes, from, to)
    if (there >= 0 && tree.row[there] >= 0 && tree.layer[there] === layer && tree.isTouched(there))
      this.#twice(row)
    if (there >= 0 && !(type === TYPE.directory && tree.type[there] === TYPE.directory))
      tree.killChildren(there)
    if (type !== TYPE.hardlink) {
      tree.put(parent, bytes, from, to, layer, row, type)
      return
    }
    const target = this.#linkTarget(row)
    if (target >= 0) this.#link(parent, bytes, from, to, row, target)
    else {
      // The target may come later in this layer: put what is known, look again at the end.
      const node = tree.put(parent, bytes, from, to, layer, row, TYPE.hardlink)
      this.#pending.push(node)
    }
  }

  #twice(row: number): void {
    this.#notice(
      'warning',
      'path-twice',
      'The layer lists this path twice; the last one counts here. docker and podman refuse such a layer.',
      row,
    )
  }

  /** What a hard link's name means: from the root, links on the way followed, the last one not (link(2)). */
  #linkTarget(row: number): number {
    const node = resolve(this.tree, cleaned(linkBytesOf(this.table, row)), this.target, false)
    if (node < 0 || this.tree.type[node] === TYPE.directory || this.tree.type[node] === TYPE.hardlink)
      return -1
    return node
  }

  #link(parent: number, bytes: Uint8Array, from: number, to: number, row: number, target: number): void {
    const { tree, layer } = this
    const [inodeLayer, inodeRow] = [tree.inodeLayer[target], tree.inodeRow[target]]
    if (inodeLayer === layer && this.#goesBelow(linkBytesOf(this.table, row)))
      this.#notice(
        'warning',
        'hardlink-across-layers',
        `A hard link to ${linkTextOf(this.table, row)}, which goes through a symbolic link of a lower layer: overlay engines fail on it.`,
        row,
      )
    if (inodeLayer !== layer)
      this.#notice(
        'warning',
        'hardlink-across-layers',
        `A hard link to ${linkTextOf(this.table, row)}, which only a lower layer has: overlay engines fail on it.`,
        row,
      )
    tree.put(parent, bytes, from, to, layer, row, tree.type[target] as TypeCode, inodeLayer, inodeRow)
  }

  /** Whether a link of a lower layer stands on the way to what a hard link means. */
  #goesBelow(bytes: Uint8Array): boolean {
    const { tree } = this
    let node: number = ROOT
    const names = namesIn(bytes)
    for (let i = 0; i + 2 < names.length; i += 2) {
      node = tree.liveChild(node, bytes, names[i], names[i + 1])
      // Behind a link of the layer's own it is as the layer wants it.
      if (node < 0 || this.#isOwn(node)) return false
      if (tree.type[node] === TYPE.symlink) return true
    }
    return false
  }

  /** Links whose target came later, or never; links to such links take a round more. */
  lateLinks(): void {
    const { tree, layer } = this
    let pending = [...new Set(this.#pending)].filter(
      (node) => tree.alive[node] === 1 && tree.type[node] === TYPE.hardlink,
    )
    for (let round = 0, before = Infinity; pending.length < before && round < MOST_ROUNDS; round++) {
      before = pending.length
      pending = pending.filter((node) => {
        const row = tree.row[node]
        const target = this.#linkTarget(row)
        if (target < 0) return true
        this.#notice(
          'error',
          'hardlink-forward',
          `A hard link to ${linkTextOf(this.table, row)}, which comes later in the layer: engines fail on it.`,
          row,
        )
        tree.set(
          node,
          layer,
          row,
          tree.type[target] as TypeCode,
          tree.inodeLayer[target],
          tree.inodeRow[target],
        )
        return false
      })
    }
    for (const node of pending) this.#lintLost(tree.row[node])
  }

  /** A hard link to nothing that a hard link can be of. */
  #lintLost(row: number): void {
    const name = linkTextOf(this.table, row)
    const bytes = linkBytesOf(this.table, row)
    const target = resolve(this.tree, cleaned(bytes), this.target, false)
    if (target >= 0 && this.tree.type[target] === TYPE.directory)
      this.#notice(
        'error',
        'hardlink-to-directory',
        `A hard link to ${name || '""'}, which is a directory: engines fail on it.`,
        row,
      )
    else if (target < 0 && this.#isGoneAt(cleaned(bytes)))
      this.#notice(
        'error',
        'hardlink-to-whiteout',
        `A hard link to ${name}, which this layer takes away: overlay engines make a whiteout of it.`,
        row,
      )
    else if (/(^|\/)\.wh\.\.wh\./.test(name))
      this.#notice(
        'warning',
        'hardlink-to-aufs',
        `A hard link to ${name}, where AUFS keeps files of its own: engines find it there, it is not shown here.`,
        row,
      )
    else if (this.#isBelowFile(cleaned(bytes)))
      this.#notice('error', 'hardlink-below-file', `A hard link to ${name}, which lies below a file.`, row)
    else this.#notice('error', 'hardlink-missing', `A hard link to ${name}, which does not exist.`, row)
  }

  #notice(severity: 'info' | 'warning' | 'error', code: string, message: string, row: number): void {
    this.notices?.add(severity, code, message, {
      layer: this.layer,
      path: absolute(pathBytesOf(this.table, row)),
      at: headerAtOf(this.table, row),
    })
  }
}

/** Of links that lead to links, as Linux has it. */
const MOST_HOPS = 40
/** Chains of links that come before their targets are as long as someone makes them. */
const MOST_ROUNDS = 64

/** A link name without a leading slash or ".." games: hard links are read from the root. */
function cleaned(bytes: Uint8Array): Uint8Array {
  const names = namesIn(bytes)
  const parts: number[] = []
  for (let i = 0; i < names.length; i += 2) {
    if (i > 0) parts.push(0x2f)
    for (let j = names[i]; j < names[i + 1]; j++) parts.push(bytes[j])
  }
  return Uint8Array.from(parts)
}

/** "/etc/motd" for "./etc/motd" and "etc/motd/". */
export function absolute(bytes: Uint8Array): string {
  const names = namesIn(bytes)
  let path = ''
  for (let i = 0; i < names.length; i += 2) path += `/${nameText(bytes.subarray(names[i], names[i + 1]))}`
  return path || '/'
}
