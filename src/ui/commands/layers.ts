/** Commands on the step that is chosen in the list of layers. */
import { historyForm, squashForm } from '../../app/forms'
import type { LayerView } from '../../../workers/api'
import type { Workspace } from '../../app/workspace.svelte'
import type { Desk } from '../context'
import { command, type Command, type Extra } from './command'

export function layerCommands({ workspace }: Desk): Command[] {
  const step = workspace.place.stepView
  const layer = step && step.layer !== null ? workspace.layer(step.layer) : null
  const words = step ? step.instruction || step.createdBy : ''
  const about = step === null ? '' : layer ? `layer ${layer.index}` : words.slice(0, 60)
  const on = (why: string, what: unknown): Extra => ({ about, why: what ? why : 'Choose a layer first.' })
  const history = step?.history ?? null
  const several = workspace.layers.length > 1 ? '' : 'The image has one layer.'
  const dropped = layer !== null && (workspace.editing.edits?.stack.dropped.includes(layer.index) ?? false)
  const layers = workspace.steps.flatMap(({ layer: at, instruction, createdBy }) =>
    at === null ? [] : [{ layer: at, words: instruction || createdBy }],
  )
  return [
    ...placeCommands(workspace, layer, words),
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
        history !== null &&
        void workspace.editing.edit('scrubbing the history', [{ op: 'history', index: history }]),
      on(step && (step.createdBy !== '' || step.comment !== '') ? '' : 'It has no words.', step),
    ),
    command('Layers', 'copy-instruction', 'Copy instruction', () => void workspace.copy(words), on('', step)),
  ]
}

/** Where the layer stands among the image’s own, and on which base. */
function placeCommands(workspace: Workspace, layer: LayerView | null, words: string): Command[] {
  const stack = workspace.editing.edits?.stack
  const none = layer ? '' : 'Choose a layer first.'
  const index = layer?.index ?? 0
  const replaced = stack?.rebased?.replaced ?? 0
  const place = stack?.order?.indexOf(index) ?? index
  const gone = none || (index < replaced ? 'Another image’s layers have taken its place.' : '')
  const top = place === workspace.layers.length - 1 ? 'It is on top.' : ''
  const bottom = place === replaced ? 'It is the lowest.' : ''
  const alone = workspace.layers.length < 2 ? 'There is no other layer.' : ''
  const onBase = stack?.rebased ? 'The image stands on another base already: take that back first.' : ''
  const about = layer ? `layer ${index}` : ''
  const move = (id: string, name: string, by: number, why: string): Command =>
    command('Layers', id, name, () => workspace.ask({ ask: 'moveLayer', layer: index, by, words }), {
      about,
      why,
    })
  return [
    move('move-up', 'Move up…', 1, gone || top),
    move('move-down', 'Move down…', -1, gone || bottom),
    move('move-layer-to', 'Move to…', 0, gone || alone),
    command(
      'Layers',
      'rebase',
      index === 0 ? 'Rebase…' : `Rebase from layer ${index} on…`,
      () => workspace.ask({ ask: 'rebase', layer: index === 0 ? null : index }),
      { about, why: onBase || none || alone },
    ),
  ]
}
