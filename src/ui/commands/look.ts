/** Commands that change what is looked at, and nothing else: views and shapes of the tree, sides of a path, what is unfolded. */
import type { SortKey, ViewKind } from '../../../workers/api'
import { colourings, type Facet } from '../../app/route'
import type { Desk } from '../context'
import { command, noImage, type Command, type Extra } from './command'

const sorts: Record<SortKey, string> = {
  name: 'name',
  change: 'change',
  size: 'size',
  mode: 'mode',
  owner: 'owner',
  mtime: 'time',
  layer: 'layer',
}
const facets: Record<Facet, string> = {
  text: 'text',
  hex: 'hex',
  contents: 'an archive’s contents',
  details: 'details',
  life: 'its life',
}

export function lookCommands(desk: Desk): Command[] {
  const { workspace, settings } = desk
  const { files, inspector, treemap, unfolded } = workspace
  const look = (id: string, words: string, run: () => void, extra: Extra = {}): Command =>
    command('Look', id, words, run, extra)
  const view = (id: string, words: string, to: ViewKind): Command =>
    look(id, words, () => workspace.place.showView(to))
  const layer =
    files.view.kind === 'asOf' || files.view.kind === 'only'
      ? files.view.layer
      : (workspace.place.stepView?.layer ?? Math.max(0, workspace.layers.length - 1))
  const row = files.cursorRow
  const onDirectory = {
    about: row?.path ?? '',
    why: row?.expandable ? '' : 'Choose a directory first.',
  }
  const filtered = files.isFiltered ? '' : 'Nothing is filtered.'
  return [
    view('view-final', 'Show the final filesystem', { kind: 'rootfs' }),
    view('view-up-to', `Show up to layer ${layer}`, { kind: 'asOf', layer }),
    view('view-only', `Show only layer ${layer}`, { kind: 'only', layer }),
    view('view-edits', 'Show your changes in the tree', { kind: 'edits' }),
    look('as-list', 'Show the files as a list', () => workspace.place.shapeAs('list')),
    look('as-flat', 'Show the files as a flat list', () => workspace.place.shapeAs('flat')),
    look('as-treemap', 'Show the treemap', () => workspace.place.shapeAs('treemap')),
    look('filter', 'Filter paths', () => desk.filterPaths(), { key: 'filter' }),
    look('filter-more', 'Filter by change, type and size', () => desk.filterMore()),
    look('filter-none', 'Take the filter away', () => void files.unfilter(), { why: filtered }),
    ...(Object.keys(sorts) as SortKey[]).map((key) =>
      look(`sort-${key}`, `Sort by ${sorts[key]}`, () => files.sortBy(key)),
    ),
    look('expand-all', 'Open all below', () => row && void files.expand(row, true, true), {
      ...onDirectory,
      keys: '*',
    }),
    look('collapse-all', 'Close all below', () => row && void files.expand(row, false, true), onDirectory),
    look('zoom-out', 'Zoom out of the treemap', () => void workspace.place.zoomOut(), {
      keys: 'Backspace',
      why:
        workspace.place.shape === 'treemap' && treemap.zoomed !== '/' ? '' : 'The treemap shows everything.',
    }),
    ...colourings.map((colouring) =>
      look(`colour-${colouring}`, `Colour the treemap by ${colouring}`, () => {
        workspace.place.colourBy(colouring)
        workspace.place.shapeAs('treemap')
      }),
    ),
    ...(Object.keys(facets) as Facet[]).map((facet) =>
      look(`facet-${facet}`, `Look at it as ${facets[facet]}`, () => showFacet(desk, facet), {
        about: inspector.at?.path ?? '',
        why:
          inspector.at === null
            ? 'Choose a path first.'
            : inspector.facets.includes(facet)
              ? ''
              : 'It has none.',
      }),
    ),
    look(
      'differences',
      `${unfolded.differences ? 'Hide' : 'Show'} differences`,
      () => {
        unfolded.differences = !unfolded.differences
        showFacet(desk, 'life')
      },
      {
        about: inspector.at?.path ?? '',
        why: (inspector.details?.life.length ?? 0) > 1 ? '' : 'Choose a path with several versions first.',
      },
    ),
    look('engines', 'What will engines do with this archive?', () => {
      unfolded.engines = true
      workspace.place.turnTo('anatomy')
    }),
    look('notices', 'Show the notices', () => popover('notices'), {
      why: workspace.notices.length > 0 ? '' : 'There are none.',
    }),
    look('hints', 'Show the hints again', () => settings.forgetRead()),
  ].map((one) => (workspace.archive ? one : { ...one, why: noImage }))
}

function showFacet({ workspace }: Desk, facet: Facet): void {
  workspace.inspector.turnTo(facet)
  workspace.place.showPane('inspector')
}

export function popover(id: string): void {
  document.getElementById(id)?.showPopover()
}
