/** One entry of a tar, whatever dialect wrote it. */

/** Kinds of entries, as they stand in the `type` column of a table. */
export const TYPE = {
  file: 0,
  directory: 1,
  symlink: 2,
  hardlink: 3,
  char: 4,
  block: 5,
  fifo: 6,
  other: 7,
} as const
export type TypeCode = (typeof TYPE)[keyof typeof TYPE]
export type EntryType = keyof typeof TYPE
/** Their words, by code. */
export const ENTRY_TYPES = Object.keys(TYPE) as readonly EntryType[]

/** One PAX record, value as raw bytes: xattrs hold NULs and are not text. */
export interface PaxRecord {
  /** As names are written (bytes/text.ts): bytes that are no UTF-8 as `\xNN`. */
  readonly key: string
  readonly value: Uint8Array
}

/**
 * Data segments of a sparse file. `runs` is at0, length0, at1, length1, … in the expanded file, in order and
 * disjoint; the stored bytes of the runs follow each other in the tar from `storedAt`.
 */
export interface SparseMap {
  readonly runs: Float64Array
  readonly storedAt: number
}

/** Filled anew for each entry by the scanner: copy what you keep. Byte views are good until the callback returns. */
export interface ScannedEntry {
  /** Offset of the entry in the tar, its extension headers included. */
  headerAt: number
  bodyAt: number
  /** Bytes of the file as a reader sees it, sparse files expanded. */
  size: number
  /** Bytes of the body in the tar, without padding. */
  stored: number
  type: TypeCode
  /** The type flag as found. */
  flag: number
  path: Uint8Array
  link: Uint8Array
  mode: number
  uid: number
  gid: number
  mtime: number
  uname: Uint8Array
  gname: Uint8Array
  major: number
  minor: number
  pax: readonly PaxRecord[] | null
  sparse: SparseMap | null
}

export const BLOCK = 512

/** `size` rounded up to whole blocks. Arithmetic, not bits: layers pass 4 GiB. */
export function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK
}
