/** A tree as rows: what is expanded, filtered, in which order. The page asks for the rows in sight and holds no more. */
import type { Change, EntryType, Row, SortKey, TreeSummary, ViewRequest } from '../../workers/api'
import { bytesOfName, nameText } from '../core/bytes/text'
import { linkTextOf } from '../core/layer/rows'
import { CHANGE, changesOf } from '../core/rootfs/change'
import { entryOf, sizeIn, type Sources } from '../core/rootfs/entry'
import type { Numbered } from '../core/rootfs/numbered'
import { parentsOf } from '../core/rootfs/parents'
import { inodeKey, isLinkName, sumsOf, type Sums } from '../core/rootfs/sums'
import type { Touched } from '../core/rootfs/touched'
import { ROOT, type Tree } from '../core/rootfs/tree'
import { compareNames } from '../core/rootfs/walk'
import { ENTRY_TYPES, TYPE } from '../core/tar/entry'
import { FlatLayout } from './flat'
import { Layout } from './layout'
import { childrenByName } from './order'
import { isSifted, sieve, type Sifted } from './sieve'

export interface ViewTree {
  readonly tree: Tree
  readonly sources: Sources
  /** Whether nodes that the last layer took away are shown. */
  readonly ghosts: boolean
  /** Whether only what the last layer touched is shown. */
  readonly onlyTouched: boolean
}

const CHANGES: readonly Change[] = ['same', 'added', 'changed', 'metadata', 'removed']

/** What every view of one tree has in common, whatever its filter and order. */
interface Base {
  readonly parents: Numbered
  readonly changes: Uint8Array
  readonly sums: Sums
  /** Nodes that the view shows without a filter. */
  readonly visible: Uint8Array
  /** By number of a parent. */
  readonly changedBelow: Uint32Array
}

/** Of the state that a tree was in last: each layer that is applied begins another `touched`. */
const bases = new WeakMap<Touched, { readonly key: string; readonly base: Base }>()

function baseOf({ tree, sources, ghosts, onlyTouched }: ViewTree): Base {
  const key = [ghosts, onlyTouched, tree.length, tree.touched.nodes.length, sources.tables.length].join()
  const known = bases.get(tree.touched)
  if (known?.key === key) return known.base
  const changes = changesOf(tree, sources)
  // As most views are: all that lives, and nothing else.
  const visible = tree.alive.slice(0, tree.length)
  if (ghosts || onlyTouched)
    for (let node = 0; node < tree.length; node++)
      if (tree.alive[node] === 0) visible[node] = ghosts && changes[node] === CHANGE.removed ? 1 : 0
      else
        visible[node] =
          !onlyTouched || changes[node] !== CHANGE.same || (tree.isTouched(node) && tree.row[node] >= 0)
            ? 1
            : 0
  const parents = parentsOf(tree)
  const changedBelow = new Uint32Array(parents.count)
  // What no layer or edit touched has not changed.
  const last = tree.touched.nodes.length > 0 ? tree.length - 1 : 0
  for (let node = last; node > 0; node--) {
    const at = parents.of(node)
    const changed = (at < 0 ? 0 : changedBelow[at]) + (changes[node] === CHANGE.same ? 0 : 1)
    if (changed > 0) changedBelow[parents.of(tree.parent[node])] += changed
  }
  // Of one layer alone, what lower layers have in a directory is not its doing.
  const counts = onlyTouched ? (node: number) => visible[node] === 1 : undefined
  const sums = sumsOf(tree, sizeIn(sources), counts, parents)
  const base = { parents, changes, sums, visible, changedBelow }
  bases.set(tree.touched, { key, base })
  return base
}

export class View {
  readonly tree: Tree
  readonly sources: Sources
  readonly #request: ViewRequest
  readonly #expanded: Set<string>
  readonly #base: Base
  readonly #changes: Uint8Array
  readonly #sums: Sums
  /** Nodes that can be seen at all: live ones, ghosts where wanted, and with a filter only matches and their parents. */
  readonly #seen: Uint8Array
  /** Whether all that lives is shown, and nothing else. */
  readonly #all: boolean
  /** Directories that stand otherwise than they would by themselves: opened, or with a filter closed. */
  readonly #turned: Uint8Array
  readonly #matched: number | null
  /** With a filter, which nodes match. */
  readonly #hits: Uint8Array
  readonly #children = new Map<number, Int32Array>()
  readonly #layout: Layout | FlatLayout
  #counts: { files: number; directories: number; bytes: number } | null = null

  /** `expanded` holds paths, and is changed by `expand` and `reveal`. */
  constructor({ tree, sources, ghosts, onlyTouched }: ViewTree, request: ViewRequest, expanded: Set<string>) {
    this.tree = tree
    this.sources = sources
    this.#request = request
    this.#expanded = expanded
    this.#base = baseOf({ tree, sources, ghosts, onlyTouched })
    const { visible } = this.#base
    this.#changes = this.#base.changes
    this.#sums = this.#base.sums
    const inView = (node: number): boolean => visible[node] === 1
    this.#turned = new Uint8Array(tree.length)
    const filtered = isSifted(request)
    const hits = (this.#hits = new Uint8Array(filtered ? tree.length : 0))
    this.#all = !filtered && !ghosts && !onlyTouched
    let matched = 0
    if (this.#all) this.#seen = visible
    else {
      const found = filtered ? sieve(tree, request, this.#sifted(), inView) : visible
      const { parent } = tree
      const seen = (this.#seen = new Uint8Array(tree.length))
      for (let node = tree.length - 1; node > 0; node--) {
        if (found[node] === 1) {
          seen[node] = 1
          matched++
          if (filtered) hits[node] = 1
        }
        if (seen[node] === 1) seen[parent[node]] = 1
      }
    }
    const seen = this.#seen
    this.#matched = filtered ? matched : null
    this.#turnExpanded()
    const { flat, sort, descending } = request
    const value = sort === 'name' ? null : this.#valueOf(sort)
    this.#layout = flat
      ? new FlatLayout({ tree, seen, wanted: filtered ? hits : seen, value, descending })
      : new Layout({
          tree,
          parents: this.#base.parents,
          seen,
          isOpen: (node) => this.#isOpen(node),
          childrenOf: (node) => this.#childrenOf(node),
          closed: this.#all && expanded.size === 0 ? this.#sums.columns.children : null,
        })
  }

  #sifted(): Sifted {
    return {
      change: (node) => this.changeOf(node),
      type: (node) => this.#shownType(node),
      bytes: (node) => this.#bytes(node),
    }
  }

  /** Directories by number: with a filter all ways to a match are open but those closed by hand, which stand in `expanded` with a "!". */
  #turnExpanded(): void {
    const filtered = this.#matched !== null
    for (const word of this.#expanded)
      if (word.startsWith('!') === filtered) this.#turn(filtered ? word.slice(1) : word, true)
  }

  #turn(path: string, turned: boolean): void {
    const node = this.nodeAt(path)
    if (node > ROOT) this.#turned[node] = turned ? 1 : 0
  }

  #isOpen(node: number): boolean {
    return (this.#turned[node] === 1) === (this.#matched === null)
  }

  #childrenOf(node: number): Int32Array {
    let children = this.#children.get(node)
    if (!children) this.#children.set(node, (children = this.#sorted(node)))
    return children
  }

  /** By name: directories first. */
  #sorted(node: number): Int32Array {
    const children = childrenByName(this.tree, node, this.#seen)
    if (children.length < 2) return children
    const { sort, descending } = this.#request
    if (sort !== 'name') return children.slice().sort(this.#comparing())
    const byName = descending ? children.slice().reverse() : children
    const isDirectory = (child: number): boolean => this.tree.type[child] === TYPE.directory
    const directories = byName.filter(isDirectory)
    if (directories.length === 0 || directories.length === children.length) return byName
    const sorted = new Int32Array(children.length)
    sorted.set(directories)
    sorted.set(
      byName.filter((child) => !isDirectory(child)),
      directories.length,
    )
    return sorted
  }

  #comparing(): (a: number, b: number) => number {
    const { sort, descending } = this.#request
    const sign = descending ? -1 : 1
    const value = this.#valueOf(sort)
    return (a, b) => sign * (value(a) - value(b)) || compareNames(this.tree, a, b)
  }

  #valueOf(sort: SortKey): (node: number) => number {
    const entry = (node: number) => entryOf(this.tree, this.sources, node)
    switch (sort) {
      case 'size':
        return (node) => this.#bytes(node)
      case 'mode':
        return (node) => entry(node).mode
      case 'owner':
        return (node) => entry(node).uid * 4294967296 + entry(node).gid
      case 'mtime':
        return (node) => entry(node).mtime
      case 'layer':
        return (node) => this.tree.layer[node]
      case 'change':
        return (node) => this.#changes[node]
      case 'name':
        return () => 0
    }
  }

  summary(version: number, complete: boolean): TreeSummary {
    this.#counts ??= this.#count()
    return {
      rows: this.#layout.count,
      version,
      ...this.#counts,
      matched: this.#matched,
      complete,
    }
  }

  #count(): { files: number; directories: number; bytes: number } {
    const counts = { files: 0, directories: 0, bytes: this.weight(ROOT) }
    if (this.#all) {
      counts.directories = this.#sums.columns.directories
      counts.files = this.#sums.below(ROOT) - counts.directories
      return counts
    }
    for (let node = 1; node < this.tree.length; node++) {
      if (this.#seen[node] === 0) continue
      if (this.tree.type[node] === TYPE.directory) counts.directories++
      else counts.files++
    }
    return counts
  }

  /** With a filter, by node. */
  #weights: Float64Array | null = null

  /** Bytes that the view shows at and below a node, hard-linked data once: with a filter, those of the matches, a directory that matches with all below it. */
  weight(node: number): number {
    return this.#matched === null ? this.#sums.bytes(node) : (this.#weights ??= this.#weigh())[node]
  }

  #weigh(): Float64Array {
    const { tree } = this
    const { linked, bytes } = this.#sums
    const weights = new Float64Array(tree.length)
    /** At or below a directory that matches. */
    const covered = new Uint8Array(tree.length)
    const inodes = new Set<number>()
    const size = sizeIn(this.sources)
    for (let node = 1; node < tree.length; node++) {
      const directory = tree.type[node] === TYPE.directory
      if (covered[tree.parent[node]] === 1 || (this.#hits[node] === 1 && directory)) {
        covered[node] = tree.alive[node]
        weights[node] = bytes(node)
      } else if (this.#hits[node] === 1 && tree.alive[node] === 1 && tree.type[node] === TYPE.file) {
        if (linked && inodes.has(inodeKey(tree, node))) continue
        if (linked) inodes.add(inodeKey(tree, node))
        weights[node] = size(tree, node)
      }
    }
    for (let node = tree.length - 1; node > 0; node--)
      if (covered[tree.parent[node]] === 0) weights[tree.parent[node]] += weights[node]
    return weights
  }

  /** Whether the view shows the node when all is open. */
  holds(node: number): boolean {
    return this.#seen[node] === 1
  }

  rows(from: number, count: number): Row[] {
    const rows: Row[] = []
    for (const { node, position, siblings } of this.#layout.from(Math.max(0, from))) {
      if (rows.length >= count) break
      rows.push(this.#row(node, position, siblings))
    }
    return rows
  }

  row(node: number): Row {
    if (node === ROOT) return this.#row(node, 1, 1)
    const siblings = this.#childrenOf(this.tree.parent[node])
    return this.#row(node, siblings.indexOf(node) + 1, siblings.length)
  }

  #row(node: number, position: number, siblings: number): Row {
    const { tree, sources } = this
    const entry = entryOf(tree, sources, node)
    const path = tree.path(node)
    const flat = this.#request.flat === true
    const expandable = tree.type[node] === TYPE.directory && this.#layout.hasChildren(node)
    return {
      node,
      depth: flat ? 0 : tree.depth(node) - 1,
      name: flat ? path.slice(1) : node === ROOT ? '/' : tree.name(node),
      path,
      type: this.#shownType(node),
      link: entry.link.length > 0 ? nameText(entry.link) : this.#linkName(node),
      expandable,
      expanded: expandable && this.#isOpen(node),
      bytes: this.#bytes(node),
      below: this.#sums.below(node),
      mode: entry.mode,
      uid: entry.uid,
      gid: entry.gid,
      mtime: entry.mtime,
      layer: this.layerOf(node),
      change: this.changeOf(node),
      changedBelow: this.#changedBelow(node),
      position,
      siblings,
    }
  }

  #changedBelow(node: number): number {
    const { parents, changedBelow } = this.#base
    const at = parents.of(node)
    return at < 0 ? 0 : changedBelow[at]
  }

  /** Of a ghost, what it had; sums count only what lives. */
  #bytes(node: number): number {
    if (this.tree.type[node] === TYPE.file && (this.tree.alive[node] === 0 || isLinkName(this.tree, node)))
      return sizeIn(this.sources)(this.tree, node)
    return this.#sums.bytes(node)
  }

  #shownType(node: number): EntryType {
    const { tree } = this
    if (
      tree.type[node] !== TYPE.directory &&
      isLinkName(tree, node) &&
      tree.row[node] >= 0 &&
      tree.layer[node] < this.sources.tables.length
    ) {
      const listed = this.sources.tables[tree.layer[node]].type[tree.row[node]]
      if (listed === TYPE.hardlink) return 'hardlink'
    }
    return ENTRY_TYPES[tree.type[node]]
  }

  /** The name that a hard link's header gives. */
  #linkName(node: number): string {
    if (this.#shownType(node) !== 'hardlink') return ''
    return linkTextOf(this.sources.tables[this.tree.layer[node]], this.tree.row[node])
  }

  /** -1 for what the edits made or moved. */
  layerOf(node: number): number | null {
    const { tree, sources } = this
    const layer = tree.layer[node]
    if (layer === sources.tables.length || tree.inodeLayer[node] === sources.tables.length) return -1
    return tree.row[node] < 0 ? null : layer
  }

  changeOf(node: number): Change {
    return CHANGES[this.#changes[node]]
  }

  expand(path: string, open: boolean, deep: boolean): void {
    const filtered = this.#matched !== null
    const set = (at: string): void => {
      this.#turn(at, open !== filtered)
      if (filtered) {
        if (open) this.#expanded.delete(`!${at}`)
        else this.#expanded.add(`!${at}`)
      } else if (open) this.#expanded.add(at)
      else this.#expanded.delete(at)
    }
    set(path)
    if (deep) this.#eachDirectoryBelow(path, set)
    this.#layout.recount()
  }

  #eachDirectoryBelow(path: string, visit: (path: string) => void): void {
    const top = this.nodeAt(path)
    if (top < 0) return
    const stack: { node: number; path: string }[] = [{ node: top, path }]
    const { tree } = this
    for (let item = stack.pop(); item; item = stack.pop()) {
      if (item.node !== top) visit(item.path)
      for (let child = tree.firstChild(item.node); child >= 0; child = tree.nextSibling(child))
        if (tree.type[child] === TYPE.directory && this.#seen[child] === 1)
          stack.push({ node: child, path: `${item.path}/${tree.name(child)}` })
    }
  }

  /** Node of a path as rows show it, ghosts included; -1 where the view does not hold it. */
  nodeAt(path: string): number {
    let node: number = ROOT
    for (const name of path.split('/').filter(Boolean)) {
      const bytes = bytesOfName(name)
      node = this.tree.child(node, bytes, 0, bytes.length)
      if (node < 0 || this.#seen[node] === 0) return -1
    }
    return node
  }

  /** Opens all parents; answers the row of the path, or -1. */
  reveal(path: string): number {
    const node = this.nodeAt(path)
    if (node <= ROOT) return -1
    const names = path.split('/').filter(Boolean)
    for (let i = 1; i < names.length; i++) {
      const path = `/${names.slice(0, i).join('/')}`
      this.#expanded.add(path)
      this.#expanded.delete(`!${path}`)
      this.#turn(path, this.#matched === null)
    }
    this.#layout.recount()
    return this.#layout.indexOf(node)
  }

  typeAhead(prefix: string, from: number): number {
    const wanted = prefix.toLowerCase()
    const count = this.#layout.count
    const start = Math.max(0, from + 1) % Math.max(1, count)
    const found = this.#rowNamed(wanted, start, count)
    return found >= 0 ? found : this.#rowNamed(wanted, 0, start)
  }

  /** The first row in [from, to) whose name begins so; -1 for none. */
  #rowNamed(beginning: string, from: number, to: number): number {
    let row = from
    for (const { node } of this.#layout.from(from)) {
      if (row === to) break
      if (this.tree.name(node).toLowerCase().startsWith(beginning)) return row
      row++
    }
    return -1
  }
}
