/** Which history line made which layer. */
import type { Notices } from '../fault/notice'
import type { HistoryLine } from './documents'
import type { Step } from './image'

/**
 * Lines without `empty_layer` get the layers from the left, as docker reads them (moby daemon/images/image_history.go).
 * Layers beyond the lines, and lines beyond the layers, stand alone, and a notice says so.
 */
export function stepsOf(
  history: readonly HistoryLine[] | null | undefined,
  layers: number,
  notices: Notices,
): Step[] {
  const steps: Step[] = []
  let layer = 0
  const lines = history ?? []
  lines.forEach((line, index) => {
    const made = !line.empty_layer && layer < layers ? layer++ : null
    steps.push({ history: index, layer: made, line })
  })
  const claimed = lines.filter((line) => !line.empty_layer).length
  if (lines.length > 0 && claimed > layers)
    notices.add(
      'error',
      'history-too-long',
      `The history speaks of ${claimed} layers, there are ${layers}: docker history fails on this image.`,
    )
  if (lines.length > 0 && claimed < layers)
    notices.add(
      'warning',
      'history-too-short',
      `The history speaks of ${claimed} layers, there are ${layers}; the last ones stand without a step.`,
    )
  if (lines.length === 0 && layers > 0)
    notices.add(
      'info',
      'history-missing',
      'The config has no history: it is not known which step made which layer.',
    )
  while (layer < layers) steps.push({ history: null, layer: layer++, line: null })
  return steps
}
