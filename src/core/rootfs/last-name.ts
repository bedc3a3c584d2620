/** Where the last name of each row's path lies, and the directory part before it, without writing paths out. */
import { pathBytesOf, runOf } from '../layer/rows'
import { startOf } from '../layer/strings'
import type { EntryTable } from '../layer/table'
import { namesIn } from './walk'

/** Moved from row to row, best in order: what it says is of the row it was moved to last. */
export class LastNames {
  /** The directory part is bytes [dirFrom, dirTo) of `dirBytes`, with the slash at its end. */
  dirBytes: Uint8Array
  dirFrom = 0
  dirTo = 0
  /** Rows with the same number, which is not negative, have the same directory part. */
  dir = -1
  /** The name is [from, to) of `bytes`; empty for the root itself. */
  bytes: Uint8Array
  from = 0
  to = 0
  readonly #table: EntryTable
  #run = -1
  /** The row behind those of the run. */
  #runEnd = 0

  constructor(table: EntryTable) {
    this.#table = table
    this.dirBytes = table.dirs.bytes
    this.bytes = table.names.bytes
  }

  at(row: number): void {
    const { names, dirs, runFrom, runDir, length } = this.#table
    this.from = startOf(names, row)
    this.to = names.end[row]
    while (this.to > this.from && names.bytes[this.to - 1] === 0x2f) this.to--
    if (isOdd(names.bytes, this.from, this.to)) {
      this.#clean(row)
      return
    }
    if (this.#run < 0 || row < runFrom[this.#run] || row >= this.#runEnd) {
      this.#run = runOf(this.#table, row)
      this.#runEnd = this.#run + 1 < runFrom.length ? runFrom[this.#run + 1] : length
    }
    this.bytes = names.bytes
    this.dir = runDir[this.#run]
    this.dirBytes = dirs.bytes
    this.dirFrom = startOf(dirs, this.dir)
    this.dirTo = dirs.end[this.dir]
  }

  /** "." and ".." as last name: cleaned as text, as engines do with every name of an entry. */
  #clean(row: number): void {
    const path = pathBytesOf(this.#table, row)
    const names = namesIn(path)
    this.dir = -1
    this.dirBytes = this.bytes = path
    ;[this.from, this.to] = names.length === 0 ? [0, 0] : names.slice(-2)
    this.dirFrom = names.length === 0 ? 0 : names[0]
    this.dirTo = this.from
  }
}

/** Whether the last name is empty, "." or "..". */
function isOdd(bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from
  return (
    length === 0 ||
    (length === 1 && bytes[from] === 0x2e) ||
    (length === 2 && bytes[from] === 0x2e && bytes[from + 1] === 0x2e)
  )
}
