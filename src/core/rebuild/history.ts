/** The history of a rebuilt image: one line for each layer that is left, and those of merged layers as steps without one. */
import type { Json } from '../edit/operation'
import type { HistoryLine, ImageConfig } from '../image/documents'
import { standing, type Stack } from '../edit/stack'
import type { Slot } from './stack'

export interface NewLine {
  readonly created?: string
  readonly created_by: string
  readonly comment?: string
  readonly empty_layer?: true
}

/**
 * The old lines with what the slots did to their layers, and `more` behind them. Null for "as it is": there is no
 * history, or one that does not match its layers, where a further line would be read as an earlier layer's. An empty
 * list takes such a half history away, once its lines can no longer be told apart.
 */
export function stackedHistory(
  { config, onto, created }: Histories,
  slots: readonly Slot[],
  stack: Stack,
  more: readonly NewLine[],
): Json[] | null {
  const layers = config.rootfs?.diff_ids?.length ?? 0
  if (!hasLines(config) && !(onto && hasLines(onto))) return null
  const asItWas =
    !onto &&
    slots.every((slot) => slot.kind === 'layer' || (slot.kind === 'top' && slot.layers.length === 0)) &&
    slots.flatMap((slot) => (slot.kind === 'layer' ? [slot.layer] : [])).join() ===
      Array.from({ length: layers }, (_, layer) => layer).join()
  if (!isWhole(config) || (onto && !isWhole(onto))) return asItWas ? null : []
  if (asItWas && more.length === 0) return null
  const numbered = inOrder(numberedLines(config, onto, stack), standing(stack, layers))
  const merged = mergedLines(numbered, slots, stack.dropped, created)
  return [...merged, ...more] as unknown as Json[]
}

/** Of the image as it was opened, edits in it; of the image that it is put onto. */
interface Histories {
  readonly config: ImageConfig
  readonly onto?: ImageConfig
  readonly created: string | undefined
}

const hasLines = ({ history }: ImageConfig): boolean => (history ?? []).length > 0

function isWhole({ history, rootfs }: ImageConfig): boolean {
  return (history ?? []).filter((line) => !line.empty_layer).length === (rootfs?.diff_ids?.length ?? 0)
}

interface Numbered {
  readonly line: HistoryLine
  /** Null for a step without a layer. */
  readonly layer: number | null
}

/** The lines of the new base, and behind them those of the image that are not of its old one (as crane rebase has it). */
function numberedLines(config: ImageConfig, onto: ImageConfig | undefined, { rebased }: Stack): Numbered[] {
  const own = numbered(config.history ?? [], 0)
  if (!onto || !rebased) return own
  const base = numbered(onto.history ?? [], config.rootfs?.diff_ids?.length ?? 0)
  return [...base, ...own.slice(linesOfBase(own, base, rebased.replaced))]
}

function numbered(lines: readonly HistoryLine[], first: number): Numbered[] {
  let layer = first
  return lines.map((line) => ({ line, layer: line.empty_layer ? null : layer++ }))
}

/**
 * How many lines tell of the old base: up to its last layer, and the steps behind that which the new base ends with
 * word for word (its CMD, say). Where the old base's further steps end, no document says.
 */
function linesOfBase(own: readonly Numbered[], base: readonly Numbered[], replaced: number): number {
  let end = replaced === 0 ? 0 : own.findIndex(({ layer }) => layer === replaced - 1) + 1
  const last = base.findLastIndex(({ layer }) => layer !== null)
  for (const { line } of base.slice(last + 1)) {
    if (end === 0 || own[end]?.layer !== null || own[end].line.created_by !== line.created_by) break
    end++
  }
  return end
}

/** Lines with a layer change places among themselves; steps without one stay where they are. */
function inOrder(lines: readonly Numbered[], order: readonly number[]): Numbered[] {
  const byLayer = new Map(lines.flatMap((one) => (one.layer === null ? [] : [[one.layer, one] as const])))
  let place = 0
  return lines.map((one) => (one.layer === null ? one : byLayer.get(order[place++])!))
}

function mergedLines(
  lines: readonly Numbered[],
  slots: readonly Slot[],
  dropped: ReadonlySet<number>,
  created: string | undefined,
): (HistoryLine | NewLine)[] {
  const out: (HistoryLine | NewLine)[] = []
  for (const { line, layer } of lines) {
    if (layer === null) {
      out.push(line)
      continue
    }
    const slot = slotOf(slots, layer)
    if (slot?.kind === 'layer') out.push(line)
    else if (slot && !dropped.has(layer)) out.push({ ...line, empty_layer: true })
    if (slot?.kind === 'merged' && slot.layers.at(-1) === layer) out.push(squashLine(slot.layers, created))
  }
  return out
}

function slotOf(slots: readonly Slot[], layer: number): Slot | undefined {
  return slots.find((slot) => (slot.kind === 'layer' ? slot.layer === layer : slot.layers.includes(layer)))
}

export function squashLine(layers: readonly number[], created: string | undefined): NewLine {
  return {
    ...(created ? { created } : {}),
    created_by: `peel: layers ${layers[0]} to ${layers.at(-1)} squashed`,
    comment: 'peel',
  }
}
