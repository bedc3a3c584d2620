/** The ports of jobs in memory: for tests, and for a place that keeps nothing. */
import type { DiffId } from '../core/digest/digest'
import { ImageError } from '../core/fault/fault'
import type { EntryTable } from '../core/layer/table'
import type { ArchiveRecord, SegmentStore, Stores } from '../jobs/ports'

export interface MemoryOptions {
  /** Bytes that all segments together may take; beyond, `append` fails with `storage-full`. */
  readonly room?: number
}

export function memoryStores({ room = Infinity }: MemoryOptions = {}): Stores {
  const budget = { left: room }
  const tables = new Map<DiffId, EntryTable>()
  const archives = new Map<string, ArchiveRecord>()
  const journals = new Map<string, unknown>()
  const contents = new Map<string, Blob>()
  return {
    layers: memorySegments(budget),
    blobs: memorySegments(budget),
    tables: {
      get: async (diffId) => tables.get(diffId) ?? null,
      put: async (diffId, table) => void tables.set(diffId, table),
      remove: async (diffId) => void tables.delete(diffId),
    },
    archives: {
      get: async (id) => archives.get(id) ?? null,
      put: async (record) => void archives.set(record.id, record),
      remove: async (id) => void archives.delete(id),
      list: async () => [...archives.values()],
    },
    journals: {
      load: async (id) => journals.get(id) ?? null,
      // A clone, as a database makes one: what is changed afterwards must not show.
      save: async (id, journal) => void journals.set(id, structuredClone(journal)),
      remove: async (id) => void journals.delete(id),
    },
    contents: {
      put: async (id, content) => void contents.set(id, content),
      get: async (id) => contents.get(id) ?? null,
      remove: async (id) => void contents.delete(id),
      ids: async () => [...contents.keys()],
    },
  }
}

function memorySegments(budget: { left: number }): SegmentStore {
  const committed = new Map<string, readonly Blob[]>()
  const bytesOf = (segments: readonly Blob[]): number => segments.reduce((sum, { size }) => sum + size, 0)
  return {
    has: async (key) => committed.has(key),
    get: async (key) => committed.get(key) ?? null,
    async write(key) {
      const segments: Blob[] = []
      return {
        async append(segment) {
          if (segment.size > budget.left) throw new ImageError('storage-full', 'There is no room left.')
          budget.left -= segment.size
          segments.push(segment)
        },
        async commit() {
          budget.left += bytesOf(committed.get(key) ?? [])
          committed.set(key, segments)
        },
        async abandon() {
          budget.left += bytesOf(segments.splice(0))
        },
      }
    },
    async remove(key) {
      budget.left += bytesOf(committed.get(key) ?? [])
      committed.delete(key)
    },
    list: async () => [...committed].map(([key, segments]) => ({ key, bytes: bytesOf(segments) })),
  }
}
