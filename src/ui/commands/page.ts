/** Commands on the image as a whole, on the pending changes, and on the page. */
import { dockerfileText } from '../../app/dockerfile'
import { tabs, type Tab } from '../../app/route'
import { downloadText } from '../../app/saving'
import { themes, type Theme } from '../../app/settings.svelte'
import type { PaneName } from '../../app/place.svelte'
import type { Desk } from '../context'
import { command, noImage, type Command } from './command'
import { popover } from './look'

const tabWords: Record<Tab, string> = {
  files: 'Files',
  config: 'Config',
  dockerfile: 'Dockerfile',
  anatomy: 'Anatomy',
  waste: 'Waste',
  changes: 'Changes',
}
const paneWords: Record<PaneName, string> = {
  layers: 'list of layers',
  center: 'middle pane',
  inspector: 'inspector',
}
const themeWords: Record<Theme, string> = { system: 'as the system', light: 'light', dark: 'dark' }

export function imageCommands(desk: Desk): Command[] {
  const { workspace } = desk
  const { archive, image } = workspace
  const { member, memberIndex } = workspace.place
  const needsImage = { why: archive ? '' : noImage }
  const text = image ? dockerfileText(image) : ''
  const memberRow = memberIndex === null ? null : (archive?.members[memberIndex] ?? null)
  return [
    command('Image', 'open', 'Open image…', () => desk.openDialog(), { key: 'open' }),
    command('Image', 'sample', 'Try a sample image', () => void workspace.openSample()),
    command('Image', 'export', 'Export…', () => desk.exportDialog(), { key: 'export', ...needsImage }),
    command('Image', 'close', 'Close image', () => void workspace.closeImage(), needsImage),
    command('Image', 'report', 'Download the report', () => void workspace.downloadReport(), needsImage),
    command('Image', 'copy-dockerfile', 'Copy Dockerfile', () => void workspace.copy(text), needsImage),
    command(
      'Image',
      'download-dockerfile',
      'Download Dockerfile',
      () => downloadText(text, 'Dockerfile'),
      needsImage,
    ),
    command('Image', 'edit-config', 'Edit config as JSON', () => editConfig(desk), needsImage),
    command(
      'Image',
      'copy-config',
      'Copy config',
      () => void workspace.copy(workspace.editing.edits?.configText ?? image?.configText ?? ''),
      needsImage,
    ),
    command('Image', 'copy-id', 'Copy image ID', () => void workspace.copy(image?.id ?? ''), needsImage),
    command(
      'Image',
      'download-member',
      'Download member',
      () => memberRow && void workspace.downloadMember(memberRow.index),
      {
        about: member?.row.path ?? '',
        why: memberRow?.type === 'file' ? '' : 'Choose a member in Anatomy first.',
      },
    ),
    ...(archive && archive.images.length > 1 ? archive.images : []).map((one) =>
      command(
        'Image',
        `image-${one.index}`,
        `Show image ${one.tags[0] ?? one.index + 1} ${one.platform}`,
        () => void workspace.chooseImage(one.index),
        { why: one.index === archive?.image ? 'It is on screen.' : '' },
      ),
    ),
    ...workspace.shelf.map(({ file }, index) =>
      command(
        'Image',
        `shelf-${index}`,
        `Show file ${file.name}`,
        () => void workspace.openFromShelf(index),
        {
          why: index === workspace.onShelf ? 'It is on screen.' : '',
        },
      ),
    ),
    ...(workspace.recents ?? [])
      .filter(({ id }) => id !== archive?.id)
      .slice(0, 10)
      .map((recent) =>
        command(
          'Image',
          `recent-${recent.id}`,
          `Continue with ${recent.tags[0] ?? recent.name}`,
          () => void workspace.reopen(recent),
        ),
      ),
  ]
}

function editConfig({ workspace }: Desk): void {
  workspace.place.turnTo('config')
  workspace.place.showPane('inspector')
  workspace.unfolded.config = true
}

export function changeCommands(desk: Desk): Command[] {
  const { workspace } = desk
  const { editing, recipes } = workspace
  const { edits } = editing
  const some = workspace.editing.changes > 0 ? '' : 'Nothing is changed yet.'
  const inChanges = (run: () => Promise<void>) => (): void => {
    workspace.place.turnTo('changes')
    void run()
  }
  const reclaimed = edits?.stack.reclaimed ? 'It is left out already.' : ''
  return [
    command('Changes', 'undo', 'Undo', () => void workspace.editing.undo(), {
      key: 'undo',
      about: edits?.undoes ?? '',
      why: edits?.canUndo ? '' : 'There is nothing to undo.',
    }),
    command('Changes', 'redo', 'Redo', () => void workspace.editing.redo(), {
      key: 'redo',
      about: edits?.redoes ?? '',
      why: edits?.canRedo ? '' : 'There is nothing to redo.',
    }),
    command('Changes', 'undo-all', 'Undo every change', () => void workspace.editing.undoAll(), {
      why: some,
    }),
    command('Changes', 'list-changes', 'List the changes', () => popover('changes')),
    command(
      'Changes',
      'save-recipe',
      'Save recipe…',
      inChanges(() => recipes.save()),
      { why: some },
    ),
    command('Changes', 'replay-recipe', 'Replay recipe…', () => {
      workspace.place.turnTo('changes')
      workspace.ask({ ask: 'recipe' })
    }),
    command(
      'Changes',
      'save-context',
      'As a Dockerfile with its context',
      inChanges(() => recipes.saveContext()),
      { why: some },
    ),
    command(
      'Changes',
      'reclaim',
      'Remove in the export…',
      () => void workspace.editing.reclaim(desk.exportDialog),
      {
        about: 'what nobody sees',
        why: reclaimed,
      },
    ),
    command('Changes', 'take-over', 'Take over', () => workspace.takeOver(), {
      about: 'from the other tab',
      why: workspace.access === 'other' ? '' : 'No other tab has it.',
    }),
  ].map((one) => (workspace.archive ? one : { ...one, why: noImage }))
}

export function pageCommands(desk: Desk): Command[] {
  const { workspace, settings } = desk
  const needsImage = { why: workspace.archive ? '' : noImage }
  return [
    command('Go', 'search', 'Search', () => desk.searchFor('everything'), { key: 'search', ...needsImage }),
    command('Go', 'search-contents', 'Search contents…', () => desk.searchFor('contents'), needsImage),
    ...tabs.map((tab) =>
      command('Go', `tab-${tab}`, `Go to ${tabWords[tab]}`, () => workspace.place.turnTo(tab), needsImage),
    ),
    ...(Object.keys(paneWords) as PaneName[]).map((pane) =>
      command('Go', `pane-${pane}`, `Go to the ${paneWords[pane]}`, () => desk.focusPane(pane), needsImage),
    ),
    ...workspace.tasks.map(({ id, label }) =>
      command('Page', `cancel-${id}`, `Cancel ${label}`, () => workspace.cancel(id)),
    ),
    ...themes.map((theme) =>
      command('Page', `theme-${theme}`, `Theme: ${themeWords[theme]}`, () => settings.setTheme(theme), {
        why: settings.theme === theme ? 'It is so.' : '',
      }),
    ),
    command('Page', 'install', 'Install Peel as an app', () => void workspace.install.ask(), {
      why: workspace.install.ready ? '' : 'This browser does not offer it now.',
    }),
    command('Page', 'renew', 'Reload with the new version', () => workspace.renew?.(), {
      why: workspace.renew ? '' : 'This is the newest.',
    }),
    command('Page', 'keys', 'Show all keys', () => desk.keysDialog(), { key: 'keys' }),
  ]
}
