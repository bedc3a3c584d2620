import { nameText } from '../bytes/text'
import { ImageError } from '../fault/fault'
import { TYPE, type PaxRecord, type ScannedEntry, type SparseMap } from '../tar/entry'
import type { EntryTable } from './table'

/** Five times what the largest real layers have; a guard for the browser's memory. */
const MOST_HELD = 256 * 1024 * 1024

/** Grows an EntryTable entry by entry; columns double when they are full. */
export class TableBuilder {
  #length = 0
  #capacity = 256
  #columns = columnsOf(256)
  #paths = new Arena()
  #links = new Arena()
  #linkEnd: number[] = []
  readonly #device = new Map<number, { major: number; minor: number }>()
  readonly #pax = new Map<number, readonly PaxRecord[]>()
  readonly #sparse = new Map<number, SparseMap>()
  readonly #names: string[] = []
  readonly #nameIndex = new Map<string, number>()
  /** Bytes of names, links, records and maps so far. */
  #held = 0

  get length(): number {
    return this.#length
  }

  /** Adds a row; answers its index. */
  add(entry: ScannedEntry): number {
    const pax = entry.pax ? worthKeeping(entry.pax, entry.mtime) : null
    this.#weigh(entry, pax)
    const row = this.#length++
    if (row === this.#capacity) this.#grow()
    const c = this.#columns
    c.pathEnd[row] = this.#paths.push(entry.path)
    c.type[row] = entry.type
    c.mode[row] = entry.mode
    c.uid[row] = entry.uid
    c.gid[row] = entry.gid
    c.size[row] = entry.size
    c.mtime[row] = entry.mtime
    c.headerAt[row] = entry.headerAt
    c.bodyAt[row] = entry.bodyAt
    c.link[row] = entry.type === TYPE.symlink || entry.type === TYPE.hardlink ? this.#addLink(entry.link) : -1
    c.uname[row] = this.#name(entry.uname)
    c.gname[row] = this.#name(entry.gname)
    if (entry.type === TYPE.char || entry.type === TYPE.block)
      this.#device.set(row, { major: entry.major, minor: entry.minor })
    if (entry.sparse) this.#sparse.set(row, entry.sparse)
    if (pax) this.#pax.set(row, pax)
    return row
  }

  /** A few kilobytes of gzip can say a gigabyte of names. */
  #weigh({ path, link, sparse, headerAt }: ScannedEntry, pax: readonly PaxRecord[] | null): void {
    this.#held += path.length + link.length + (sparse?.runs.byteLength ?? 0)
    for (const { key, value } of pax ?? []) this.#held += key.length + value.length
    if (this.#held > MOST_HELD)
      throw new ImageError(
        'too-large',
        `The names and attributes of this layer are more than ${MOST_HELD} bytes.`,
        {
          at: headerAt,
        },
      )
  }

  #addLink(link: Uint8Array): number {
    return this.#linkEnd.push(this.#links.push(link)) - 1
  }

  #name(bytes: Uint8Array): number {
    if (bytes.length === 0) return -1
    const name = nameText(bytes)
    let index = this.#nameIndex.get(name)
    if (index === undefined) {
      index = this.#names.push(name) - 1
      this.#nameIndex.set(name, index)
    }
    return index
  }

  #grow(): void {
    this.#capacity *= 2
    const wider = columnsOf(this.#capacity)
    for (const key of Object.keys(wider) as (keyof Columns)[]) wider[key].set(this.#columns[key])
    this.#columns = wider
  }

  /** The table, columns cut to size. `endsAt`: see EntryTable. */
  finish(endsAt: number): EntryTable {
    const n = this.#length
    const c = this.#columns
    return {
      length: n,
      pathBytes: this.#paths.cut(),
      pathEnd: c.pathEnd.slice(0, n),
      type: c.type.slice(0, n),
      mode: c.mode.slice(0, n),
      uid: c.uid.slice(0, n),
      gid: c.gid.slice(0, n),
      size: c.size.slice(0, n),
      mtime: c.mtime.slice(0, n),
      headerAt: c.headerAt.slice(0, n),
      bodyAt: c.bodyAt.slice(0, n),
      link: c.link.slice(0, n),
      linkBytes: this.#links.cut(),
      linkEnd: Uint32Array.from(this.#linkEnd),
      device: this.#device,
      pax: this.#pax,
      sparse: this.#sparse,
      uname: c.uname.slice(0, n),
      gname: c.gname.slice(0, n),
      names: this.#names,
      endsAt,
    }
  }
}

type Columns = ReturnType<typeof columnsOf>

function columnsOf(n: number) {
  return {
    pathEnd: new Uint32Array(n),
    type: new Uint8Array(n),
    mode: new Uint16Array(n),
    uid: new Float64Array(n),
    gid: new Float64Array(n),
    size: new Float64Array(n),
    mtime: new Float64Array(n),
    headerAt: new Float64Array(n),
    bodyAt: new Float64Array(n),
    link: new Int32Array(n),
    uname: new Int32Array(n),
    gname: new Int32Array(n),
  }
}

/** Byte strings one after the other. */
class Arena {
  #bytes = new Uint8Array(8192)
  #length = 0
  /** Answers where the added string ends. */
  push(bytes: Uint8Array): number {
    const end = this.#length + bytes.length
    if (end > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(end, this.#bytes.length * 2))
      wider.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = wider
    }
    this.#bytes.set(bytes, this.#length)
    return (this.#length = end)
  }
  cut(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }
}

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
