/**
 * One layer as columns; row i is its i-th entry, whiteouts included. Columns, not objects: a million small objects
 * burden the garbage collector and cannot be posted to a worker or stored in one piece.
 *
 *   row        0              1                2
 *   pathBytes  etc/           etc/motd         bin/sh
 *   pathEnd    4              12               18
 *   type       directory      file             symlink
 *   link       -1             -1               0 → "busybox"
 */

import type { PaxRecord, SparseMap } from '../tar/entry'

export interface EntryTable {
  readonly length: number
  /** Paths as found, one after the other: not always UTF-8, "./" and trailing "/" kept. */
  readonly pathBytes: Uint8Array
  readonly pathEnd: Uint32Array
  readonly type: Uint8Array
  /** Permission bits with setuid, setgid and sticky: 0o7777. */
  readonly mode: Uint16Array
  readonly uid: Float64Array
  readonly gid: Float64Array
  /** Bytes of the file as a reader sees it (sparse files expanded); 0 for all that has no contents. */
  readonly size: Float64Array
  /** Seconds since the epoch, with fractions; exact text in `pax` where a record gave it. */
  readonly mtime: Float64Array
  /** Where the entry starts in the plain tar, its extension headers included. */
  readonly headerAt: Float64Array
  readonly bodyAt: Float64Array
  /** Index of the link target in `linkEnd`; -1 for none. */
  readonly link: Int32Array
  readonly linkBytes: Uint8Array
  readonly linkEnd: Uint32Array
  /** Device numbers of rows that are devices. */
  readonly device: ReadonlyMap<number, { readonly major: number; readonly minor: number }>
  /** Rows with PAX records that the columns do not hold whole: xattrs, exact times, anything unknown. */
  readonly pax: ReadonlyMap<number, readonly PaxRecord[]>
  readonly sparse: ReadonlyMap<number, SparseMap>
  /** uname and gname by row, where they are not empty: index into `names`. -1 for none. */
  readonly uname: Int32Array
  readonly gname: Int32Array
  readonly names: readonly string[]
  /** Where the last entry's body and padding end: what follows is the end marker, padding or garbage. */
  readonly endsAt: number
}
