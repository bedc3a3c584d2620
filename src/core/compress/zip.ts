/** The table of contents of a zip archive: its central directory (PKWARE APPNOTE 4.3.12, 4.3.14 to 4.3.16), read from the end. Nothing in it is unpacked. */
import type { ByteSource } from '../bytes/source'
import { nameText } from '../bytes/text'
import { ImageError } from '../fault/fault'

export interface ZipEntry {
  readonly path: string
  readonly directory: boolean
  /** Unpacked. */
  readonly bytes: number
}

export interface ZipListing {
  readonly total: number
  /** The first ones, as many as were asked for. */
  readonly entries: readonly ZipEntry[]
}

const END = 0x06054b50
const END_64 = 0x06064b50
const LOCATOR_64 = 0x07064b50
const CENTRAL = 0x02014b50
/** The end record, its longest comment, and the locator before it. */
const TAIL = 22 + 65_535 + 20
/** A central directory larger than this is not read to its end: 40 bytes a name are 400,000 entries. */
const MOST_READ = 32 * 1024 * 1024

/** Throws `bad-header` for what is no zip archive, or one that was cut off. */
export async function listZip(source: ByteSource, most: number): Promise<ZipListing> {
  const { at, length, total } = await centralDirectory(source)
  const bytes = await source.read(at, Math.min(length, MOST_READ, source.size - at))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries: ZipEntry[] = []
  for (let place = 0; place + 46 <= bytes.length && entries.length < most;) {
    if (view.getUint32(place, true) !== CENTRAL) throw damaged(at + place)
    const [name, extra, comment] = [28, 30, 32].map((field) => view.getUint16(place + field, true))
    if (place + 46 + name > bytes.length) break
    const path = nameText(bytes.subarray(place + 46, place + 46 + name))
    const size = view.getUint32(place + 24, true)
    const bytesOf = size === 0xffffffff ? wideSize(view, place + 46 + name, extra) : size
    entries.push({ path, directory: path.endsWith('/'), bytes: bytesOf })
    place += 46 + name + extra + comment
  }
  return { total, entries }
}

async function centralDirectory(source: ByteSource): Promise<{ at: number; length: number; total: number }> {
  const from = Math.max(0, source.size - TAIL)
  const tail = await source.read(from, source.size - from)
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength)
  for (let place = tail.length - 22; place >= 0; place--) {
    if (view.getUint32(place, true) !== END) continue
    const [total, length, at] = [
      view.getUint16(place + 10, true),
      view.getUint32(place + 12, true),
      view.getUint32(place + 16, true),
    ]
    if (at !== 0xffffffff && total !== 0xffff) return inside(source, { at, length, total })
    const wide = place >= 20 && view.getUint32(place - 20, true) === LOCATOR_64
    return inside(source, wide ? await wideDirectory(source, view, place - 20) : { at, length, total })
  }
  throw damaged(source.size)
}

async function wideDirectory(source: ByteSource, tail: DataView, locator: number) {
  const recordAt = Number(tail.getBigUint64(locator + 8, true))
  if (recordAt + 56 > source.size) throw damaged(recordAt)
  const record = await source.read(recordAt, 56)
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength)
  if (view.getUint32(0, true) !== END_64) throw damaged(recordAt)
  return {
    total: Number(view.getBigUint64(32, true)),
    length: Number(view.getBigUint64(40, true)),
    at: Number(view.getBigUint64(48, true)),
  }
}

function inside<T extends { at: number; length: number }>(source: ByteSource, directory: T): T {
  if (directory.at + directory.length > source.size) throw damaged(directory.at)
  return directory
}

/** Of an entry beyond 4 GiB: the first number of its extra field 1. */
function wideSize(view: DataView, from: number, length: number): number {
  const end = Math.min(from + length, view.byteLength)
  for (let at = from; at + 12 <= end; at += 4 + view.getUint16(at + 2, true))
    if (view.getUint16(at, true) === 1) return Number(view.getBigUint64(at + 4, true))
  return 0xffffffff
}

function damaged(at: number): ImageError {
  return new ImageError(
    'bad-header',
    'The table of contents at the end of this zip archive is damaged or cut off.',
    {
      at,
    },
  )
}
