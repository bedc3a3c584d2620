/**
 * dive's own efficiency score and wasted bytes, computed as dive does (wagoodman/dive, dive/filetree/efficiency.go):
 * leaf nodes of every layer tree, a whiteout of a directory counted with all that earlier layers have below it, a
 * whiteout of an unknown path ending its layer, opaque markers never seen.
 */
import { sizeOf } from '../layer/rows'
import type { EntryTable } from '../layer/table'
import { markerOf } from '../layer/whiteout'
import { LastNames } from '../rootfs/last-name'
import { namesIn } from '../rootfs/walk'
import { Tree } from '../rootfs/tree'
import { TYPE } from '../tar/entry'

export interface DiveScore {
  readonly score: number
  readonly wastedBytes: number
}

interface Leaf {
  readonly node: number
  /** Name in the layer's tree: ".wh.x" for a whiteout of x. */
  readonly whiteout: boolean
  readonly size: number
}

export function diveScore(tables: readonly EntryTable[]): DiveScore {
  const steps = diveSteps(tables)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** The same in steps of some milliseconds each: over a million entries it takes more than a second. */
export function* diveSteps(tables: readonly EntryTable[]): Generator<void, DiveScore> {
  const dive = new Dive()
  for (const table of tables) yield* dive.layer(table)
  return dive.result()
}

/** Rows of a step. */
const STEP = 16 * 1024

class Dive {
  /** Every path ever named; its type column says directory where dive's stacked tree would. */
  readonly #paths = new Tree()
  /** Of the stacked tree of the layers so far. */
  #stacked = new Uint8Array(1024)
  #stackedSize = new Float64Array(1024)
  #stackedDir = new Uint8Array(1024)
  #sum = new Float64Array(1024)
  #least = new Float64Array(1024)
  #seen = new Uint32Array(1024)
  /** Of the layer at hand: the node of each row, -1 for rows that dive does not see. */
  #nodes = new Int32Array(0)
  #markers = new Uint8Array(0)

  #count(node: number, size: number): void {
    this.#sum[node] += size
    this.#least[node] = this.#seen[node] === 0 ? size : Math.min(this.#least[node], size)
    this.#seen[node]++
  }

  *layer(table: EntryTable): Generator<void, void> {
    yield* this.#find(table)
    const leaves = this.#leavesOf(table)
    yield
    for (const leaf of leaves) {
      const size = leaf.whiteout ? this.#hiddenBy(leaf.node) : leaf.size
      if (size === null) break // dive's visitor returns an error here, which ends the layer
      this.#count(leaf.node, size)
    }
    yield
    this.#stack(table)
    yield
  }

  /** Bytes below a directory that a whiteout takes away; 0 for a file; null where earlier layers have no such path. */
  #hiddenBy(node: number): number | null {
    if (this.#stacked[node] === 0) return null
    if (this.#stackedDir[node] === 0) return 0
    let bytes = 0
    const todo = [node]
    for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
      bytes += this.#stackedSize[at]
      for (let child = this.#paths.firstChild(at); child >= 0; child = this.#paths.nextSibling(child))
        if (this.#stacked[child] === 1) todo.push(child)
    }
    return bytes
  }

  /** The layer's own tree: its leaves in the order dive visits them. A path listed twice is the later entry in the place of the earlier one. */
  #leavesOf(table: EntryTable): Leaf[] {
    const entries: Leaf[] = []
    const parents = new Uint8Array(this.#paths.length)
    // One more than the place in `entries`, of the path and of the whiteout of it.
    const places = new Int32Array(2 * this.#paths.length)
    this.#each(table, (node, row, whiteout) => {
      for (let up = this.#paths.parent[node]; up > 0 && parents[up] === 0; up = this.#paths.parent[up])
        parents[up] = 1
      const leaf = {
        node,
        whiteout,
        size: whiteout || table.type[row] !== TYPE.file ? 0 : sizeOf(table, row),
      }
      const key = 2 * node + (whiteout ? 1 : 0)
      if (places[key] > 0) entries[places[key] - 1] = leaf
      else places[key] = entries.push(leaf)
    })
    const leaves = entries.filter(({ node, whiteout }) => whiteout || parents[node] === 0)
    // The order only matters where an unknown whiteout cuts the layer short.
    const fails = leaves.some(({ node, whiteout }) => whiteout && this.#stacked[node] === 0)
    return fails
      ? leaves
          .map((leaf) => ({ leaf, key: this.#key(leaf) }))
          .sort((a, b) => compareKeys(a.key, b.key))
          .map(({ leaf }) => leaf)
      : leaves
  }

  #key({ node, whiteout }: Leaf): string[] {
    const key: string[] = []
    for (let at = node; at > 0; at = this.#paths.parent[at])
      key.push(`${at === node && whiteout ? '.wh.' : ''}${this.#paths.name(at)}`)
    return key.reverse()
  }

  #stack(table: EntryTable): void {
    const removed: number[] = []
    this.#each(table, (node, row, whiteout) => {
      if (whiteout) {
        removed.push(node)
        return
      }
      for (let up = node; up > 0 && this.#stacked[up] === 0; up = this.#paths.parent[up])
        this.#stacked[up] = 1
      this.#stackedSize[node] = table.type[row] === TYPE.file ? sizeOf(table, row) : 0
      this.#stackedDir[node] = table.type[row] === TYPE.directory ? 1 : 0
    })
    for (const top of removed) {
      const todo = [top]
      for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
        this.#stacked[at] = 0
        this.#stackedSize[at] = 0
        for (let child = this.#paths.firstChild(at); child >= 0; child = this.#paths.nextSibling(child))
          if (this.#stacked[child] === 1) todo.push(child)
      }
    }
  }

  #each(table: EntryTable, visit: (node: number, row: number, whiteout: boolean) => void): void {
    for (let row = 0; row < table.length; row++)
      if (this.#nodes[row] >= 0) visit(this.#nodes[row], row, this.#markers[row] === 1)
  }

  /** Finds the node of every row once; most often it lies where the row before does. */
  *#find(table: EntryTable): Generator<void, void> {
    const { length } = table
    this.#nodes = new Int32Array(length).fill(-1)
    this.#markers = new Uint8Array(length)
    const last = new LastNames(table)
    let above = 0
    let aboveDir = -1
    for (let row = 0; row < length; row++) {
      if (row % STEP === STEP - 1) yield
      last.at(row)
      const { bytes, from, to, dir, dirBytes, dirFrom, dirTo } = last
      if (from === to) continue
      const marker = markerOf(bytes, from, to)
      if (marker === 'opaque' || marker === 'aufs') continue
      if (dir < 0 || dir !== aboveDir) {
        const names = namesIn(dirBytes, dirFrom, dirTo)
        above = 0
        for (let i = 0; i < names.length; i += 2) above = this.#step(above, dirBytes, names[i], names[i + 1])
        aboveDir = dir
      }
      const node = this.#step(above, bytes, marker === 'none' ? from : from + 4, to)
      this.#nodes[row] = node
      if (marker !== 'none') this.#markers[row] = 1
    }
    this.#grow()
  }

  #step(parent: number, bytes: Uint8Array, from: number, to: number): number {
    const child = this.#paths.child(parent, bytes, from, to)
    return child >= 0 ? child : this.#paths.put(parent, bytes, from, to, -1, -1, TYPE.directory)
  }

  #grow(): void {
    if (this.#paths.length <= this.#stacked.length) return
    const size = this.#paths.length * 2
    this.#stacked = widened(new Uint8Array(size), this.#stacked)
    this.#stackedSize = widened(new Float64Array(size), this.#stackedSize)
    this.#stackedDir = widened(new Uint8Array(size), this.#stackedDir)
    this.#sum = widened(new Float64Array(size), this.#sum)
    this.#least = widened(new Float64Array(size), this.#least)
    this.#seen = widened(new Uint32Array(size), this.#seen)
  }

  result(): DiveScore {
    let least = 0
    let sum = 0
    let wastedBytes = 0
    for (let node = 1; node < this.#paths.length; node++) {
      if (this.#seen[node] === 0) continue
      least += this.#least[node]
      sum += this.#sum[node]
      if (this.#seen[node] >= 2) wastedBytes += this.#sum[node]
    }
    return { score: sum === 0 ? 1 : least / sum, wastedBytes }
  }
}

function widened<T extends Uint8Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(
  wider: T,
  old: T,
): T {
  wider.set(old)
  return wider
}

function compareKeys(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1
  return a.length - b.length
}
