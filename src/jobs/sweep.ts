/** Takes away what no kept archive needs any more. */
import type { ChainId, DiffId } from '../core/digest/digest'
import { chainIds } from '../core/image/chain'
import type { ArchiveRecord, SegmentStore, Stores, TableStore, UnionStore } from './ports'

export interface ListedTables extends TableStore {
  list(): Promise<readonly DiffId[]>
}

export interface ListedUnions extends UnionStore {
  list(): Promise<readonly ChainId[]>
}

/** Stores that can say all they hold. */
export interface SweepableStores extends Stores {
  readonly tables: ListedTables
  readonly unions: ListedUnions
}

/** What is needed beside the parts that archive records name. */
export interface AlsoLive {
  /** Layers that archives hold in another form than the plain tar: the records name only what is stored of them. */
  readonly layers?: Iterable<DiffId>
  /** Contents that journals refer to. All others are removed, so a journal that was overlooked loses its edits. */
  readonly contents: Iterable<string>
}

/**
 * Removes layers, stored bytes, tables, unions and contents that none of the `live` archives refers to; answers how many
 * bytes of segments that freed. Call it only while no other tab edits: a content is written before the journal
 * that names it.
 */
export async function sweep(
  stores: SweepableStores,
  live: readonly ArchiveRecord[],
  also: AlsoLive,
): Promise<number> {
  const parts = live.flatMap((record) => record.parts)
  const layers = new Set<string>(also.layers)
  for (const part of parts) if (part.kind === 'layer') layers.add(part.key)
  const blobs = new Set<string>(parts.flatMap((part) => (part.kind === 'blob' ? [part.key] : [])))
  for (const { original } of live) if (original !== null) blobs.add(original)
  await sweepTables(stores.tables, layers)
  await sweepUnions(stores.unions, live)
  await sweepContents(stores, new Set(also.contents))
  return (await sweepSegments(stores.layers, layers)) + (await sweepSegments(stores.blobs, blobs))
}

async function sweepSegments(store: SegmentStore, live: ReadonlySet<string>): Promise<number> {
  let freed = 0
  for (const { key, bytes } of await store.list()) {
    if (live.has(key)) continue
    await store.remove(key)
    freed += bytes
  }
  return freed
}

async function sweepTables(tables: ListedTables, live: ReadonlySet<string>): Promise<void> {
  for (const diffId of await tables.list()) if (!live.has(diffId)) await tables.remove(diffId)
}

/** A record names the layers of its image in order. */
async function sweepUnions(unions: ListedUnions, live: readonly ArchiveRecord[]): Promise<void> {
  const chains = await Promise.all(live.map(async ({ layers }) => (await chainIds(layers)).at(-1)))
  const needed = new Set(chains)
  for (const chainId of await unions.list()) if (!needed.has(chainId)) await unions.remove(chainId)
}

async function sweepContents({ contents }: Stores, live: ReadonlySet<string>): Promise<void> {
  for (const id of await contents.ids()) if (!live.has(id)) await contents.remove(id)
}
