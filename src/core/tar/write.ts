/**
 * Headers as we write them: ustar, and PAX records only for what does not fit in it, never two styles for one field.
 * Go, GNU tar, bsdtar and Python read this alike.
 */
import type { Bytes } from '../bytes/source'
import { bytesOfName, decodeUtf8, utf8 } from '../bytes/text'
import { BLOCK, padded, TYPE, type PaxRecord, type TypeCode } from './entry'
import { checksums, FIELD, MAX_11, MAX_7, writeBase256, writeOctal } from './field'
import { encodePax } from './pax'

/** An entry to be written. Directories get their trailing slash from the caller's path or here. */
export interface EntryFields {
  readonly path: Uint8Array
  readonly type: TypeCode
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  /** Seconds; fractions and what octal cannot say become a PAX record. */
  readonly mtime: number
  readonly link?: Uint8Array
  /** As names are written in bytes/text.ts: bytes that are no UTF-8 as `\xNN`. */
  readonly uname?: string
  readonly gname?: string
  readonly major?: number
  readonly minor?: number
  /** Further records, raw: xattrs, atime, an exact mtime. Keys of columns (path, size, …) are not taken from here, but mtime is. */
  readonly pax?: readonly PaxRecord[]
}

const FLAG: Record<TypeCode, number> = {
  [TYPE.file]: 0x30,
  [TYPE.hardlink]: 0x31,
  [TYPE.symlink]: 0x32,
  [TYPE.char]: 0x33,
  [TYPE.block]: 0x34,
  [TYPE.directory]: 0x35,
  [TYPE.fifo]: 0x36,
  [TYPE.other]: 0x30,
}

const MAGIC = utf8('ustar\x0000')

/** Records that fields of the header hold, or that this writer decides on. */
const OWN_KEYS = new Set([
  'path',
  'linkpath',
  'size',
  'uid',
  'gid',
  'uname',
  'gname',
  'hdrcharset',
  'charset',
])

/** One or three blocks' worth of header (PAX header, its body, the header), ready to be followed by the contents. */
export function encodeHeader(fields: EntryFields): Bytes {
  const path = withSlash(fields.path, fields.type)
  const records: PaxRecord[] = (fields.pax ?? []).filter(({ key }) => !OWN_KEYS.has(key))
  const place = splitPath(path)
  const block = new Uint8Array(BLOCK)
  if (place) {
    block.set(place.name, FIELD.name[0])
    block.set(place.prefix, FIELD.prefix[0])
  } else {
    records.push({ key: 'path', value: path })
    block.set(path.subarray(0, 100), FIELD.name[0])
  }
  const link = fields.link ?? new Uint8Array(0)
  if (link.length > 100 || link.includes(0)) records.push({ key: 'linkpath', value: link })
  block.set(link.subarray(0, 100), FIELD.link[0])
  writeOctal(block, ...FIELD.mode, fields.mode & 0o7777)
  numberField(block, FIELD.uid, fields.uid, MAX_7, 'uid', records)
  numberField(block, FIELD.gid, fields.gid, MAX_7, 'gid', records)
  numberField(block, FIELD.size, fields.size, MAX_11, 'size', records)
  timeField(block, fields.mtime, records)
  block[FIELD.flag[0]] = FLAG[fields.type]
  block.set(MAGIC, FIELD.magic[0])
  nameField(block, FIELD.uname, fields.uname ?? '', 'uname', records)
  nameField(block, FIELD.gname, fields.gname ?? '', 'gname', records)
  if (fields.type === TYPE.char || fields.type === TYPE.block) {
    deviceField(block, FIELD.major, fields.major ?? 0)
    deviceField(block, FIELD.minor, fields.minor ?? 0)
  }
  seal(block)
  return records.length > 0 ? withPax(block, path, records) : block
}

/**
 * Length of what `encodeHeader` answers, in bytes. Of a plain entry it is told from the fields, so that half a million
 * need not be written to know how long they are.
 */
export function headerSize(fields: EntryFields): number {
  return isPlain(fields) ? BLOCK : encodeHeader(fields).length
}

/** Whether the fields fit a ustar header as they are. False where it takes a closer look. */
function isPlain({ path, uid, gid, size, mtime, link, uname = '', gname = '', pax }: EntryFields): boolean {
  return (
    (pax === undefined || pax.length === 0) &&
    // A directory's slash may still have to come.
    path.length < FIELD.name[1] &&
    !path.includes(0) &&
    (link === undefined || (link.length <= FIELD.link[1] && !link.includes(0))) &&
    isWithin(uid, MAX_7) &&
    isWithin(gid, MAX_7) &&
    isWithin(size, MAX_11) &&
    isWithin(mtime, MAX_11) &&
    SHORT_NAME.test(uname) &&
    SHORT_NAME.test(gname)
  )
}

function isWithin(value: number, most: number): boolean {
  return value >= 0 && value <= most && Number.isInteger(value)
}

/** A byte a letter, and room for the NUL behind it. */
const SHORT_NAME = /^[\w.-]{0,31}$/

function withSlash(path: Uint8Array, type: TypeCode): Uint8Array {
  if (type !== TYPE.directory || path[path.length - 1] === 0x2f) return path
  const out = new Uint8Array(path.length + 1)
  out.set(path)
  out[path.length] = 0x2f
  return out
}

/** The path as prefix and name, or null where ustar cannot hold it. */
function splitPath(path: Uint8Array): { prefix: Uint8Array; name: Uint8Array } | null {
  if (path.includes(0)) return null // The header's own field would end there.
  if (path.length <= 100) return { prefix: new Uint8Array(0), name: path }
  if (path.length > 256) return null
  // The rightmost slash that leaves a name of 1 to 100 bytes and a prefix of at most 155.
  for (let i = Math.max(1, path.length - 101); i <= 155 && i < path.length - 1; i++)
    if (path[i] === 0x2f) return { prefix: path.subarray(0, i), name: path.subarray(i + 1) }
  return null
}

function numberField(
  block: Uint8Array,
  [at, length]: readonly [number, number],
  value: number,
  most: number,
  key: string,
  records: PaxRecord[],
): void {
  const fits = value >= 0 && value <= most
  if (!fits) records.push({ key, value: utf8(decimal(value)) })
  writeOctal(block, at, length, fits ? value : 0)
}

/** A number as PAX has it, without an exponent, such that the same number is read back. */
function decimal(value: number): string {
  const text = String(value)
  return text.includes('e-')
    ? value.toFixed(60).replace(/0+$/, '')
    : text.includes('e')
      ? BigInt(value).toString()
      : text
}

function timeField(block: Uint8Array, mtime: number, records: PaxRecord[]): void {
  const whole = Math.floor(mtime)
  const fits = whole >= 0 && whole <= MAX_11
  const exact = records.some(({ key }) => key === 'mtime')
  if (!exact && (!fits || whole !== mtime)) records.push({ key: 'mtime', value: utf8(decimal(mtime)) })
  writeOctal(block, ...FIELD.mtime, fits ? whole : 0)
}

function nameField(
  block: Uint8Array,
  [at, length]: readonly [number, number],
  text: string,
  key: string,
  records: PaxRecord[],
): void {
  if (text === '') return
  const bytes = bytesOfName(text)
  if (bytes.length >= length || bytes.includes(0)) records.push({ key, value: bytes })
  else block.set(bytes, at)
}

function deviceField(block: Uint8Array, [at, length]: readonly [number, number], value: number): void {
  if (value <= MAX_7) writeOctal(block, at, length, value)
  else writeBase256(block, at, length, value)
}

/** The checksum: six octal digits, NUL, space. */
function seal(block: Uint8Array): void {
  writeOctal(block, FIELD.checksum[0], 7, checksums(block, 0).unsigned)
  block[FIELD.checksum[0] + 7] = 0x20
}

/** Records whose value is text by the standard, and in UTF-8 unless `hdrcharset` says otherwise. */
const TEXT_KEYS = new Set(['path', 'linkpath', 'uname', 'gname'])

function withPax(block: Uint8Array, path: Uint8Array, records: PaxRecord[]): Bytes {
  const binary = records.some(({ key, value }) => TEXT_KEYS.has(key) && decodeUtf8(value) === null)
  // Names that are not UTF-8 are legal only when the header says so (POSIX pax, "hdrcharset").
  if (binary) records.push({ key: 'hdrcharset', value: utf8('BINARY') })
  const body = encodePax(inOrder(records))
  const header = new Uint8Array(BLOCK)
  header.set(paxName(path))
  writeOctal(header, ...FIELD.mode, 0o644)
  writeOctal(header, ...FIELD.uid, 0)
  writeOctal(header, ...FIELD.gid, 0)
  writeOctal(header, ...FIELD.size, body.length)
  writeOctal(header, ...FIELD.mtime, 0)
  header[FIELD.flag[0]] = 0x78
  header.set(MAGIC, FIELD.magic[0])
  seal(header)
  const out = new Uint8Array(BLOCK + padded(body.length) + BLOCK)
  out.set(header)
  out.set(body, BLOCK)
  out.set(block, BLOCK + padded(body.length))
  return out
}

/** hdrcharset before what it speaks of, the rest by key: the same entry gives the same bytes. */
function inOrder(records: readonly PaxRecord[]): PaxRecord[] {
  const rank = ({ key }: PaxRecord): string => (key === 'hdrcharset' ? '' : key)
  return [...records].sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0))
}

/** "PaxHeaders.0/NAME" as Go and GNU tar name it: only ever seen by readers that know no PAX. */
function paxName(path: Uint8Array): Bytes {
  const bare = path[path.length - 1] === 0x2f ? path.subarray(0, -1) : path
  const base = bare.subarray(bare.lastIndexOf(0x2f) + 1).subarray(0, 80)
  return utf8(
    `PaxHeaders.0/${String.fromCharCode(...base.map((byte) => (byte > 0x20 && byte < 0x7f ? byte : 0x5f)))}`,
  )
}

/** Zeros that fill a body of `size` up to whole blocks. */
export function paddingOf(size: number): Bytes {
  return new Uint8Array(padded(size) - size)
}

/** Two zero blocks: the end of a tar. */
export const END: Bytes = new Uint8Array(2 * BLOCK)
