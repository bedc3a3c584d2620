import { ImageError } from '../fault/fault'
import { BLOCK, TYPE, type PaxRecord, type ScannedEntry, type SparseMap } from '../tar/entry'
import { NumbersBuilder } from './numbers'
import { OwnersBuilder } from './owners'
import { DistinctStrings, grown, StringsBuilder } from './strings'
import type { EntryTable } from './table'

/** Five times what the largest real layers have; a guard for the browser's memory. */
const MOST_HELD = 256 * 1024 * 1024

/** Grows an EntryTable entry by entry; columns double when they are full. */
export class TableBuilder {
  #length = 0
  #type = new Uint8Array(256)
  readonly #names = new StringsBuilder()
  readonly #dirs = new DistinctStrings()
  #runs = 0
  #runFrom = new Uint32Array(16)
  #runDir = new Uint32Array(16)
  readonly #size = new NumbersBuilder(() => new Uint32Array(256))
  readonly #mtime = new NumbersBuilder(() => new Int32Array(256))
  readonly #header = new NumbersBuilder(() => new Uint32Array(256))
  readonly #body = new NumbersBuilder(() => new Uint8Array(256))
  readonly #owners = new OwnersBuilder()
  readonly #links = new StringsBuilder()
  #linkRow = new Uint32Array(16)
  #device = new Map<number, { major: number; minor: number }>()
  #pax = new Map<number, readonly PaxRecord[]>()
  #sparse = new Map<number, SparseMap>()
  /** Bytes of paths, links, records and maps so far. */
  #held = 0

  get length(): number {
    return this.#length
  }

  /** Adds a row; answers its index. */
  add(entry: ScannedEntry): number {
    const pax = entry.pax ? worthKeeping(entry.pax, entry.mtime) : null
    this.#weigh(entry, pax)
    const { type, path, uname, gname, headerAt, bodyAt } = entry
    const row = this.#length++
    if (row === this.#type.length) this.#type = grown(this.#type, row * 2)
    this.#type[row] = type
    this.#addPath(row, path)
    this.#size.set(row, entry.size)
    this.#mtime.set(row, entry.mtime)
    this.#header.set(row, headerAt / BLOCK)
    this.#body.set(row, (bodyAt - headerAt) / BLOCK)
    this.#owners.set(row, entry.mode, entry.uid, entry.gid, uname, gname)
    if (type === TYPE.symlink || type === TYPE.hardlink) this.#addLink(row, entry.link)
    if (type === TYPE.char || type === TYPE.block)
      this.#device.set(row, { major: entry.major, minor: entry.minor })
    if (entry.sparse) this.#sparse.set(row, entry.sparse)
    if (pax) this.#pax.set(row, pax)
    return row
  }

  /** A few kilobytes of gzip can say a gigabyte of names. */
  #weigh({ path, link, sparse, headerAt }: ScannedEntry, pax: readonly PaxRecord[] | null): void {
    this.#held += path.length + link.length + (sparse?.runs.byteLength ?? 0)
    if (pax) for (const { key, value } of pax) this.#held += key.length + value.length
    if (this.#held > MOST_HELD)
      throw new ImageError(
        'too-large',
        `The names and attributes of this layer are more than ${MOST_HELD} bytes.`,
        {
          at: headerAt,
        },
      )
  }

  #addPath(row: number, path: Uint8Array): void {
    let name = path.length
    while (name > 0 && path[name - 1] === SLASH) name--
    while (name > 0 && path[name - 1] !== SLASH) name--
    this.#names.push(path, name, path.length)
    const dir = this.#dirs.add(path, 0, name)
    if (this.#runs > 0 && this.#runDir[this.#runs - 1] === dir) return
    if (this.#runs === this.#runFrom.length) {
      this.#runFrom = grown(this.#runFrom, this.#runs * 2)
      this.#runDir = grown(this.#runDir, this.#runs * 2)
    }
    this.#runFrom[this.#runs] = row
    this.#runDir[this.#runs++] = dir
  }

  #addLink(row: number, link: Uint8Array): void {
    const index = this.#links.push(link)
    if (index === this.#linkRow.length) this.#linkRow = grown(this.#linkRow, index * 2)
    this.#linkRow[index] = row
  }

  /** The table, columns cut to size, and an empty builder again. `endsAt`: see EntryTable. */
  finish(endsAt: number): EntryTable {
    const n = this.#length
    const table = {
      length: n,
      type: this.#type.slice(0, n),
      names: this.#names.finish(),
      dirs: this.#dirs.finish(),
      runFrom: this.#runFrom.slice(0, this.#runs),
      runDir: this.#runDir.slice(0, this.#runs),
      size: this.#size.finish(n),
      mtime: this.#mtime.finish(n),
      header: this.#header.finish(n),
      body: this.#body.finish(n),
      ...this.#owners.finish(n),
      linkRow: this.#linkRow.slice(0, this.#links.length),
      links: this.#links.finish(),
      device: this.#device,
      pax: this.#pax,
      sparse: this.#sparse,
      endsAt,
    }
    this.#length = this.#runs = this.#held = 0
    this.#device = new Map()
    this.#pax = new Map()
    this.#sparse = new Map()
    return table
  }
}

const SLASH = 0x2f

/** Keys whose value a column holds whole. */
const IN_COLUMNS = new Set([
  'path',
  'linkpath',
  'size',
  'uid',
  'gid',
  'uname',
  'gname',
  'SCHILY.devmajor',
  'SCHILY.devminor',
  'hdrcharset',
])

/** Records that a copy of the entry must carry again: xattrs, times with fractions, whatever is unknown. */
function worthKeeping(records: readonly PaxRecord[], mtime: number): readonly PaxRecord[] | null {
  const last = new Map<string, PaxRecord>()
  for (const record of records) {
    if (IN_COLUMNS.has(record.key) || record.value.length === 0) continue
    if (record.key === 'mtime' && Number.isSafeInteger(mtime)) continue
    last.set(record.key, record)
  }
  return last.size > 0 ? [...last.values()] : null
}
