/**
 * Members as a zip (PKWARE APPNOTE 6.3.10), stored without compression, so that each member stays the range that it is
 * and no byte is copied. fflate writes no ZIP64, and a layer may pass 4 GiB.
 *
 * A zip knows neither owners nor links, devices or extended attributes: layers stand in it as the tars they are.
 */
import { MemorySource, type ByteSource, type Bytes } from '../bytes/source'
import { utf8 } from '../bytes/text'
import type { ArchiveMember } from './archive'

/** From here on a size or an offset stands in a ZIP64 field of 8 bytes. */
const MOST = 0xffffffff
/** 1 January 1980, 00:00: the beginning of time in DOS. */
const DATE = 0x21
/** Unix, 4.5: who wrote it decides how the attributes are read. */
const MADE_BY = (3 << 8) | 45
const NEEDED = { plain: 20, zip64: 45 } as const
/** Names are UTF-8. */
const FLAGS = 0x0800

/** CRC-32 of what a source holds. */
export type CrcOf = (source: ByteSource) => Promise<number>

/** The zip as sources one after the other; the same members give the same bytes. */
export async function zipParts(members: readonly ArchiveMember[], crcOf: CrcOf): Promise<ByteSource[]> {
  const parts: ByteSource[] = []
  const central: Bytes[] = []
  let at = 0
  const put = (part: ByteSource): void => {
    parts.push(part)
    at += part.size
  }
  for (const { path, source, mode } of members) {
    const file: ZipFile = {
      name: utf8(path),
      crc: source ? await crcOf(source) : 0,
      size: source?.size ?? 0,
      at,
      attributes: (source ? 0o100000 | (mode ?? 0o644) : 0o040000 | (mode ?? 0o755)) * 0x10000,
    }
    put(new MemorySource(localHeader(file)))
    if (source && source.size > 0) put(source)
    central.push(centralHeader(file))
  }
  const start = at
  for (const header of central) put(new MemorySource(header))
  put(new MemorySource(end(members.length, start, at - start)))
  return parts
}

interface ZipFile {
  readonly name: Bytes
  readonly crc: number
  readonly size: number
  /** Where its local header stands. */
  readonly at: number
  readonly attributes: number
}

/** 4.3.7 */
function localHeader({ name, crc, size }: ZipFile): Bytes {
  const big = size >= MOST
  const extra = big ? zip64Extra([size, size]) : new Uint8Array(0)
  return record(
    [4, 0x04034b50],
    [2, big ? NEEDED.zip64 : NEEDED.plain],
    ...common(crc, big ? MOST : size, name, extra),
    name,
    extra,
  )
}

/** 4.3.12 */
function centralHeader({ name, crc, size, at, attributes }: ZipFile): Bytes {
  const values = [...(size >= MOST ? [size, size] : []), ...(at >= MOST ? [at] : [])]
  const extra = values.length > 0 ? zip64Extra(values) : new Uint8Array(0)
  return record(
    [4, 0x02014b50],
    [2, MADE_BY],
    [2, values.length > 0 ? NEEDED.zip64 : NEEDED.plain],
    ...common(crc, Math.min(size, MOST), name, extra),
    [2, 0], // comment
    [2, 0], // disk
    [2, 0], // internal attributes
    [4, attributes],
    [4, Math.min(at, MOST)],
    name,
    extra,
  )
}

function common(crc: number, size: number, name: Bytes, extra: Bytes): Field[] {
  return [
    [2, FLAGS],
    [2, 0], // stored
    [2, 0],
    [2, DATE],
    [4, crc],
    [4, size],
    [4, size],
    [2, name.length],
    [2, extra.length],
  ]
}

/** 4.5.3 */
function zip64Extra(values: readonly number[]): Bytes {
  return record([2, 0x0001], [2, values.length * 8], ...values.map((value): Field => [8, value]))
}

/** 4.3.14 to 4.3.16 */
function end(count: number, start: number, size: number): Bytes {
  const big = start >= MOST || size >= MOST || count >= 0xffff
  const short = record(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, big ? 0xffff : count],
    [2, big ? 0xffff : count],
    [4, big ? MOST : size],
    [4, big ? MOST : start],
    [2, 0],
  )
  if (!big) return short
  const long = record(
    [4, 0x06064b50],
    [8, 44],
    [2, MADE_BY],
    [2, NEEDED.zip64],
    [4, 0],
    [4, 0],
    [8, count],
    [8, count],
    [8, size],
    [8, start],
  )
  return record(long, [4, 0x07064b50], [4, 0], [8, start + size], [4, 1], short)
}

/** A number with its width in bytes, or bytes as they are. */
type Field = readonly [width: number, value: number]

function record(...fields: readonly (Field | Bytes)[]): Bytes {
  const out = new Uint8Array(
    fields.reduce((sum, field) => sum + (field instanceof Uint8Array ? field.length : field[0]), 0),
  )
  let at = 0
  for (const field of fields) {
    if (field instanceof Uint8Array) {
      out.set(field, at)
      at += field.length
      continue
    }
    let [width, value] = field
    // Divided, not shifted: offsets pass 32 bits.
    for (; width > 0; width--, value = Math.floor(value / 256)) out[at++] = value % 256
  }
  return out
}
