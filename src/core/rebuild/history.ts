/** The history of a rebuilt image: one line for each layer that is left, and those of merged layers as steps without one. */
import type { Json } from '../edit/operation'
import type { HistoryLine, ImageConfig } from '../image/documents'
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
  { config, created }: { config: ImageConfig; created: string | undefined },
  slots: readonly Slot[],
  dropped: ReadonlySet<number>,
  more: readonly NewLine[],
): Json[] | null {
  const lines = config.history ?? []
  const layers = config.rootfs?.diff_ids?.length ?? 0
  if (lines.length === 0) return null
  const plain = slots.every((slot) => slot.kind === 'layer' || (slot.kind === 'top' && slot.from === null))
  const asItWas = plain && slots.filter(({ kind }) => kind === 'layer').length === layers
  if (lines.filter((line) => !line.empty_layer).length !== layers) return asItWas ? null : []
  if (asItWas && more.length === 0) return null
  const merged = mergedLines(lines, slots, dropped, created)
  return [...merged, ...more] as unknown as Json[]
}

function mergedLines(
  lines: readonly HistoryLine[],
  slots: readonly Slot[],
  dropped: ReadonlySet<number>,
  created: string | undefined,
): (HistoryLine | NewLine)[] {
  const out: (HistoryLine | NewLine)[] = []
  let layer = -1
  for (const line of lines) {
    if (line.empty_layer) {
      out.push(line)
      continue
    }
    layer++
    const slot = slotOf(slots, layer)
    if (slot?.kind === 'layer') out.push(line)
    else if (slot && !dropped.has(layer)) out.push({ ...line, empty_layer: true })
    if (slot?.kind === 'merged' && slot.to === layer) out.push(squashLine(slot.from, slot.to, created))
  }
  return out
}

function slotOf(slots: readonly Slot[], layer: number): Slot | undefined {
  return slots.find(
    (slot) =>
      (slot.kind === 'layer' && slot.layer === layer) ||
      (slot.kind === 'merged' && slot.from <= layer && layer <= slot.to) ||
      (slot.kind === 'top' && slot.from !== null && slot.from <= layer),
  )
}

export function squashLine(from: number, to: number, created: string | undefined): NewLine {
  return {
    ...(created ? { created } : {}),
    created_by: `peel: layers ${from} to ${to} squashed`,
    comment: 'peel',
  }
}
