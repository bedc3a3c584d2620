/** Every command of the app, with its key: for the palette, and for the list of keys. */
import { keyWords, type Command } from '../app/keys'
import { tabs, type Tab } from '../app/route'
import { onMac, type Desk } from './context'

export interface PaletteCommand {
  readonly words: string
  /** "" where it has none. */
  readonly keys: string
  readonly run: () => void
}

const tabWords: Record<Tab, string> = {
  files: 'Files',
  config: 'Config',
  dockerfile: 'Dockerfile',
  anatomy: 'Anatomy',
  waste: 'Waste',
  changes: 'Changes',
}

/** What can be done now. */
export function commandsOf(desk: Desk): PaletteCommand[] {
  const { workspace, settings } = desk
  const edits = workspace.edits
  const command = (words: string, run: () => void, key?: Command): PaletteCommand => ({
    words,
    keys: key ? keyWords(key, onMac) : '',
    run,
  })
  return [
    command('Open image…', () => desk.openDialog(), 'open'),
    command('Export…', () => desk.exportDialog(), 'export'),
    ...(edits?.canUndo ? [command(`Undo: ${edits.undoes}`, () => void workspace.undo(), 'undo')] : []),
    ...(edits?.canRedo ? [command(`Redo: ${edits.redoes}`, () => void workspace.redo(), 'redo')] : []),
    command('Search contents…', () => workspace.search.turnTo('contents')),
    command('Filter paths', () => desk.filterPaths(), 'filter'),
    ...tabs.map((tab) => command(`Go to ${tabWords[tab]}`, () => workspace.turnTo(tab))),
    command('Show the final filesystem', () => workspace.showView({ kind: 'rootfs' })),
    command('Show your changes in the tree', () => workspace.showView({ kind: 'edits' })),
    command('Show the files as a treemap', () => workspace.shapeAs('treemap')),
    command('Show the files as a list', () => workspace.shapeAs('list')),
    command('Download the report', () => void workspace.downloadReport()),
    command('Change the theme: system, light, dark', () => settings.nextTheme()),
    command('Close the image', () => void workspace.closeImage()),
    command('Show all keys', () => desk.keysDialog(), 'keys'),
  ]
}
