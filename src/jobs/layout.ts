/**
 * Which rows a view has, without writing them down: each node knows how many rows stand below it while it is open, so
 * that row 500,000 is found by going down from the root, and only directories in sight are ever put in order.
 */
import type { Numbered } from '../core/rootfs/numbered'
import { ROOT, type Tree } from '../core/rootfs/tree'

export interface LaidOut {
  readonly node: number
  /** Among its siblings, from 1. */
  readonly position: number
  readonly siblings: number
}

export interface LayoutOptions {
  readonly tree: Tree
  readonly parents: Numbered
  /** Nodes that the view shows when all is open; with a node all above it. */
  readonly seen: Uint8Array
  readonly isOpen: (node: number) => boolean
  /** Seen children in order. */
  readonly childrenOf: (node: number) => Int32Array
  /** By number of a parent, its seen children, where no directory is open to begin with; null where they are to be counted. */
  readonly closed: Uint32Array | null
}

export class Layout {
  readonly #options: LayoutOptions
  /** By number of a parent, rows below it while it is open. */
  readonly #below: Uint32Array

  constructor(options: LayoutOptions) {
    this.#options = options
    this.#below = options.closed?.slice() ?? new Uint32Array(options.parents.count)
    if (!options.closed) this.recount()
  }

  /** Once something was opened or closed: one pass over all nodes, parents stand before their children. */
  recount(): void {
    const { tree, parents, seen } = this.#options
    const below = this.#below.fill(0)
    const { parent } = tree
    // Siblings mostly stand together.
    let above = -1
    let number = -1
    for (let node = tree.length - 1; node > 0; node--) {
      if (seen[node] === 0) continue
      if (parent[node] !== above) number = parents.of((above = parent[node]))
      below[number] += this.#rowsOf(node)
    }
  }

  get count(): number {
    return this.#rowsBelow(ROOT)
  }

  hasChildren(node: number): boolean {
    return this.#rowsBelow(node) > 0
  }

  #rowsBelow(node: number): number {
    const number = this.#options.parents.of(node)
    return number < 0 ? 0 : this.#below[number]
  }

  /** Rows of a node and of what is open below it. */
  #rowsOf(node: number): number {
    const below = this.#rowsBelow(node)
    return below > 0 && this.#options.isOpen(node) ? below + 1 : 1
  }

  /** All rows from the given one on, top to bottom. */
  *from(row: number): Generator<LaidOut, void> {
    const { childrenOf } = this.#options
    const stack: { readonly children: Int32Array; next: number }[] = []
    let here = { children: childrenOf(ROOT), next: 0 }
    for (let left = row; ;) {
      while (here.next < here.children.length) {
        const rows = this.#rowsOf(here.children[here.next])
        if (left < rows) break
        left -= rows
        here.next++
      }
      stack.push(here)
      if (left === 0 || here.next === here.children.length) break
      left--
      here = { children: childrenOf(here.children[here.next++]), next: 0 }
    }
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      if (top.next === top.children.length) {
        stack.pop()
        continue
      }
      const node = top.children[top.next++]
      yield { node, position: top.next, siblings: top.children.length }
      if (this.#rowsOf(node) > 1) stack.push({ children: childrenOf(node), next: 0 })
    }
  }

  /** Row of a node; -1 where it is in a closed directory. */
  indexOf(node: number): number {
    const { tree, isOpen, childrenOf } = this.#options
    let row = -1
    for (let at = node; at !== ROOT; at = tree.parent[at]) {
      const above = tree.parent[at]
      if (above !== ROOT && !isOpen(above)) return -1
      row++
      for (const sibling of childrenOf(above)) {
        if (sibling === at) break
        row += this.#rowsOf(sibling)
      }
    }
    return row
  }
}
