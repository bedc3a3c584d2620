/** What the recipe does to whole layers: which are dropped, moved, become one or give way to another base, what is taken out of all of them. */
import { ImageError } from '../fault/fault'
import type { Operation } from './operation'

/** The lowest `replaced` layers give way to those of another image, which have the numbers behind the image's own. */
export interface Rebased {
  readonly replaced: number
  readonly layers: number
}

export interface Stack {
  readonly dropped: ReadonlySet<number>
  /** First and last layer, in the order they are laid in, of each range that becomes one layer; disjoint. */
  readonly ranges: readonly (readonly [from: number, to: number])[]
  /** Paths as they were given. */
  readonly scrubbed: readonly string[]
  /** The image's own layers in another order, base first, dropped ones in their places; null: as they are. */
  readonly order: readonly number[] | null
  readonly rebased: Rebased | null
  /** Bytes that nobody sees go. */
  readonly reclaimed: boolean
}

export const UNTOUCHED: Stack = {
  dropped: new Set(),
  ranges: [],
  scrubbed: [],
  order: null,
  rebased: null,
  reclaimed: false,
}

/** The stack with one more operation on it, of an image of `count` layers. Throws `bad-operation`. */
export function stacked(stack: Stack, operation: Operation, count: number): Stack {
  switch (operation.op) {
    case 'drop':
      return { ...stack, dropped: dropping(stack, operation.layer, count) }
    case 'squash':
      return { ...stack, ranges: squashing(stack, operation.from, operation.to, count) }
    case 'scrub':
      return { ...stack, scrubbed: [...stack.scrubbed, ...operation.paths] }
    case 'reclaim':
      if (stack.reclaimed) throw bad('What nobody sees is left out already.')
      return { ...stack, reclaimed: true }
    case 'move':
      return { ...stack, order: moving(stack, operation.layer, operation.to, count) }
    case 'rebase':
      return { ...stack, rebased: rebasing(stack, operation, count) }
    default:
      return stack
  }
}

function dropping(stack: Stack, layer: number, count: number): ReadonlySet<number> {
  mustStand(stack, layer, count)
  const { dropped } = stack
  if (dropped.has(layer)) throw bad(`Layer ${layer} is dropped already.`)
  const dropping = { ...stack, dropped: new Set([...dropped, layer]) }
  if (laid(dropping, count).length === 0)
    throw bad('The last layer cannot be dropped: engines take no image without one.')
  return dropping.dropped
}

function squashing(stack: Stack, from: number, to: number, count: number): Stack['ranges'] {
  mustStand(stack, from, count)
  mustStand(stack, to, count)
  const order = standing(stack, count)
  const [first, last] = [order.indexOf(from), order.indexOf(to)]
  if (first >= last) throw bad(`Layers ${from} to ${to} are no range: squashing takes two layers or more.`)
  const other = stack.ranges.find(
    ([start, end]) => first <= order.indexOf(end) && order.indexOf(start) <= last,
  )
  if (other)
    throw bad(`Layers ${from} to ${to} overlap with ${other[0]} to ${other[1]}, which are squashed already.`)
  return [...stack.ranges, [from, to] as const].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
}

/** `to`: the place among the image's own layers, dropped ones counted, from 0 at the base. */
function moving(stack: Stack, layer: number, to: number, count: number): readonly number[] {
  mustStand(stack, layer, count)
  const order = own(stack, count)
  const from = order.indexOf(layer)
  if (!Number.isInteger(to) || to < 0 || to >= count)
    throw bad(`There is no place ${to}; the image has the places 0 to ${count - 1}.`)
  if (from === to) throw bad(`Layer ${layer} stands in place ${to} already.`)
  if (stack.rebased && to < stack.rebased.replaced)
    throw bad(`Place ${to} is in the base, which another image’s layers have taken.`)
  const others = order.filter((other) => other !== layer)
  const moved = [...others.slice(0, to), layer, ...others.slice(to)]
  for (const [first, last] of stack.ranges) {
    const members = (some: readonly number[]): string =>
      some.slice(some.indexOf(first), some.indexOf(last) + 1).join()
    if (members(order) !== members(moved))
      throw bad(`Layers ${first} to ${last} become one: take that back before one moves in or out.`)
  }
  return moved
}

function rebasing(
  { rebased, dropped, ranges, order }: Stack,
  { replace, onto }: Extract<Operation, { op: 'rebase' }>,
  count: number,
): Rebased {
  if (rebased) throw bad('The image stands on another base already: take that back first.')
  if (replace === undefined || replace < 0 || replace >= count || !Number.isInteger(replace))
    throw bad(
      `The old base cannot have ${replace ?? 'an unknown number of'} layers: the image has ${count}, and at least one must be its own.`,
    )
  if (onto.diffIds.length === 0) throw bad('The new base has no layer.')
  const isBase = (layer: number): boolean => layer < replace
  if (order && !order.slice(0, replace).every(isBase))
    throw bad('Layers were moved into the old base: take that back first.')
  const touched = [...dropped].find(isBase) ?? ranges.flat().find(isBase)
  if (touched !== undefined)
    throw bad(`Layer ${touched} of the old base is dropped or squashed: take that back first.`)
  return { replaced: replace, layers: onto.diffIds.length }
}

function own({ order }: Stack, count: number): readonly number[] {
  return order ?? Array.from({ length: count }, (_, layer) => layer)
}

/** All layers that have a place, base first, dropped ones in theirs; `count` is how many are the image's own. */
export function standing(stack: Stack, count: number): number[] {
  const { rebased } = stack
  if (!rebased) return [...own(stack, count)]
  const base = Array.from({ length: rebased.layers }, (_, i) => count + i)
  return [...base, ...own(stack, count).filter((layer) => layer >= rebased.replaced)]
}

/** The layers that are there in the end, base first. */
export function laid(stack: Stack, count: number): number[] {
  return standing(stack, count).filter((layer) => !stack.dropped.has(layer))
}

/** How many of the tables are the image's own: those of another base stand behind them. */
export function ownCount(stack: Stack, tables: { readonly length: number }): number {
  return tables.length - (stack.rebased?.layers ?? 0)
}

/** Layers of a range that becomes one, in order. */
export function rangeOf(order: readonly number[], [from, to]: Stack['ranges'][number]): readonly number[] {
  return order.slice(order.indexOf(from), order.indexOf(to) + 1)
}

/** Whether the union of the layers may be another one than that of the image. */
export function isRelaid({ dropped, order, rebased }: Stack): boolean {
  return dropped.size > 0 || order !== null || rebased !== null
}

/** Whether each layer that is left stays what it was: then a layer can be added on top of them. */
export function keepsLayers({ dropped, ranges, scrubbed, reclaimed }: Stack): boolean {
  return dropped.size === 0 && ranges.length === 0 && scrubbed.length === 0 && !reclaimed
}

export function isUntouched(stack: Stack): boolean {
  return keepsLayers(stack) && !isRelaid(stack)
}

function mustStand({ rebased }: Stack, layer: number, count: number): void {
  if (!Number.isInteger(layer) || layer < 0 || layer >= count)
    throw bad(`There is no layer ${layer}; the image has ${count}.`)
  if (rebased && layer < rebased.replaced)
    throw bad(`Layer ${layer} is of the old base, which gave way to another image’s layers.`)
}

function bad(message: string): ImageError {
  return new ImageError('bad-operation', message)
}
