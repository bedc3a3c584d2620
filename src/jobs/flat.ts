/** The rows of a view as one list without directories, in one order: names by their whole paths, or by anything else that sorts. */
import { ROOT, type Tree } from '../core/rootfs/tree'
import { TYPE } from '../core/tar/entry'
import type { LaidOut } from './layout'
import { childrenByName } from './order'

export interface FlatOptions {
  readonly tree: Tree
  /** Nodes that the view shows when all is open; with a node all above it. */
  readonly seen: Uint8Array
  /** Those of them that have a row. */
  readonly wanted: Uint8Array
  /** Null: by name. */
  readonly value: ((node: number) => number) | null
  readonly descending: boolean
}

/** Answers what Layout does. */
export class FlatLayout {
  readonly #order: Int32Array

  constructor({ tree, seen, wanted, value, descending }: FlatOptions) {
    const order: number[] = []
    const nodes = [...childrenByName(tree, ROOT, seen)].reverse()
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      if (wanted[node] === 1 && tree.type[node] !== TYPE.directory) order.push(node)
      if (tree.firstChild(node) < 0) continue
      const children = childrenByName(tree, node, seen)
      for (let i = children.length - 1; i >= 0; i--) nodes.push(children[i])
    }
    const sign = descending ? -1 : 1
    if (value) order.sort((a, b) => sign * (value(a) - value(b)))
    else if (descending) order.reverse()
    this.#order = Int32Array.from(order)
  }

  get count(): number {
    return this.#order.length
  }

  /** Nothing is opened or closed here. */
  recount(): void {}

  hasChildren(): boolean {
    return false
  }

  *from(row: number): Generator<LaidOut, void> {
    for (let i = row; i < this.#order.length; i++)
      yield { node: this.#order[i], position: i + 1, siblings: this.#order.length }
  }

  indexOf(node: number): number {
    return this.#order.indexOf(node)
  }
}
