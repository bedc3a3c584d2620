/**
 * The union of layers as columns. A node is a path that any layer ever spoke of; it stays when the path is taken
 * away (`alive` 0) and comes back when the path does, so "removed" can be shown and nothing is ever renumbered.
 * Parents stand before their children: a loop from the end upwards sums a tree. Once all layers are applied a tree is
 * sealed, which makes it small: names are read in the tables then.
 *
 *   node   parent  name    layer row   inode
 *   0      -1      ""      -1    -1    -1,-1    the root, listed by no layer
 *   1      0       etc     0     0     0,0
 *   2      1       motd    1     3     1,3
 *   3      0       bin     -1    -1    -1,-1    a parent that no layer lists
 *   4      3       sh      0     2     0,1      a hard link: its inode is another entry
 */
import { nameText } from '../bytes/text'
import { ImageError } from '../fault/fault'
import type { EntryTable } from '../layer/table'
import { TYPE, type TypeCode } from '../tar/entry'
import { Children, type PackedChildren } from './children'
import { Marks } from './marks'
import { hash, NameIndex } from './name-index'
import { NodeNames } from './node-names'
import type { Numbered } from './numbered'
import type { KeptNames } from './row-names'
import { Touched } from './touched'

/** About a gigabyte of columns. A path of a megabyte can name half a million directories, and no layer need list them. */
const MOST_NODES = 20_000_000

/** What a signed byte holds. Engines stop at about as many layers; a file may have more. */
const MOST_NARROW = 127

/** Numbers of layers: a byte each as long as that will do. */
export type LayerColumn = Int8Array<ArrayBuffer> | Int16Array<ArrayBuffer>

export const NO_LAYER = -1
export const ROOT = 0

/** What a sealed tree is: names follow from tables. */
export interface TreeColumns {
  readonly parent: Int32Array
  readonly layer: Int8Array | Int16Array
  readonly row: Int32Array
  /** Null where no node is a hard link: then they are `layer` and `row`. */
  readonly inodeLayer: Int8Array | Int16Array | null
  readonly inodeRow: Int32Array | null
  readonly type: Uint8Array
  readonly alive: Uint8Array
  readonly names: KeptNames
  /** They follow from parents; to make them again takes a quarter of the time in which an image is taken up. */
  readonly children: PackedChildren
}

export class Tree {
  length = 0
  #capacity = 1024
  parent = new Int32Array(1024)
  #children = new Children(1024)
  names = new NodeNames()
  /** Layer and row of the entry that lists this name; -1 where none does. The pending edits count as one more layer. */
  layer: LayerColumn = new Int8Array(1024)
  row = new Int32Array(1024)
  /** Entry that holds attributes and contents; another one than `layer, row` for hard links. Until there is one, these are the same columns. */
  inodeLayer = this.layer
  inodeRow = this.row
  type = new Uint8Array(1024)
  alive = new Uint8Array(1024)
  /** Nodes that the layer that is applied, or was last, has touched. */
  #marks = new Marks(1024)
  touched = new Touched()
  /** Null where none has been needed since the tree was sealed. */
  #index: NameIndex | null = null
  /** Without an index, this many siblings are looked at one by one before one is made. */
  #patience = 0
  /** Whether another tree, or names that are read in tables, go by the same columns: they are copied before the first change. */
  #shared = false
  #origin: Tree | null = null

  /** @param rooted whether it has its root; a copy gets that with its columns */
  constructor(rooted = true) {
    if (!rooted) return
    this.#add(-1, new Uint8Array(0), 0, 0, 0)
    this.alive[ROOT] = 1
    this.type[ROOT] = TYPE.directory
  }

  /**
   * A sealed tree of `tables` from its columns, which become its own; inode columns that are null are `layer` and `row`.
   * Null where its children are not those of its parents.
   */
  static restored(columns: TreeColumns, touched: Touched, tables: readonly EntryTable[]): Tree | null {
    const children = Children.restored(columns.children, columns.parent)
    if (!children) return null
    const tree = new Tree(false)
    const length = (tree.length = tree.#capacity = columns.parent.length)
    for (const key of COLUMNS) (tree[key] as Int32Array) = columns[key] as Int32Array<ArrayBuffer>
    tree.inodeLayer = (columns.inodeLayer ?? columns.layer) as LayerColumn
    tree.inodeRow = (columns.inodeRow ?? columns.row) as Int32Array<ArrayBuffer>
    tree.#children = children
    tree.names = NodeNames.of(tree, tables, columns.names)
    tree.#marks = new Marks(length)
    for (const node of touched.nodes) tree.#marks.add(node)
    tree.touched = touched
    tree.#index = null
    tree.#patience = length
    tree.#shared = true
    return tree
  }

  /** Siblings as columns, and the nodes that have children by number; null until the tree is sealed. */
  get packedChildren(): PackedChildren | null {
    return this.#children.packed
  }
  get packedParents(): Numbered | null {
    return this.#children.parents
  }

  /** Starts a new layer: what is touched from now on is its change. */
  begin(): void {
    this.#marks = new Marks(this.#capacity)
    this.touched = new Touched()
  }

  /**
   * No more layers will come soon: what only applying them needs is let go, and names that the layers' tables have are
   * read there. Nothing else changes.
   */
  seal(tables: readonly EntryTable[]): void {
    this.#shared = false
    this.#origin = null
    this.#children = Children.packedOf(this.parent, this.length)
    this.#resize(this.length)
    this.names = this.names.sealed(this, tables)
    // Names go by `layer` and `row` as they are now.
    this.#shared = true
    this.touched.trim()
    this.#index = null
    this.#patience = this.length
  }

  /** The child that came last, alive or not; -1 for none. */
  firstChild(node: number): number {
    return this.#children.first(node)
  }

  /** The sibling that came before; -1 for none. */
  nextSibling(node: number): number {
    return this.#children.next(node)
  }

  /** Child of that name, alive or not; -1 where no layer ever had one. */
  child(parent: number, bytes: Uint8Array, from: number, to: number): number {
    if (this.#index === null && this.#patience > 0) return this.#childAmong(parent, bytes, from, to)
    return this.#indexed().find(this, parent, bytes, from, to, hash(parent, bytes, from, to))
  }

  /** For a path or two an index of a million names is not worth making. */
  #childAmong(parent: number, bytes: Uint8Array, from: number, to: number): number {
    let node = this.firstChild(parent)
    for (; node >= 0 && !this.names.is(node, bytes, from, to); node = this.nextSibling(node)) this.#patience--
    return node
  }

  #indexed(): NameIndex {
    if (this.#index) return this.#index
    // While both show the same columns, one index serves both.
    const same = this.#origin?.parent === this.parent ? this.#origin : null
    return (this.#index = same ? same.#indexed() : NameIndex.of(this))
  }

  /** The same, only where it is alive. */
  liveChild(parent: number, bytes: Uint8Array, from: number, to: number): number {
    const node = this.child(parent, bytes, from, to)
    return node >= 0 && this.alive[node] === 1 ? node : -1
  }

  /** Puts an entry at (parent, name). The caller has killed what stood there, if it does not merge. */
  put(
    parent: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    layer: number,
    row: number,
    type: TypeCode,
    inodeLayer = layer,
    inodeRow = row,
  ): number {
    const hashed = hash(parent, bytes, from, to)
    let node = this.#indexed().find(this, parent, bytes, from, to, hashed)
    if (node < 0) node = this.#add(parent, bytes, from, to, hashed)
    this.set(node, layer, row, type, inodeLayer, inodeRow)
    return node
  }

  /** Gives a node another entry. */
  set(node: number, layer: number, row: number, type: TypeCode, inodeLayer = layer, inodeRow = row): void {
    this.touch(node)
    if (layer > MOST_NARROW || inodeLayer > MOST_NARROW) this.#widenLayers()
    if (this.inodeRow === this.row && (inodeLayer !== layer || inodeRow !== row)) {
      this.inodeLayer = this.layer.slice()
      this.inodeRow = this.row.slice()
    }
    this.alive[node] = 1
    this.layer[node] = layer
    this.row[node] = row
    this.type[node] = type
    this.inodeLayer[node] = inodeLayer
    this.inodeRow[node] = inodeRow
  }

  #widenLayers(): void {
    if (this.layer instanceof Int16Array) return
    const apart = this.inodeRow !== this.row
    this.layer = Int16Array.from(this.layer)
    this.inodeLayer = apart ? Int16Array.from(this.inodeLayer) : this.layer
  }

  /** Remembers how the node was before this layer. */
  touch(node: number): void {
    this.#own()
    if (this.#marks.has(node)) return
    this.#marks.add(node)
    this.touched.push(node, this.alive[node], this.type[node], this.inodeLayer[node], this.inodeRow[node])
  }

  /** Whether this layer has touched the node. */
  isTouched(node: number): boolean {
    return this.#marks.has(node)
  }

  /** Takes away a node with all below it. */
  kill(node: number): void {
    if (this.alive[node] === 0) return
    this.touch(node)
    this.alive[node] = 0
    this.killChildren(node)
  }

  /** Takes away all below a node. Not recursive: trees are 3,000 levels deep in tests, and deeper in attacks. */
  killChildren(top: number): void {
    const stack = [top]
    for (let dir = stack.pop(); dir !== undefined; dir = stack.pop())
      for (let node = this.firstChild(dir); node >= 0; node = this.nextSibling(node))
        if (this.alive[node] === 1) {
          this.touch(node)
          this.alive[node] = 0
          if (this.firstChild(node) >= 0) stack.push(node)
        }
  }

  nameBytes(node: number): Uint8Array {
    return this.names.bytesOf(node)
  }

  name(node: number): string {
    return nameText(this.nameBytes(node))
  }

  /** Absolute, for people: "/etc/motd"; "/" for the root. */
  path(node: number): string {
    if (node === ROOT) return '/'
    const parts: string[] = []
    for (let at = node; at !== ROOT; at = this.parent[at]) parts.push(this.name(at))
    return `/${parts.reverse().join('/')}`
  }

  /** Relative, as bytes, without a slash at either end: the form entries are written in. */
  pathBytes(node: number): Uint8Array {
    let length = -1
    for (let at = node; at !== ROOT; at = this.parent[at]) length += 1 + this.names.lengthOf(at)
    const path = new Uint8Array(Math.max(0, length))
    let end = path.length
    for (let at = node; at !== ROOT; at = this.parent[at]) {
      const name = this.nameBytes(at)
      path.set(name, end - name.length)
      end -= name.length + 1
      if (end >= 0) path[end] = 0x2f
    }
    return path
  }

  depth(node: number): number {
    let depth = 0
    for (let at = node; at !== ROOT; at = this.parent[at]) depth++
    return depth
  }

  isDirectory(node: number): boolean {
    return this.type[node] === TYPE.directory
  }

  /** An independent copy: edits are laid on the copy, the union stays. Columns are copied when either is changed. */
  clone(): Tree {
    const copy = new Tree(false)
    copy.length = this.length
    copy.#capacity = this.#capacity
    for (const key of COLUMNS) (copy[key] as Int32Array) = this[key] as Int32Array
    copy.inodeLayer = this.inodeLayer
    copy.inodeRow = this.inodeRow
    copy.#children = this.#children
    copy.#marks = this.#marks
    copy.names = this.names
    copy.#index = this.#index
    copy.#patience = this.#patience
    copy.#origin = this
    copy.#shared = this.#shared = true
    return copy
  }

  /** Before any change: columns that another tree shows too become this one's own. */
  #own(): void {
    if (!this.#shared) return
    this.#shared = false
    this.#origin = null
    this.#resize(this.#capacity)
    this.#children = this.#children.copy(this.length, this.#capacity)
    this.names = this.names.copy()
    this.#index = this.#index?.copy() ?? null
  }

  #add(parent: number, bytes: Uint8Array, from: number, to: number, hashed: number): number {
    if (this.length === MOST_NODES)
      throw new ImageError('too-large', `The layers speak of more than ${MOST_NODES} paths.`)
    this.#own()
    const node = this.length++
    if (node === this.#capacity) {
      this.#resize(Math.ceil(node * 1.5))
      this.#children = this.#children.copy(node, this.#capacity)
    }
    this.names.push(bytes, from, to)
    this.parent[node] = parent
    this.#children.enter(node, parent)
    this.layer[node] = this.inodeLayer[node] = NO_LAYER
    this.row[node] = this.inodeRow[node] = -1
    if (parent >= 0) this.#index!.enter(node, hashed) // `put` has looked it up there.
    return node
  }

  #resize(capacity: number): void {
    const apart = this.inodeRow !== this.row
    for (const key of COLUMNS) (this[key] as Int32Array) = resized(this[key] as Int32Array, capacity)
    this.inodeLayer = apart ? resized(this.inodeLayer, capacity) : this.layer
    this.inodeRow = apart ? resized(this.inodeRow, capacity) : this.row
    this.#marks = this.#marks.copy(capacity)
    this.#capacity = capacity
  }
}

const COLUMNS = ['parent', 'layer', 'row', 'type', 'alive'] as const

/** A copy of another length; what is new is 0. */
function resized<T extends Int32Array | LayerColumn | Uint8Array>(column: T, length: number): T {
  if (length <= column.length) return column.slice(0, length) as T
  const wider = new (column.constructor as new (length: number) => T)(length)
  wider.set(column)
  return wider
}
