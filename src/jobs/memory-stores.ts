/** Stores that last as long as the page: for tests, and for browsers that keep nothing. */
import { BlobSource, type ByteSource } from '../core/bytes/source'
import type { ChainId, DiffId } from '../core/digest/digest'
import type { EntryTable } from '../core/layer/table'
import type {
  ArchiveRecord,
  ArchiveStore,
  Claims,
  JournalStore,
  KeptUnion,
  SegmentStore,
  SegmentWriter,
  UpperFiles,
} from './ports'
import { asBlob, joined } from './segments'
import type { ListedTables, ListedUnions, SweepableStores } from './sweep'

class MemorySegments implements SegmentStore {
  readonly #committed = new Map<string, readonly Blob[]>()

  async has(key: string): Promise<boolean> {
    return this.#committed.has(key)
  }
  async get(key: string): Promise<ByteSource | null> {
    const segments = this.#committed.get(key)
    return segments ? joined(segments) : null
  }
  late(key: string): Promise<ByteSource | null> {
    return this.get(key)
  }
  async write(key: string): Promise<SegmentWriter> {
    let segments: Blob[] = []
    return {
      append: async (segment) => {
        // A File may be written over by whoever gave it.
        const own = segment instanceof File ? new Blob([await segment.arrayBuffer()]) : asBlob(segment)
        segments.push(own)
        return new BlobSource(own)
      },
      commit: async () => void this.#committed.set(key, segments),
      abandon: async () => void (segments = []),
    }
  }
  async remove(key: string): Promise<void> {
    this.#committed.delete(key)
  }
  async list(): Promise<readonly { readonly key: string; readonly bytes: number }[]> {
    return [...this.#committed].map(([key, segments]) => ({
      key,
      bytes: segments.reduce((sum, segment) => sum + segment.size, 0),
    }))
  }
}

class MemoryTables implements ListedTables {
  readonly #tables = new Map<DiffId, EntryTable>()

  async get(diffId: DiffId): Promise<EntryTable | null> {
    return this.#tables.get(diffId) ?? null
  }
  async put(diffId: DiffId, table: EntryTable): Promise<void> {
    this.#tables.set(diffId, table)
  }
  async remove(diffId: DiffId): Promise<void> {
    this.#tables.delete(diffId)
  }
  async list(): Promise<readonly DiffId[]> {
    return [...this.#tables.keys()]
  }
}

class MemoryUnions implements ListedUnions {
  readonly #unions = new Map<ChainId, KeptUnion>()

  async get(chainId: ChainId): Promise<KeptUnion | null> {
    return structuredClone(this.#unions.get(chainId) ?? null)
  }
  async put(chainId: ChainId, union: KeptUnion): Promise<void> {
    this.#unions.set(chainId, union)
  }
  async remove(chainId: ChainId): Promise<void> {
    this.#unions.delete(chainId)
  }
  async list(): Promise<readonly ChainId[]> {
    return [...this.#unions.keys()]
  }
}

class MemoryArchives implements ArchiveStore {
  readonly #records = new Map<string, ArchiveRecord>()

  async get(id: string): Promise<ArchiveRecord | null> {
    return this.#records.get(id) ?? null
  }
  async put(record: ArchiveRecord): Promise<void> {
    this.#records.set(record.id, record)
  }
  async remove(id: string): Promise<void> {
    this.#records.delete(id)
  }
  async list(): Promise<readonly ArchiveRecord[]> {
    return [...this.#records.values()]
  }
}

class MemoryJournals implements JournalStore {
  readonly #journals = new Map<string, unknown>()

  async load(archiveId: string): Promise<unknown> {
    return structuredClone(this.#journals.get(archiveId) ?? null)
  }
  /** Copied like on disk: what is changed later was not saved. */
  async save(archiveId: string, journal: unknown): Promise<void> {
    this.#journals.set(archiveId, structuredClone(journal))
  }
  async remove(archiveId: string): Promise<void> {
    this.#journals.delete(archiveId)
  }
}

class MemoryContents implements UpperFiles {
  readonly #contents = new Map<string, Blob>()

  async put(id: string, content: Blob): Promise<void> {
    this.#contents.set(id, content)
  }
  async get(id: string): Promise<Blob | null> {
    return this.#contents.get(id) ?? null
  }
  async remove(id: string): Promise<void> {
    this.#contents.delete(id)
  }
  async ids(): Promise<readonly string[]> {
    return [...this.#contents.keys()]
  }
}

export function memoryStores(): SweepableStores {
  return {
    layers: new MemorySegments(),
    blobs: new MemorySegments(),
    tables: new MemoryTables(),
    unions: new MemoryUnions(),
    archives: new MemoryArchives(),
    journals: new MemoryJournals(),
    contents: new MemoryContents(),
  }
}

/** Where nobody else can have the image open, or nothing tells: everyone may change everything. */
export function freeClaims(): Claims {
  return {
    claim(_, claimant) {
      void claimant.held()
      return { takeOver() {}, release() {} }
    },
    elsewhere: async () => new Set(),
  }
}
