/**
 * What the jobs need from the world around them: storage, and who else may change an image. src/store fills these with
 * IndexedDB and Web Locks, memory-stores.ts with what lasts as long as the page, src/cli with a folder that goes when
 * the program ends. Threads for heavy work are in pool.ts.
 *
 * Everything under a digest is a cache that can be made again. Journals and contents of edits cannot: `save` and
 * `put` of those resolve only once the bytes are durable.
 */
import type { ByteSource } from '../core/bytes/source'
import type { ChainId, DiffId } from '../core/digest/digest'
import type { Notice } from '../core/fault/notice'
import type { EntryTable } from '../core/layer/table'
import type { StoredTree } from '../core/rootfs/stored-tree'
import type { SumColumns } from '../core/rootfs/sums'
import type { LayerCounts } from '../core/rootfs/union'
import type { Segment } from './segments'

/**
 * Big immutable byte strings under a key, written in segments. Used twice: extracted layers by diff_id,
 * original stored bytes by digest. A key is readable only after `commit`; what was never committed is swept away
 * at the next start.
 */
export interface SegmentStore {
  has(key: string): Promise<boolean>
  /** The bytes, or null where the key is not (wholly) there. */
  get(key: string): Promise<ByteSource | null>
  /**
   * The same without a look at the segments, which takes half a millisecond for each: null where the key was never
   * written whole. Segments that got lost since are the fault `not-kept` of whoever reads first.
   */
  late(key: string): Promise<ByteSource | null>
  /** Begins to write; a second writer of the same key replaces the first one's segments. */
  write(key: string): Promise<SegmentWriter>
  remove(key: string): Promise<void>
  /** Committed keys with their bytes. */
  list(): Promise<readonly { readonly key: string; readonly bytes: number }[]>
}

export interface SegmentWriter {
  /**
   * Durable once resolved: with the segment as it is stored, whose bytes need no memory where the store is on disk.
   * Throws ImageError `storage-full`; what was written before stays until `abandon`.
   */
  append(segment: Segment): Promise<ByteSource>
  commit(): Promise<void>
  abandon(): Promise<void>
}

export interface TableStore {
  get(diffId: DiffId): Promise<EntryTable | null>
  put(diffId: DiffId, table: EntryTable): Promise<void>
  remove(diffId: DiffId): Promise<void>
}

/** What uniting the tables of all layers of an image came to. */
export interface KeptUnion {
  readonly tree: StoredTree
  readonly sums: SumColumns
  /** Which rows upper layers hid, as HiddenRows has them. */
  readonly hidden: Int32Array
  /** By layer. */
  readonly counts: readonly LayerCounts[]
  /** What was said of the layers while they were read and united. */
  readonly notices: readonly Notice[]
}

/** By the chain ID of the top layer, which stands for all diff_ids in their order. What comes back is not to be believed unseen. */
export interface UnionStore {
  get(chainId: ChainId): Promise<KeptUnion | null>
  put(chainId: ChainId, union: KeptUnion): Promise<void>
  remove(chainId: ChainId): Promise<void>
}

/** A run of the archive: bytes of its own (headers, padding, JSON), or a range of something in a SegmentStore. */
export type SkeletonPart = { readonly kind: 'bytes'; readonly body: Uint8Array } | StoredPart

export type StoredPart = StoredRange &
  ({ readonly kind: 'layer'; readonly key: DiffId } | { readonly kind: 'blob'; readonly key: string })

interface StoredRange {
  readonly at: number
  readonly length: number
  /** Its first bytes, which say how it is compressed: of each layer they would be a read of their own. Records of before have none. */
  readonly head?: Uint8Array
}

/** What it takes to lay the archive out again, byte for byte, without the file. */
export interface ArchiveRecord {
  readonly version: 1
  readonly id: string
  readonly name: string
  readonly tags: readonly string[]
  /** Size of the file that was opened, and its date: a file chosen again is compared with these first. */
  readonly fileBytes: number
  readonly fileModified: number
  /** Compression around the whole archive; the parts below are of the plain tar inside. */
  readonly compression: string
  readonly parts: readonly SkeletonPart[]
  /** Layers that are kept in their plain form for this archive, beside those that `parts` name. */
  readonly layers: readonly DiffId[]
  /** Where the original compressed file is kept, if the archive was compressed as a whole. */
  readonly original: string | null
  /** Whether every part can be read from storage now. */
  readonly complete: boolean
  readonly openedAt: number
  readonly image: number
}

export interface ArchiveStore {
  get(id: string): Promise<ArchiveRecord | null>
  put(record: ArchiveRecord): Promise<void>
  remove(id: string): Promise<void>
  list(): Promise<readonly ArchiveRecord[]>
}

/** A stored journal: opaque to the store, versioned by core/edit. */
export interface JournalStore {
  load(archiveId: string): Promise<unknown>
  save(archiveId: string, journal: unknown): Promise<void>
  remove(archiveId: string): Promise<void>
}

/** Contents of edited and added files, under opaque ids ([A-Za-z0-9_-]+). */
export interface UpperFiles {
  /** Resolves when the bytes are durable. Any size; the store decides where big ones go. */
  put(id: string, content: Blob): Promise<void>
  get(id: string): Promise<Blob | null>
  remove(id: string): Promise<void>
  ids(): Promise<readonly string[]>
}

export interface Stores {
  readonly layers: SegmentStore
  readonly blobs: SegmentStore
  readonly tables: TableStore
  readonly unions: UnionStore
  readonly archives: ArchiveStore
  readonly journals: JournalStore
  readonly contents: UpperFiles
}

/** Which tab or worker of this browser may change an image: one at a time. */
export interface Claims {
  claim(id: string, claimant: Claimant): Claim
  /** Images that others hold. */
  elsewhere(): Promise<ReadonlySet<string>>
}

export interface Claimant {
  /** It may be changed here from now on; another may have changed it before. */
  held(): void | Promise<void>
  /** Another holds it. `held` may still come. */
  other(): void
  /** It goes to another as soon as this resolves. */
  lost(): Promise<void>
}

export interface Claim {
  takeOver(): void
  release(): void
}
