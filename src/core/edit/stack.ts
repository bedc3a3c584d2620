/** What the recipe does to whole layers: which are dropped, which become one, what is taken out of all of them. */
import { ImageError } from '../fault/fault'
import { emptyTable } from '../layer/scan'
import type { EntryTable } from '../layer/table'
import type { Operation } from './operation'

export interface Stack {
  readonly dropped: ReadonlySet<number>
  /** First and last layer of each range that becomes one layer; disjoint, in order. */
  readonly ranges: readonly (readonly [from: number, to: number])[]
  /** Paths as they were given. */
  readonly scrubbed: readonly string[]
  /** Bytes that nobody sees go. */
  readonly reclaimed: boolean
}

export const UNTOUCHED: Stack = { dropped: new Set(), ranges: [], scrubbed: [], reclaimed: false }

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
    default:
      return stack
  }
}

function dropping({ dropped }: Stack, layer: number, count: number): ReadonlySet<number> {
  mustBeLayer(layer, count)
  if (dropped.has(layer)) throw bad(`Layer ${layer} is dropped already.`)
  if (dropped.size + 1 === count)
    throw bad('The last layer cannot be dropped: engines take no image without one.')
  return new Set([...dropped, layer])
}

function squashing({ ranges }: Stack, from: number, to: number, count: number): Stack['ranges'] {
  mustBeLayer(from, count)
  mustBeLayer(to, count)
  if (from >= to) throw bad(`Layers ${from} to ${to} are no range: squashing takes two layers or more.`)
  const other = ranges.find(([first, last]) => from <= last && first <= to)
  if (other)
    throw bad(`Layers ${from} to ${to} overlap with ${other[0]} to ${other[1]}, which are squashed already.`)
  return [...ranges, [from, to] as const].sort(([a], [b]) => a - b)
}

/** The tables with nothing in those that are dropped: numbers of layers stay what they were. */
export function remaining(tables: readonly EntryTable[], { dropped }: Stack): readonly EntryTable[] {
  return dropped.size === 0
    ? tables
    : tables.map((table, layer) => (dropped.has(layer) ? emptyTable() : table))
}

export function isUntouched({ dropped, ranges, scrubbed, reclaimed }: Stack): boolean {
  return dropped.size === 0 && ranges.length === 0 && scrubbed.length === 0 && !reclaimed
}

function mustBeLayer(layer: number, count: number): void {
  if (layer < 0 || layer >= count) throw bad(`There is no layer ${layer}; the image has ${count}.`)
}

function bad(message: string): ImageError {
  return new ImageError('bad-operation', message)
}
