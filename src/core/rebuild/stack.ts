/**
 * The layers of the new image, planned: which stay as they are, which lose rows, which become one, and the layer on
 * top that makes of them what is on screen.
 */
import { bytesOfName } from '../bytes/text'
import type { Edited } from '../edit/apply'
import { remaining, UNTOUCHED, type Stack } from '../edit/stack'
import { ImageError } from '../fault/fault'
import { emptyTable } from '../layer/scan'
import type { EntryTable } from '../layer/table'
import type { Sources } from '../rootfs/entry'
import { ROOT, Tree } from '../rootfs/tree'
import { applyLayer, linkTargets } from '../rootfs/union'
import { TYPE } from '../tar/entry'
import { rowsBelow } from './copies'
import { morphed } from './morph'
import { reclaimed, unseenRows } from './reclaim'
import { changesFiles } from './plan'
import { rewrittenLayer, type RewrittenLayer } from './rewrite'
import { belowAny, isListedBelow, markersOf, surveyOf, textNode, type Survey } from './survey'
import { pathBytesOf } from '../layer/rows'

export type Slot =
  /** A layer of the image; `rewritten` where rows of it go. */
  | { readonly kind: 'layer'; readonly layer: number; readonly rewritten: RewrittenLayer | null }
  /** Several layers as the one change that they are together. */
  | { readonly kind: 'merged'; readonly from: number; readonly to: number; readonly change: Edited }
  /** The edits; with every layer from `from` in it, where that is not null. */
  | { readonly kind: 'top'; readonly from: number | null; readonly change: Edited }

export interface StackPlan {
  readonly slots: readonly Slot[]
  /** Tables under the numbers of the opened image, without what goes: contents of planned entries are found in them. */
  readonly tables: readonly EntryTable[]
  /** Absolute paths that no layer may hold any more. */
  readonly scrubbed: readonly string[]
}

export interface StackInput {
  /** As they were opened. */
  readonly tables: readonly EntryTable[]
  readonly edited: Edited
  readonly stack?: Stack
  /** Take what the edits removed out of the layers below. */
  readonly scrubRemoved: boolean
  /** Squash from this layer on, edits included; null: each layer stays. */
  readonly squashFrom: number | null
}

/** Throws `bad-operation` for a stack that cannot be built. */
export function planStack(input: StackInput): StackPlan {
  const { edited, stack = UNTOUCHED, squashFrom } = input
  mustStand(edited.tree, stack)
  const survey = surveyOf(input.tables, stack.scrubbed)
  const tops = topsOf(input, survey)
  const rewritten = rewriteAll(input, survey, tops, stack)
  const { tables, trees, result } = rewritten
  const sources: Sources = { tables, upper: edited.sources.upper }
  const newRow = (layer: number, row: number): number | null => result[layer]?.moved.get(row) ?? null
  const change = (from: Tree, to: Tree): Edited => ({ tree: morphed(from, to, newRow), sources })
  const slots: Slot[] = []
  const end = squashFrom ?? tables.length
  for (let layer = 0; layer < end; layer++) {
    const range = stack.ranges.find(([from]) => from === layer)
    if (range && range[1] >= end)
      throw new ImageError(
        'bad-operation',
        `Layers ${range[0]} to ${range[1]} become one, so squashing cannot start at layer ${end}.`,
      )
    if (range) {
      const [from, to] = range
      if (!allDropped(from, to, stack))
        slots.push({ kind: 'merged', from, to, change: change(trees[from], trees[to + 1]) })
      layer = to
    } else if (!stack.dropped.has(layer)) slots.push({ kind: 'layer', layer, rewritten: result[layer] })
  }
  const top = change(trees[end], edited.tree)
  if (squashFrom !== null || changesFiles(top.tree))
    slots.push({ kind: 'top', from: squashFrom, change: top })
  return { slots, tables, scrubbed: [...tops].map((node) => survey.tree.path(node)) }
}

/** Every layer as it is, and the edits on top. */
export function appended(tables: readonly EntryTable[], edited: Edited): StackPlan {
  const slots: Slot[] = tables.map((_, layer) => ({ kind: 'layer', layer, rewritten: null }))
  if (changesFiles(edited.tree)) slots.push({ kind: 'top', from: null, change: edited })
  return { slots, tables, scrubbed: [] }
}

/** A hard link whose file was in a dropped layer is nothing that can be written. */
export function mustStand(tree: Tree, { dropped }: Stack): void {
  if (dropped.size === 0) return
  for (let node = 1; node < tree.length; node++)
    if (tree.alive[node] === 1 && tree.type[node] === TYPE.hardlink)
      throw new ImageError(
        'bad-operation',
        `${tree.path(node)} is a hard link to a file that only a dropped layer has. Remove or replace it first.`,
        { path: tree.path(node) },
      )
}

function allDropped(from: number, to: number, { dropped }: Stack): boolean {
  for (let layer = from; layer <= to; layer++) if (!dropped.has(layer)) return false
  return true
}

/** What is to be taken out of all layers: never a path that the result still shows with a layer's own file. */
function topsOf(
  { tables, edited, stack = UNTOUCHED, scrubRemoved }: StackInput,
  survey: Survey,
): Set<number> {
  const tops = new Set<number>()
  const isShown = (node: number): boolean => {
    const twin = textNode(edited.tree, survey.tree.pathBytes(node))
    return twin >= 0 && edited.tree.alive[twin] === 1 && edited.tree.inodeLayer[twin] < tables.length
  }
  for (const node of survey.asked.flatMap((nodes) => [...nodes])) if (!isShown(node)) tops.add(node)
  for (const path of stack.scrubbed) addText(path, survey, isShown, tops)
  if (scrubRemoved)
    for (const node of removedTops(edited.tree)) {
      const twin = textNode(survey.tree, edited.tree.pathBytes(node))
      if (twin > ROOT) tops.add(twin)
    }
  return tops
}

/** A path that no layer shows at its end, but some layer lists: what a later row of the same layer replaced. */
function addText(
  path: string,
  { tree }: Survey,
  isShown: (node: number) => boolean,
  tops: Set<number>,
): void {
  const node = textNode(tree, bytesOfName(path))
  if (node > ROOT && !isShown(node)) tops.add(node)
}

/** Paths that were there before the edits and are gone, the highest ones only. */
function removedTops(tree: Tree): number[] {
  const { nodes, wasAlive } = tree.touched
  return nodes.filter(
    (node, i) => wasAlive[i] && tree.alive[node] === 0 && tree.alive[tree.parent[node]] === 1,
  )
}

interface Rewritten {
  readonly tables: readonly EntryTable[]
  readonly result: readonly (RewrittenLayer | null)[]
  /** trees[k]: the union of layers 0 to k-1 as they will be. */
  readonly trees: readonly Tree[]
}

/** Each layer without its scrubbed rows and those that nobody sees, and without the markers that thereby hide nothing any more. */
function rewriteAll(
  { tables, squashFrom }: StackInput,
  survey: Survey,
  tops: ReadonlySet<number>,
  stack: Stack,
): Rewritten {
  const below = belowAny(survey.tree, tops)
  const wanted = new Set([
    squashFrom ?? tables.length,
    ...stack.ranges.flatMap(([from, to]) => [from, to + 1]),
  ])
  const now: EntryTable[] = []
  const result: (RewrittenLayer | null)[] = []
  const trees: Tree[] = []
  const tree = new Tree()
  const unseen = stack.reclaimed ? unseenRows(remaining(tables, stack)) : null
  tables.forEach((table, layer) => {
    const unneeded =
      unseen && !stack.dropped.has(layer) ? reclaimed(unseen[layer], survey, table, layer, tree) : []
    trees.push(wanted.has(layer) ? tree.clone() : tree)
    const scrubbed = stack.dropped.has(layer)
      ? rewrittenLayer(table, { gone: allRows(table), paths: new Map(), inodeOf: () => null })
      : rewrittenLayer(table, changesOf(table, survey, layer, below, unneeded, tree, now))
    result.push(stack.dropped.has(layer) ? null : scrubbed)
    now.push(scrubbed?.table ?? (stack.dropped.has(layer) ? emptyTable() : table))
    applyLayer(tree, now, layer)
  })
  trees.push(tree)
  return { tables: now, result, trees }
}

function allRows({ length }: EntryTable): Set<number> {
  return new Set(Array.from({ length }, (_, row) => row))
}

function changesOf(
  table: EntryTable,
  survey: Survey,
  layer: number,
  below: Uint8Array,
  unneeded: readonly number[],
  tree: Tree,
  now: readonly EntryTable[],
): Parameters<typeof rewrittenLayer>[1] {
  const gone = new Set([...rowsBelow(table, survey, layer, below), ...unneeded])
  const hidAll = survey.layers[layer].markers.filter(({ hides }) => hides).map(({ row }) => row)
  const hidesStill = new Set(
    markersOf(tree, table, linkTargets(tree, now))
      .filter(({ hides }) => hides)
      .map(({ row }) => row),
  )
  for (const row of hidAll) if (!hidesStill.has(row)) gone.add(row)
  const { meant, inodes } = survey.layers[layer]
  return {
    gone,
    paths: throughScrubbed(table, survey, meant, gone, below),
    inodeOf: (row) => inodes.get(row) ?? null,
  }
}

/** Rows listed under a link that goes, which mean a path that stays: they get that path. */
function throughScrubbed(
  table: EntryTable,
  { tree }: Survey,
  nodes: Int32Array,
  gone: ReadonlySet<number>,
  below: Uint8Array,
): Map<number, Uint8Array> {
  const paths = new Map<number, Uint8Array>()
  nodes.forEach((node, row) => {
    if (node < 0 || gone.has(row)) return
    if (isListedBelow(tree, pathBytesOf(table, row), below)) paths.set(row, tree.pathBytes(node))
  })
  return paths
}
