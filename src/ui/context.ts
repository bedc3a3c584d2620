/** What every screen may reach without being handed it. */
import { createContext } from 'svelte'
import type { Build } from '../../workers/api'
import type { Settings } from '../app/settings.svelte'
import type { SearchMode } from '../app/search.svelte'
import type { PaneName } from '../app/place.svelte'
import type { Workspace } from '../app/workspace.svelte'

export interface Desk {
  readonly workspace: Workspace
  readonly settings: Settings
  /** Opens the file dialog for an archive. */
  openDialog(): void
  /** `build`: what is chosen at first. */
  exportDialog(build?: Build): void
  /** The list of keys. */
  keysDialog(): void
  /** Puts the cursor into the filter of the tree. */
  filterPaths(): void
  /** Opens what filters by more than a name. */
  filterMore(): void
  /** Puts the cursor into the search. */
  searchFor(mode: SearchMode): void
  /** Puts the focus into a pane. */
  focusPane(pane: PaneName): void
  /** Puts the focus onto the tree's current row, where the tree is on screen. */
  focusTree(): void
}

export const [useDesk, provideDesk] = createContext<Desk>()

export const onMac = /Mac|iPhone|iPad/.test(navigator.platform)

/** The colour of a layer, the same wherever it appears; -1 is the pending edits. */
export function layerColour(layer: number | null): string {
  if (layer === null) return 'var(--line-strong)'
  return layer < 0 ? 'var(--layer-edits)' : `var(--layer-${layer % 8})`
}
