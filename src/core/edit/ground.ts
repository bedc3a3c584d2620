/** What a recipe stands on: the layers of the opened image, and behind them those of the image that it is put onto. */
import { ImageError } from '../fault/fault'
import type { EntryTable } from '../layer/table'
import type { Tree } from '../rootfs/tree'
import { unitedInOrder } from './order'
import { isRelaid, laid, type Stack } from './stack'

export class Ground {
  readonly #union: Tree
  readonly #own: readonly EntryTable[]
  readonly #onto: readonly EntryTable[]
  /** The image's own tables, and behind them those of the new base, where there is one. */
  readonly tables: readonly EntryTable[]
  /** How many layers are the image's own. */
  readonly count: number
  /** Moves that were looked at and change nothing of the root filesystem: recipes are replayed again and again. */
  readonly harmless = new Set<string>()
  #last: { readonly key: string; readonly tree: Tree } | null = null

  /** `union` is that of `own`, in their order. */
  constructor(union: Tree, own: readonly EntryTable[], onto: readonly EntryTable[] = []) {
    this.#union = union
    this.#own = own
    this.#onto = onto
    this.tables = [...own, ...onto]
    this.count = own.length
  }

  /** The tables that a stack numbers: without a rebase the image's own alone. Throws `not-kept` where the new base is not at hand. */
  tablesOf({ rebased }: Stack): readonly EntryTable[] {
    if (!rebased) return this.#own
    if (this.#onto.length === rebased.layers) return this.tables
    throw new ImageError('not-kept', 'The layers of the new base are not at hand.')
  }

  /** The union of the layers as the stack lays them. To be read only: it is kept for the next who asks. */
  united(stack: Stack): Tree {
    if (!isRelaid(stack)) return this.#union
    const order = laid(stack, this.count)
    const key = order.join()
    if (this.#last?.key !== key) this.#last = { key, tree: unitedInOrder(this.tablesOf(stack), order) }
    return this.#last.tree
  }
}
