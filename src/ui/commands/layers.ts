/** Commands on the step that is chosen in the list of layers. */
import { historyForm, squashForm } from '../../app/forms'
import type { LayerView } from '../../../workers/api'
import type { Desk } from '../context'
import { command, type Command, type Extra } from './command'

export function layerCommands({ workspace }: Desk): Command[] {
  const step = workspace.stepView
  const layer = step && step.layer !== null ? workspace.layer(step.layer) : null
  const words = step ? step.instruction || step.createdBy : ''
  const about = step === null ? '' : layer ? `layer ${layer.index}` : words.slice(0, 60)
  const on = (why: string, what: unknown): Extra => ({ about, why: what ? why : 'Choose a layer first.' })
  const history = step?.history ?? null
  const several = workspace.layers.length > 1 ? '' : 'The image has one layer.'
  const dropped = layer !== null && (workspace.edits?.stack.dropped.includes(layer.index) ?? false)
  const layers = workspace.steps.flatMap(({ layer: at, instruction, createdBy }) =>
    at === null ? [] : [{ layer: at, words: instruction || createdBy }],
  )
  return [
    command(
      'Layers',
      'drop-layer',
      'Drop layer…',
      () => layer && workspace.ask({ ask: 'dropLayer', layer: layer.index, words }),
      on(several || (dropped ? 'It is dropped already.' : ''), layer),
    ),
    command(
      'Layers',
      'squash-layers',
      'Squash layers…',
      () => layer && workspace.ask({ ask: 'form', form: squashForm(layers, layer.index) }),
      on(several, layer),
    ),
    ...restackCommands(workspace, layer, words, about),
    command(
      'Layers',
      'edit-history',
      'Edit history line…',
      () => step && history !== null && workspace.ask({ ask: 'form', form: historyForm(history, step) }),
      on(history === null ? 'No history line made it.' : '', step),
    ),
    command(
      'Layers',
      'scrub-history',
      'Scrub history line',
      () =>
        history !== null && void workspace.edit('scrubbing the history', [{ op: 'history', index: history }]),
      on(step && (step.createdBy !== '' || step.comment !== '') ? '' : 'It has no words.', step),
    ),
    command('Layers', 'copy-instruction', 'Copy instruction', () => void workspace.copy(words), on('', step)),
  ]
}

/** What goes by the place of the layer among the image's own: moved, or put onto another base. */
function restackCommands(
  workspace: Desk['workspace'],
  layer: LayerView | null,
  words: string,
  about: string,
): Command[] {
  const stack = workspace.edits?.stack
  const lowest = stack?.rebased?.replaced ?? 0
  const index = layer?.index ?? 0
  const place = stack?.order?.indexOf(index) ?? index
  const gone = index < lowest ? 'Another image’s layers have taken its place.' : ''
  const alone = workspace.layers.length < 2 ? 'The image has one layer.' : ''
  const top = place === workspace.layers.length - 1 ? 'It is on top.' : ''
  const bottom = place === lowest ? 'It is the lowest.' : ''
  const onBase = lowest > 0 || stack?.rebased ? 'The image stands on another base already.' : ''
  const why = (reason: string): Extra => ({ about, why: layer ? reason : 'Choose a layer first.' })
  const move = (by: number) => () => layer && workspace.ask({ ask: 'moveLayer', layer: index, by, words })
  const rebase = () => layer && workspace.ask({ ask: 'rebase', layer: index === 0 ? null : index })
  const from = index === 0 ? 'Rebase…' : `Rebase from layer ${index} on…`
  return [
    command('Layers', 'move-layer-up', 'Move up…', move(1), why(gone || top)),
    command('Layers', 'move-layer-down', 'Move down…', move(-1), why(gone || bottom)),
    command('Layers', 'move-layer', 'Move layer to…', move(0), why(gone || alone)),
    command('Layers', 'rebase', from, rebase, why(onBase || alone)),
  ]
}
