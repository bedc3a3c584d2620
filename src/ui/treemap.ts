/** What a colour of the treemap says. */
import type { Block, StepView } from '../../workers/api'
import type { Colouring } from '../app/route'
import { plain } from '../app/words'
import { layerColour } from './context'

const changes: Record<Block['change'], { readonly words: string; readonly colour: string }> = {
  same: { words: 'unchanged', colour: 'var(--line-strong)' },
  added: { words: 'added', colour: 'var(--added)' },
  changed: { words: 'changed', colour: 'var(--changed)' },
  // Of files of layers that is told by size and time, as in the tree: contents are compared where one is looked at.
  metadata: { words: 'same size and time', colour: 'var(--metadata)' },
  removed: { words: 'removed', colour: 'var(--removed)' },
}

const kinds: Record<Block['kind'], { readonly words: string; readonly colour: string }> = {
  program: { words: 'programs', colour: 'var(--layer-0)' },
  library: { words: 'libraries', colour: 'var(--layer-1)' },
  code: { words: 'code', colour: 'var(--layer-2)' },
  document: { words: 'documents', colour: 'var(--layer-3)' },
  media: { words: 'pictures, fonts, sound', colour: 'var(--layer-4)' },
  archive: { words: 'archives', colour: 'var(--layer-5)' },
  data: { words: 'data and settings', colour: 'var(--layer-6)' },
  other: { words: 'others', colour: 'var(--layer-7)' },
}

export function colourOf(block: Block, by: Colouring): string {
  if (by === 'layer') return layerColour(block.layer)
  return by === 'change' ? changes[block.change].colour : kinds[block.kind].colour
}

export function colourWords(block: Block, by: Colouring): string {
  const mostly = block.directory || block.rest > 0 ? 'mostly ' : ''
  if (by === 'layer') return `${mostly}${layerWords(block.layer)}`
  return `${mostly}${by === 'change' ? changes[block.change].words : kinds[block.kind].words}`
}

function layerWords(layer: number | null): string {
  return layer === null ? 'of no layer' : layer < 0 ? 'your changes' : `layer ${layer}`
}

export interface LegendLine {
  readonly words: string
  readonly title: string
  readonly colour: string
}

/** A line for each colour on screen, in the order of layers, changes or kinds. */
export function legendOf(
  blocks: readonly Block[],
  by: Colouring,
  steps: readonly StepView[],
): readonly LegendLine[] {
  const closed = blocks.filter((block) => !block.opened)
  if (by === 'change') return linesOf(changes, (block) => block.change, closed)
  if (by === 'kind') return linesOf(kinds, (block) => block.kind, closed)
  const layers = [...new Set(closed.map(({ layer }) => layer))]
  // Edits stand above all layers, as they do in the list.
  const rank = (layer: number | null) => (layer === null ? -1 : layer < 0 ? Infinity : layer)
  return layers
    .sort((a, b) => rank(a) - rank(b))
    .map((layer) => ({
      words: layerWords(layer),
      title: plain(steps.find((step) => step.layer !== null && step.layer === layer)?.instruction ?? ''),
      colour: layerColour(layer),
    }))
}

function linesOf<Key extends string>(
  all: Record<Key, { readonly words: string; readonly colour: string }>,
  keyOf: (block: Block) => Key,
  blocks: readonly Block[],
): LegendLine[] {
  const there = new Set(blocks.map(keyOf))
  return (Object.keys(all) as Key[])
    .filter((key) => there.has(key))
    .map((key) => ({ ...all[key], title: '' }))
}
