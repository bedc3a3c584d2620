/**
 * The blocks of a treemap: the biggest things below a directory of a view, and below those the biggest again, until there
 * are as many as a screen can show. What is too small for one of its own is one block together with its like, so that a
 * million paths are never more than a few hundred blocks.
 */
import type { Block, Treemap } from '../../workers/api'
import { ImageError } from '../core/fault/fault'
import { kindOf, kinds } from '../core/insight/kind'
import { entryOf } from '../core/rootfs/entry'
import { ROOT } from '../core/rootfs/tree'
import { TYPE } from '../core/tar/entry'
import type { View } from './view'

/** A directory's children beyond these are one block. */
const MOST_CHILDREN = 60
/** What is smaller than this share of the whole is too small to be seen, let alone pressed. */
const LEAST_SHARE = 1 / 1500

export function blocksOf(view: View, path: string, most: number): Treemap {
  const top = path === '/' ? ROOT : view.nodeAt(path)
  if (top < 0) throw new ImageError('no-such-path', `There is no ${path} in this view.`, { path })
  const bytes = view.weight(top)
  const least = bytes * LEAST_SHARE
  const blocks: Draft[] = [{ node: top, parent: -1, rest: [], bytes }]
  // The biggest is opened first: detail goes where the bytes are.
  const closed = [0]
  while (closed.length > 0 && blocks.length < most) {
    const index = takeBiggest(closed, blocks)
    const inside = childrenOf(view, blocks[index], least)
    if (blocks.length + inside.length > most && index !== 0) continue
    for (const draft of inside) {
      if (draft.rest.length === 0 && view.tree.isDirectory(draft.node)) closed.push(blocks.length)
      blocks.push({ ...draft, parent: index })
    }
    blocks[index].opened = inside.length > 0
  }
  return { path, bytes, blocks: blocks.map((draft) => told(view, draft)) }
}

interface Draft {
  readonly node: number
  /** Index of the block that it lies in; -1 for the first. */
  readonly parent: number
  /** Nodes that are one block together; empty for a block of one node. */
  readonly rest: readonly number[]
  readonly bytes: number
  opened?: boolean
}

function takeBiggest(closed: number[], blocks: readonly Draft[]): number {
  let best = 0
  for (let i = 1; i < closed.length; i++) if (blocks[closed[i]].bytes > blocks[closed[best]].bytes) best = i
  return closed.splice(best, 1)[0]
}

/** Biggest first, what is left over last. */
function childrenOf(view: View, { node }: Draft, least: number): Draft[] {
  const { tree } = view
  const big: Draft[] = []
  const rest: number[] = []
  let left = 0
  for (let child = tree.firstChild(node); child >= 0; child = tree.nextSibling(child)) {
    if (!view.holds(child)) continue
    const bytes = view.weight(child)
    if (bytes >= least && bytes > 0) big.push(draftOf(child, bytes))
    else if (bytes > 0) {
      rest.push(child)
      left += bytes
    }
  }
  big.sort((a, b) => b.bytes - a.bytes || a.node - b.node)
  // One that is left over is shown as what it is.
  const cut = big.length > MOST_CHILDREN ? MOST_CHILDREN - 1 : big.length
  for (const { node, bytes } of big.slice(cut)) {
    rest.push(node)
    left += bytes
  }
  const drafts = big.slice(0, cut)
  if (rest.length === 1) drafts.push(draftOf(rest[0], left))
  else if (rest.length > 1) drafts.push({ node, parent: -1, rest, bytes: left })
  return drafts
}

const draftOf = (node: number, bytes: number): Draft => ({ node, parent: -1, rest: [], bytes })

function told(view: View, { node, parent, rest, bytes, opened }: Draft): Block {
  const { tree } = view
  const roots = rest.length > 0 ? rest : [node]
  const single = rest.length === 0
  return {
    parent,
    path: tree.path(node),
    name: node === ROOT ? '/' : tree.name(node),
    bytes,
    rest: rest.length,
    directory: single && tree.isDirectory(node),
    opened: opened ?? false,
    ...mostOf(view, roots),
  }
}

/** What most of the bytes below are: of which layer, changed how, of which kind. */
function mostOf(view: View, roots: readonly number[]): Pick<Block, 'files' | 'layer' | 'change' | 'kind'> {
  const { tree, sources } = view
  const layers = new Map<number | null, number>()
  const changes = new Map<Block['change'], number>()
  const byKind = new Map<Block['kind'], number>()
  const stack = [...roots]
  let files = 0
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const bytes = view.weight(node)
    if (bytes === 0) continue
    if (tree.type[node] === TYPE.directory) {
      for (let child = tree.firstChild(node); child >= 0; child = tree.nextSibling(child))
        if (tree.alive[child] === 1) stack.push(child)
      continue
    }
    files++
    count(layers, view.layerOf(node), bytes)
    count(changes, view.changeOf(node), bytes)
    count(byKind, kindOf(tree.name(node), entryOf(tree, sources, node).mode), bytes)
  }
  return {
    files,
    layer: biggest(layers) ?? null,
    change: biggest(changes) ?? 'same',
    kind: biggest(byKind) ?? kinds[kinds.length - 1],
  }
}

function count<Key>(sums: Map<Key, number>, key: Key, bytes: number): void {
  sums.set(key, (sums.get(key) ?? 0) + bytes)
}

function biggest<Key>(sums: ReadonlyMap<Key, number>): Key | undefined {
  let best: Key | undefined
  let most = -1
  for (const [key, bytes] of sums) if (bytes > most) [best, most] = [key, bytes]
  return best
}
