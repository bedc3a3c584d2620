/** Small records with a version each: entry tables, archives, journals, settings. */
import type { ChainId, DiffId } from '../core/digest/digest'
import type { EntryTable } from '../core/layer/table'
import type { ArchiveRecord, ArchiveStore, JournalStore, KeptUnion } from '../jobs/ports'
import type { ListedTables, ListedUnions } from '../jobs/sweep'
import { Keyval } from './keyval'
import { withOwnBuffers } from './own-buffers'

/** Grows with every change of EntryTable's shape or meaning: a table of another version is as if it were not there. */
export const TABLE_VERSION = 3

export class IdbTables implements ListedTables {
  readonly #records = new Keyval('peel-tables', 'cache')

  async get(diffId: DiffId): Promise<EntryTable | null> {
    const record = await this.#records.get<{ version: number; table: EntryTable }>(diffId)
    return record?.version === TABLE_VERSION ? record.table : null
  }
  put(diffId: DiffId, table: EntryTable): Promise<void> {
    return this.#records.set([diffId, { version: TABLE_VERSION, table: withOwnBuffers(table) }])
  }
  remove(diffId: DiffId): Promise<void> {
    return this.#records.remove([diffId])
  }
  async list(): Promise<readonly DiffId[]> {
    return (await this.#records.keys()) as DiffId[]
  }
}

/** Grows with every change of KeptUnion's shape, or of what a union of the same layers is. */
export const UNION_VERSION = 4

export class IdbUnions implements ListedUnions {
  readonly #records = new Keyval('peel-unions', 'cache')
  /** A union speaks of rows: that of tables of another version is as if it were not there. */
  readonly #version = `${UNION_VERSION}/${TABLE_VERSION}`

  async get(chainId: ChainId): Promise<KeptUnion | null> {
    const record = await this.#records.get<{ version: string; union: KeptUnion }>(chainId)
    return record?.version === this.#version ? record.union : null
  }
  put(chainId: ChainId, union: KeptUnion): Promise<void> {
    return this.#records.set([chainId, { version: this.#version, union: withOwnBuffers(union) }])
  }
  remove(chainId: ChainId): Promise<void> {
    return this.#records.remove([chainId])
  }
  async list(): Promise<readonly ChainId[]> {
    return (await this.#records.keys()) as ChainId[]
  }
}

export class IdbArchives implements ArchiveStore {
  readonly #records = new Keyval('peel-archives', 'record')

  async get(id: string): Promise<ArchiveRecord | null> {
    return known(await this.#records.get(id))
  }
  put(record: ArchiveRecord): Promise<void> {
    return this.#records.set([record.id, withOwnBuffers(record)])
  }
  remove(id: string): Promise<void> {
    return this.#records.remove([id])
  }
  async list(): Promise<readonly ArchiveRecord[]> {
    const records = await this.#records.getMany(await this.#records.keys())
    return records.map(known).filter((record) => record !== null)
  }
}

function known(value: unknown): ArchiveRecord | null {
  const record = value as ArchiveRecord | undefined
  return record?.version === 1 ? record : null
}

/** The one thing here that cannot be made again: each save is on disk before it resolves. */
export class IdbJournals implements JournalStore {
  readonly #records = new Keyval('peel-journal', 'record')

  /** null where there is none. */
  async load(archiveId: string): Promise<unknown> {
    return (await this.#records.get<unknown>(archiveId)) ?? null
  }
  save(archiveId: string, journal: unknown): Promise<void> {
    return this.#records.set([archiveId, withOwnBuffers(journal)])
  }
  remove(archiveId: string): Promise<void> {
    return this.#records.remove([archiveId])
  }
}

/** What a person set, by name; undefined where nothing was. Readers check what they get. */
export interface Settings {
  get(name: string): Promise<unknown>
  set(name: string, value: unknown): Promise<void>
}

export class IdbSettings implements Settings {
  readonly #records = new Keyval('peel-settings', 'cache')

  get(name: string): Promise<unknown> {
    return this.#records.get(name)
  }
  set(name: string, value: unknown): Promise<void> {
    return this.#records.set([name, value])
  }
}
