/**
 * What taking an image up again will want of storage, asked for before its edits and its record are looked at: storage
 * answers meanwhile. Layers are not looked at before their bytes are wanted: 10 GB lie in 320 segments.
 */
import type { ChainId, DiffId } from '../core/digest/digest'
import { chainIds } from '../core/image/chain'
import type { EntryTable } from '../core/layer/table'
import type { ArchiveRecord, KeptUnion, Stores, UnionStore } from './ports'

/** The same stores; what was asked for is answered from here, once. */
export function readAhead(stores: Stores, { layers }: Pick<ArchiveRecord, 'layers'>): Stores {
  const { tables, unions, layers: segments } = stores
  const asked = new Map<DiffId, Promise<EntryTable | null>>()
  for (const diffId of layers) if (!asked.has(diffId)) asked.set(diffId, quiet(tables.get(diffId)))
  let union: Promise<NamedUnion> | null = quiet(unionOf(unions, layers))
  return {
    ...stores,
    layers: {
      has: (key) => segments.has(key),
      get: (key) => segments.late(key),
      late: (key) => segments.late(key),
      write: (key) => segments.write(key),
      remove: (key) => segments.remove(key),
      list: () => segments.list(),
    },
    tables: {
      get: (diffId) => {
        const table = asked.get(diffId)
        asked.delete(diffId)
        return table ?? tables.get(diffId)
      },
      put: (diffId, table) => tables.put(diffId, table),
      remove: (diffId) => tables.remove(diffId),
    },
    unions: {
      get: async (chainId) => {
        const named = union
        union = null
        // All tables are asked for in the turn of their union: what is left then, nobody wants.
        setTimeout(() => asked.clear())
        const known = await named
        return known?.chainId === chainId ? known.union : unions.get(chainId)
      },
      put: (chainId, kept) => unions.put(chainId, kept),
      remove: (chainId) => unions.remove(chainId),
    },
  }
}

interface NamedUnion {
  readonly chainId: ChainId | undefined
  readonly union: KeptUnion | null
}

async function unionOf(unions: UnionStore, layers: readonly DiffId[]): Promise<NamedUnion> {
  const chainId = (await chainIds(layers)).at(-1)
  return { chainId, union: chainId ? await unions.get(chainId) : null }
}

/** A rejection belongs to whoever asks for it, if anybody does. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
