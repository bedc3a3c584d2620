/**
 * The union of layers as columns. A node is a path that any layer ever spoke of; it stays when the path is taken
 * away (`alive` 0) and comes back when the path does, so "removed" can be shown and nothing is ever renumbered.
 * Parents stand before their children: a loop from the end upwards sums a tree.
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
import { TYPE, type TypeCode } from '../tar/entry'

/** About a gigabyte of columns. A path of a megabyte can name half a million directories, and no layer need list them. */
const MOST_NODES = 20_000_000

export const NO_LAYER = -1
export const ROOT = 0

/** What became of a node in the layer that was applied last. */
export interface Touched {
  /** Nodes in the order they were first touched. */
  readonly nodes: number[]
  /** As they were before, index by index: alive or not, type and inode. */
  readonly wasAlive: boolean[]
  readonly wasType: TypeCode[]
  readonly wasInodeLayer: number[]
  readonly wasInodeRow: number[]
}

export class Tree {
  length = 0
  #capacity = 1024
  parent = new Int32Array(1024)
  firstChild = new Int32Array(1024)
  nextSibling = new Int32Array(1024)
  nameEnd = new Uint32Array(1024)
  names = new Uint8Array(16 * 1024)
  /** Layer and row of the entry that lists this name; -1 where none does. The pending edits count as one more layer. */
  layer = new Int16Array(1024)
  row = new Int32Array(1024)
  /** Entry that holds attributes and contents; another one than `layer, row` for hard links. */
  inodeLayer = new Int16Array(1024)
  inodeRow = new Int32Array(1024)
  type = new Uint8Array(1024)
  alive = new Uint8Array(1024)
  /** `stamp - 1` is the number of the layer that touched it last; 0: none. */
  #stamp = new Int32Array(1024)
  #stampNow = 0
  touched: Touched = nothing()
  /** Open addressing over (parent, name); entries are node + 1. */
  #slots = new Int32Array(4096)
  /** Hash of (parent, name) of each node: growing the table reads no name again, and few that differ are compared. */
  #hash = new Int32Array(1024)

  constructor() {
    this.#add(-1, new Uint8Array(0), 0, 0, 0)
    this.alive[ROOT] = 1
    this.type[ROOT] = TYPE.directory
  }

  /** Starts a new layer: what is touched from now on is its change. */
  begin(): void {
    this.#stampNow++
    this.touched = nothing()
  }

  /** Child of that name, alive or not; -1 where no layer ever had one. */
  child(parent: number, bytes: Uint8Array, from: number, to: number): number {
    return this.#find(parent, bytes, from, to, hash(parent, bytes, from, to))
  }

  #find(parent: number, bytes: Uint8Array, from: number, to: number, hashed: number): number {
    const mask = this.#slots.length - 1
    for (let slot = hashed & mask; ; slot = (slot + 1) & mask) {
      const node = this.#slots[slot] - 1
      if (node < 0) return -1
      if (
        this.#hash[node] === hashed &&
        this.parent[node] === parent &&
        this.#sameName(node, bytes, from, to)
      )
        return node
    }
  }

  /** The same, only where it is alive. */
  liveChild(parent: number, bytes: Uint8Array, from: number, to: number): number {
    const node = this.child(parent, bytes, from, to)
    return node >= 0 && this.alive[node] === 1 ? node : -1
  }

  #sameName(node: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.nameStart(node)
    if (this.nameEnd[node] - start !== to - from) return false
    for (let i = 0; i < to - from; i++) if (this.names[start + i] !== bytes[from + i]) return false
    return true
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
    let node = this.#find(parent, bytes, from, to, hashed)
    if (node < 0) node = this.#add(parent, bytes, from, to, hashed)
    this.set(node, layer, row, type, inodeLayer, inodeRow)
    return node
  }

  /** Gives a node another entry. */
  set(node: number, layer: number, row: number, type: TypeCode, inodeLayer = layer, inodeRow = row): void {
    this.touch(node)
    this.alive[node] = 1
    this.layer[node] = layer
    this.row[node] = row
    this.type[node] = type
    this.inodeLayer[node] = inodeLayer
    this.inodeRow[node] = inodeRow
  }

  /** Remembers how the node was before this layer. */
  touch(node: number): void {
    if (this.#stamp[node] === this.#stampNow) return
    this.#stamp[node] = this.#stampNow
    const { touched } = this
    touched.nodes.push(node)
    touched.wasAlive.push(this.alive[node] === 1)
    touched.wasType.push(this.type[node] as TypeCode)
    touched.wasInodeLayer.push(this.inodeLayer[node])
    touched.wasInodeRow.push(this.inodeRow[node])
  }

  /** Whether this layer has touched the node. */
  isTouched(node: number): boolean {
    return this.#stamp[node] === this.#stampNow
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
      for (let node = this.firstChild[dir]; node >= 0; node = this.nextSibling[node])
        if (this.alive[node] === 1) {
          this.touch(node)
          this.alive[node] = 0
          if (this.firstChild[node] >= 0) stack.push(node)
        }
  }

  nameStart(node: number): number {
    return node === 0 ? 0 : this.nameEnd[node - 1]
  }

  nameBytes(node: number): Uint8Array {
    return this.names.subarray(this.nameStart(node), this.nameEnd[node])
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
    for (let at = node; at !== ROOT; at = this.parent[at]) length += 1 + this.nameEnd[at] - this.nameStart(at)
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

  /** An independent copy: edits are laid on the copy, the union stays. */
  clone(): Tree {
    const copy = new Tree()
    copy.length = this.length
    copy.#capacity = this.#capacity
    for (const key of COLUMNS) (copy[key] as Int32Array) = this[key].slice() as Int32Array
    copy.names = this.names.slice()
    copy.#stamp = this.#stamp.slice()
    copy.#stampNow = this.#stampNow
    copy.#slots = this.#slots.slice()
    copy.#hash = this.#hash.slice()
    return copy
  }

  #add(parent: number, bytes: Uint8Array, from: number, to: number, hashed: number): number {
    if (this.length === MOST_NODES)
      throw new ImageError('too-large', `The layers speak of more than ${MOST_NODES} paths.`)
    const node = this.length++
    if (node === this.#capacity) this.#grow()
    const start = node === 0 ? 0 : this.nameEnd[node - 1]
    const end = start + to - from
    if (end > this.names.length) this.names = widened(this.names, end)
    for (let i = 0; i < to - from; i++) this.names[start + i] = bytes[from + i]
    this.nameEnd[node] = end
    this.parent[node] = parent
    this.firstChild[node] = -1
    this.nextSibling[node] = -1
    this.layer[node] = this.inodeLayer[node] = NO_LAYER
    this.row[node] = this.inodeRow[node] = -1
    this.#hash[node] = hashed
    if (parent >= 0) {
      this.nextSibling[node] = this.firstChild[parent]
      this.firstChild[parent] = node
      this.#enter(node)
    }
    return node
  }

  #enter(node: number): void {
    if (this.length * 2 > this.#slots.length) this.#rehash()
    const mask = this.#slots.length - 1
    let slot = this.#hash[node] & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = node + 1
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    // Not the root, and not the node that is about to be entered.
    for (let node = 1; node < this.length - 1; node++) {
      let slot = this.#hash[node] & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = node + 1
    }
    this.#slots = slots
  }

  #grow(): void {
    this.#capacity *= 2
    for (const key of COLUMNS) {
      const wider = new (this[key].constructor as Int32ArrayConstructor)(this.#capacity)
      wider.set(this[key])
      ;(this[key] as Int32Array) = wider
    }
    const stamp = new Int32Array(this.#capacity)
    stamp.set(this.#stamp)
    this.#stamp = stamp
    const hashes = new Int32Array(this.#capacity)
    hashes.set(this.#hash)
    this.#hash = hashes
  }
}

const COLUMNS = [
  'parent',
  'firstChild',
  'nextSibling',
  'nameEnd',
  'layer',
  'row',
  'inodeLayer',
  'inodeRow',
  'type',
  'alive',
] as const

function nothing(): Touched {
  return { nodes: [], wasAlive: [], wasType: [], wasInodeLayer: [], wasInodeRow: [] }
}

function widened(bytes: Uint8Array<ArrayBuffer>, least: number): Uint8Array<ArrayBuffer> {
  const wider = new Uint8Array(Math.max(least, bytes.length * 2))
  wider.set(bytes)
  return wider
}

/** Another one in every session: names that collide cannot be prepared. The order of children does not depend on it. */
const SEED = Math.floor(Math.random() * 0x100000000)

/** FNV-1a over the name, seeded with the parent, and turned at each step: FNV's low bits alone would depend on the names' low bits only. */
function hash(parent: number, bytes: Uint8Array, from: number, to: number): number {
  let h = SEED ^ Math.imul(parent + 1, 0x9e3779b1)
  for (let i = from; i < to; i++) {
    h = Math.imul(h ^ bytes[i], 0x01000193)
    h = (h << 13) | (h >>> 19)
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  return (h ^ (h >>> 13)) | 0
}
