/** The united tree of an image, kept beside the tables of its layers, so that opening the image again unites nothing. */
import type { Notice } from '../core/fault/notice'
import { HiddenRows } from '../core/insight/waste'
import { sizeIn } from '../core/rootfs/entry'
import { storedTree, treeFrom } from '../core/rootfs/stored-tree'
import { restoreSums, sumsOf } from '../core/rootfs/sums'
import type { Tree } from '../core/rootfs/tree'
import type { LayerState } from './layer-state'
import type { KeptUnion, UnionStore } from './ports'

/**
 * The tree as it was kept; null where it, or the table of a layer, is not there or not to be believed. `fromStore` fills
 * a state from what is kept of its layer, and answers whether it was all there.
 */
export async function unionFrom(
  unions: UnionStore,
  states: readonly LayerState[],
  fromStore: (state: LayerState) => Promise<boolean>,
): Promise<{ readonly tree: Tree; readonly hidden: HiddenRows; readonly union: KeptUnion } | null> {
  const top = states.at(-1)
  if (!top) return null
  // Asked for together: storage reads one while the other is taken apart.
  const [union, ...found] = await Promise.all([unions.get(top.layer.chainId), ...states.map(fromStore)])
  if (!Array.isArray(union?.counts) || union.counts.length !== states.length) return null
  if (!Array.isArray(union.notices) || !found.every(Boolean)) return null
  // The same layer twice is one table, as where it was read.
  const byId = new Map(states.map(({ layer, table }) => [layer.diffId, table]))
  for (const state of states) state.table = byId.get(state.layer.diffId) ?? null
  const tables = states.flatMap(({ table }) => table ?? [])
  const tree = treeFrom(union.tree, tables)
  const hidden = HiddenRows.restored(union.hidden, tables)
  if (!tree || !hidden) return null
  if (union.sums) restoreSums(tree, union.sums)
  return { tree, hidden, union }
}

/** Only once it is known that every layer is what its diff_id says: until then the chain ID is a claim. */
export async function putUnion(
  unions: UnionStore,
  states: readonly LayerState[],
  tree: Tree,
  hidden: HiddenRows,
  notices: readonly Notice[],
): Promise<void> {
  const top = states.at(-1)
  if (!top || !states.every(({ state, verified }) => state === 'ready' && verified)) return
  const counts = states.map((state) => state.counts)
  const tables = states.flatMap(({ table }) => table ?? [])
  const { columns } = sumsOf(tree, sizeIn({ tables, upper: [] }))
  const { triples } = hidden
  await unions.put(top.layer.chainId, {
    tree: storedTree(tree),
    sums: columns,
    hidden: triples,
    counts,
    notices,
  })
}
