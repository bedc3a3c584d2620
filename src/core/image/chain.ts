import { utf8 } from '../bytes/text'
import type { ChainId, DiffId } from '../digest/digest'
import { sha256 } from '../digest/sha256'

/** Chain IDs of a stack of layers, base first (image-spec, config.md, "Layer ChainID"). */
export async function chainIds(diffIds: readonly DiffId[]): Promise<ChainId[]> {
  const chain: ChainId[] = []
  for (const diffId of diffIds) {
    const below = chain.at(-1)
    chain.push((below ? await sha256(utf8(`${below} ${diffId}`)) : diffId) as unknown as ChainId)
  }
  return chain
}
