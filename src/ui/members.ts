/** Members of the archive, as the page knows what they are. */
import type { LayerView } from '../../workers/api'
import type { Workspace } from '../app/workspace.svelte'

/** The layer that a role names. In an archive of several images it does not say whose. */
export function layerOf({ archive, layers }: Workspace, role: string): LayerView | null {
  const number = archive?.images.length === 1 && /^layer (\d+)$/.exec(role)?.[1]
  return number ? (layers[Number(number)] ?? null) : null
}
