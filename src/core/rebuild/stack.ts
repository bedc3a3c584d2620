/**
 * The layers of the new image, planned: which stay as they are, which lose rows, which become one, and the layer on
 * top that makes of them what is on screen.
 */
import { bytesOfName } from '../bytes/text'
import type { Edited } from '../edit/apply'
import { isRelaid, laid, ownCount, rangeOf, standing, UNTOUCHED, type Stack } from '../edit/stack'
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
  | { readonly kind: 'merged'; readonly layers: readonly number[]; readonly change: Edited }
  /** The edits, and the layers that become one with them. */
  | { readonly kind: 'top'; readonly layers: readonly number[]; readonly change: Edited }

export interface StackPlan {
  readonly slots: readonly Slot[]
  /** Tables under the numbers of the opened image and of a new base behind it, without what goes: contents of planned entries are found in them. */
  readonly tables: readonly EntryTable[]
  /** Absolute paths that no layer may hold any more. */
  readonly scrubbed: readonly string[]
}

export interface StackInput {
  /** As they were opened; behind them those of a new base. */
  readonly tables: readonly EntryTable[]
  readonly edited: Edited
  readonly stack?: Stack
  /** Take what the edits removed out of the layers below. */
  readonly scrubRemoved: boolean
  /** Squash from this layer on, edits included, in the order they are laid in; null: each layer stays. */
  readonly squashFrom: number | null
}

/** Throws `bad-operation` for a stack that cannot be built. */
export function planStack(input: StackInput): StackPlan {
  const { edited, stack = UNTOUCHED, squashFrom } = input
  const takes = takesAnything(input)
  if (!takes && squashFrom === null && stack.ranges.length === 0) return appended(input.tables, edited, stack)
  mustStand(edited.tree, stack)
  const order = standing(stack, ownCount(stack, input.tables))
  const end = endOf(order, squashFrom)
  const { tables, trees, result, scrubbed } = takes
    ? rewriteAll(input, stack, order, end)
    : asTheyAre(input, stack, order, end)
  const sources: Sources = { tables, upper: edited.sources.upper }
  const newRow = (layer: number, row: number): number | null => result[layer]?.moved.get(row) ?? null
  const change = (from: Tree, to: Tree): Edited => ({ tree: morphed(from, to, newRow), sources })
  const slots: Slot[] = []
  for (let place = 0; place < end; place++) {
    const layer = order[place]
    const range = stack.ranges.find(([from]) => from === layer)
    if (range && order.indexOf(range[1]) >= end)
      throw new ImageError(
        'bad-operation',
        `Layers ${range[0]} to ${range[1]} become one, so squashing cannot start at layer ${order[end]}.`,
      )
    if (range) {
      const layers = rangeOf(order, range)
      if (!layers.every((one) => stack.dropped.has(one)))
        slots.push({ kind: 'merged', layers, change: change(trees[place], trees[place + layers.length]) })
      place += layers.length - 1
    } else if (!stack.dropped.has(layer)) slots.push({ kind: 'layer', layer, rewritten: result[layer] })
  }
  const top = change(trees[end], edited.tree)
  if (squashFrom !== null || changesFiles(top.tree))
    slots.push({ kind: 'top', layers: order.slice(end), change: top })
  return { slots, tables, scrubbed }
}

/** Where squashing starts among the layers; behind all where it does not. Layer 0 stands for the lowest, whichever that is now. */
function endOf(order: readonly number[], squashFrom: number | null): number {
  if (squashFrom === null) return order.length
  const end = order.indexOf(squashFrom)
  if (end < 0 && squashFrom !== 0)
    throw new ImageError('bad-operation', `Squashing cannot start at layer ${squashFrom}: it is not there.`)
  return Math.max(0, end)
}

/** Every layer as it is, and the edits on top. */
export function appended(tables: readonly EntryTable[], edited: Edited, stack = UNTOUCHED): StackPlan {
  mustStand(edited.tree, stack)
  const order = laid(stack, ownCount(stack, tables))
  const slots: Slot[] = order.map((layer) => ({ kind: 'layer', layer, rewritten: null }))
  if (changesFiles(edited.tree)) slots.push({ kind: 'top', layers: [], change: edited })
  return { slots, tables, scrubbed: [] }
}

/** A hard link whose file was in a layer that is not there any more is nothing that can be written. */
export function mustStand(tree: Tree, stack: Stack): void {
  if (!isRelaid(stack)) return
  for (let node = 1; node < tree.length; node++)
    if (tree.alive[node] === 1 && tree.type[node] === TYPE.hardlink)
      throw new ImageError(
        'bad-operation',
        `${tree.path(node)} is a hard link to a file that no layer below it has any more. Remove or replace it first.`,
        { path: tree.path(node) },
      )
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
  return [...nodes].filter(
    (node, i) => wasAlive[i] && tree.alive[node] === 0 && tree.alive[tree.parent[node]] === 1,
  )
}

interface Rewritten {
  readonly tables: readonly EntryTable[]
  readonly result: readonly (RewrittenLayer | null)[]
  /** trees[k]: the union of the lowest k layers as they will be, where something starts or ends there. */
  readonly trees: readonly Tree[]
  /** Absolute paths. */
  readonly scrubbed: readonly string[]
}

/** Whether any row of a layer may have to go: to find out which is the larger part of the work. */
function takesAnything({ edited, stack = UNTOUCHED, scrubRemoved }: StackInput): boolean {
  const { scrubbed, dropped, reclaimed } = stack
  return (
    scrubbed.length > 0 ||
    dropped.size > 0 ||
    reclaimed ||
    (scrubRemoved && removedTops(edited.tree).length > 0)
  )
}

/** Places in the order of layers at which something starts or ends. */
function placesOf({ ranges }: Stack, order: readonly number[], end: number): Set<number> {
  return new Set([end, ...ranges.flatMap(([from, to]) => [order.indexOf(from), order.indexOf(to) + 1])])
}

/** Every layer stays, and only what becomes one is to be known. */
function asTheyAre({ tables }: StackInput, stack: Stack, order: readonly number[], end: number): Rewritten {
  const wanted = placesOf(stack, order, end)
  const tree = new Tree()
  const trees: Tree[] = []
  for (let place = 0; place <= Math.max(...wanted); place++) {
    if (place > 0) applyLayer(tree, tables, order[place - 1])
    trees.push(wanted.has(place) ? tree.clone() : tree)
  }
  return { tables, result: tables.map(() => null), trees, scrubbed: [] }
}

/** Each layer without its scrubbed rows and those that nobody sees, and without the markers that thereby hide nothing any more. */
function rewriteAll(input: StackInput, stack: Stack, order: readonly number[], end: number): Rewritten {
  const { tables } = input
  const survey = surveyOf(tables, stack.scrubbed, order)
  const tops = topsOf(input, survey)
  const below = belowAny(survey.tree, tops)
  const goes: Going = { below, links: hasLink(tables, survey, below) }
  const wanted = placesOf(stack, order, end)
  const now = [...tables]
  const result: (RewrittenLayer | null)[] = tables.map(() => null)
  const trees: Tree[] = []
  const tree = new Tree()
  const unseen = stack.reclaimed ? unseenRows(tables, laid(stack, ownCount(stack, tables))) : null
  order.forEach((layer, place) => {
    const table = tables[layer]
    const unneeded =
      unseen && !stack.dropped.has(layer) ? reclaimed(unseen[layer], survey, table, layer, tree) : []
    trees.push(wanted.has(place) ? tree.clone() : tree)
    const scrubbed = stack.dropped.has(layer)
      ? rewrittenLayer(table, { gone: allRows(table), paths: new Map(), inodeOf: () => null })
      : rewrittenLayer(table, changesOf(table, survey, layer, goes, unneeded, tree, now))
    result[layer] = stack.dropped.has(layer) ? null : scrubbed
    now[layer] = scrubbed?.table ?? (stack.dropped.has(layer) ? emptyTable() : table)
    applyLayer(tree, now, layer)
  })
  trees.push(tree)
  return { tables: now, result, trees, scrubbed: [...tops].map((node) => survey.tree.path(node)) }
}

function allRows({ length }: EntryTable): Set<number> {
  return new Set(Array.from({ length }, (_, row) => row))
}

/** What is to be taken out. */
interface Going {
  /** By node of the survey, 1 for what goes. */
  readonly below: Uint8Array
  /** Whether any layer has a link there: only through one can a row that stays be listed below what goes. */
  readonly links: boolean
}

function hasLink(tables: readonly EntryTable[], { order, layers }: Survey, below: Uint8Array): boolean {
  return order.some((layer) =>
    layers[layer].meant.some((node, row) => {
      const type = tables[layer].type[row]
      return node >= 0 && below[node] === 1 && (type === TYPE.symlink || type === TYPE.hardlink)
    }),
  )
}

function changesOf(
  table: EntryTable,
  survey: Survey,
  layer: number,
  { below, links }: Going,
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
    paths: links ? throughScrubbed(table, survey, meant, gone, below) : new Map(),
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
