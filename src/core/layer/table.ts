/**
 * One layer as columns; row i is its i-th entry, whiteouts included. Columns, not objects: a million small objects
 * burden the garbage collector and cannot be posted to a worker or stored in one piece. How they are packed is this
 * folder's business: everybody else reads a row through the functions of rows.ts, and `type`.
 *
 *   row     0           1          2          3
 *   path    etc/        etc/motd   etc/fstab  bin/sh
 *   names   etc/        motd       fstab      sh          what stands behind the last slash, a trailing one with it
 *   dirs    ""          etc/                  bin/        what stands before, once each
 *   runFrom 0           1                     3           rows in a row that are in one directory
 *   type    directory   file       file       symlink
 *   linkRow                                   3           → links[0], "busybox"
 */

import type { PaxRecord, SparseMap } from '../tar/entry'
import type { Numbers } from './numbers'
import type { Owner, OwnerColumn } from './owners'
import type { Strings } from './strings'

export interface EntryTable {
  readonly length: number
  /** A TypeCode each. */
  readonly type: Uint8Array
  /** Paths as found (not always UTF-8, "./" and trailing "/" kept) are dirs[dir of the run] + names[row]. */
  readonly names: Strings
  readonly dirs: Strings
  readonly runFrom: Uint32Array
  readonly runDir: Uint32Array
  /** Bytes of the file as a reader sees it (sparse files expanded); 0 for all that has no contents. */
  readonly size: Numbers
  /** Seconds since the epoch, with fractions; exact text in `pax` where a record gave it. */
  readonly mtime: Numbers
  /** Where the entry starts in the plain tar, its extension headers included: in blocks. */
  readonly header: Numbers
  /** Where its body starts: in blocks behind `header`. */
  readonly body: Numbers
  readonly owner: OwnerColumn
  readonly owners: readonly Owner[]
  /** Rows that have a link target, in order. */
  readonly linkRow: Uint32Array
  readonly links: Strings
  /** Device numbers of rows that are devices. */
  readonly device: ReadonlyMap<number, { readonly major: number; readonly minor: number }>
  /** Rows with PAX records that the columns do not hold whole: xattrs, exact times, anything unknown. */
  readonly pax: ReadonlyMap<number, readonly PaxRecord[]>
  readonly sparse: ReadonlyMap<number, SparseMap>
  /** Where the last entry's body and padding end: what follows is the end marker, padding or garbage. */
  readonly endsAt: number
}
