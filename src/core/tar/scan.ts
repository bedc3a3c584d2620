/**
 * Reads a tar entry by entry: v7, ustar, star, GNU and PAX, in any mixture. One pass, no object per entry kept;
 * rules from POSIX pax, the GNU tar manual, and, where they leave room, Go's archive/tar, which every engine uses.
 */
import { nameText } from '../bytes/text'
import { ImageError, throwIfCancelled } from '../fault/fault'
import type { Notices } from '../fault/notice'
import { BLOCK, padded, TYPE, type PaxRecord, type ScannedEntry, type TypeCode } from './entry'
import { checksums, FIELD, isZeroBlock, readNumber, stringLength, unsignedChecksum } from './field'
import type { TarInput } from './input'
import { decodePax, parsePaxInteger, parsePaxTime } from './pax'
import {
  checkedRuns,
  decodeMap10,
  extensionIsExtended,
  isExtended,
  MOST_RUNS,
  OLD_GNU_IN_EXTENSION,
  OLD_GNU_IN_HEADER,
  oldGnuEntries,
  paxSparse,
} from './sparse'

/** Longest extension header body that is read. Go, and so every engine, stops at 1 MiB. */
const MOST_EXTENSION = 16 * 1024 * 1024
const GO_EXTENSION = 1024 * 1024

export interface ScanEnd {
  /** Where the last entry with its padding ends. */
  readonly endsAt: number
  /** "marker": two zero blocks; "lone-zero": one; "missing": the bytes just end. */
  readonly end: 'marker' | 'lone-zero' | 'missing'
}

/** What extension headers say about the entry that follows. They apply to that entry's file and to nothing else (CVE-2025-62518). */
interface Pending {
  headerAt: number
  pax: PaxRecord[] | null
  longName: Uint8Array | null
  longLink: Uint8Array | null
}

const EMPTY = new Uint8Array(0)

/**
 * Calls `onEntry` for each entry, in order, always with the same object. Throws `bad-header`, `bad-pax`,
 * `bad-sparse`, `bad-number`, `truncated`, each with its offset; what can be lived with goes to `notices`.
 */
export async function scanTar(
  input: TarInput,
  onEntry: (entry: ScannedEntry) => void,
  notices: Notices,
  signal?: AbortSignal,
): Promise<ScanEnd> {
  const entry = emptyEntry()
  let globals: PaxRecord[] = []
  let pending = nothingPending(0)
  let at = 0
  let seen: Uint8Array = EMPTY
  let words: Uint32Array | null = null
  let mustReach = 0 // The end of the last body: its padding may be missing, a byte of it may not.
  for (let count = 0; ; count++) {
    if ((count & 0xfff) === 0) throwIfCancelled(signal)
    if (at + BLOCK > input.end) {
      const got = await input.load(at, BLOCK)
      if (got < BLOCK) return endOfBytes(at, got, mustReach, pending, input, notices)
    }
    const block = input.window
    const o = at - input.start
    if (block[o] === 0 && isZeroBlock(block, o)) return endMarker(at, pending, input, notices)
    if (block !== seen) [seen, words] = [block, wordsOf(block)]
    checkSum(block, words, o, at)
    const flag = block[o + 156]
    const size = readNumber(block, o + FIELD.size[0], FIELD.size[1])
    if (!(size >= 0))
      throw new ImageError('bad-header', 'The size field of a tar header is not a size.', { at })
    if (flag === 0x78 || flag === 0x67 || flag === 0x4c || flag === 0x4b || flag === 0x58) {
      // An extension's own size counts for it, never a PAX size that came before.
      const body = await extensionBody(input, at, size, notices)
      if (flag === 0x67) globals = mergeGlobals(globals, decodePax(body, at + BLOCK), at, notices)
      else if (flag === 0x4c) pending.longName = only(pending.longName, untilNul(body), at, notices)
      else if (flag === 0x4b) pending.longLink = only(pending.longLink, untilNul(body), at, notices)
      else pending.pax = only(pending.pax, decodePax(body, at + BLOCK), at, notices)
      at += BLOCK + padded(size)
      continue
    }
    decode(entry, block, o, at, flag, size, notices)
    entry.headerAt = pending.headerAt
    if (pending.pax !== null || globals.length > 0) applyPax(entry, globals, pending.pax ?? [], at, notices)
    else entry.pax = null
    if (pending.longName) entry.path = pending.longName // Over a PAX path too, as Go has it.
    if (pending.longLink) entry.link = pending.longLink
    if (pending.pax !== null && (pending.longName || pending.longLink))
      notices.add(
        'warning',
        'tar-mixed-headers',
        'A PAX header and a GNU long name before one entry: tools disagree which of them counts; here the GNU one does, as for Docker.',
        { at },
      )
    entry.type = typeOf(flag, entry.path, at, notices)
    entry.bodyAt = at + BLOCK
    entry.sparse = null
    // Nearly every entry is laid out at once, and a promise for each costs as much as all the rest.
    const map = layOut(entry, input, at, o, notices)
    if (map) await map
    onEntry(entry)
    mustReach = entry.headerEndsAt + entry.bodyStored
    at = entry.headerEndsAt + padded(entry.bodyStored)
    pending = nothingPending(at)
  }
}

interface WorkingEntry extends ScannedEntry {
  /** Where the body starts in the tar, before a sparse map inside it. */
  headerEndsAt: number
  /** Bytes of the body, a sparse map inside it included. */
  bodyStored: number
  /** Names of the header before: nearly every header has the same, and a view for each costs as much as reading its numbers. */
  headUname: Uint8Array
  headGname: Uint8Array
}

function emptyEntry(): WorkingEntry {
  return {
    headerAt: 0,
    bodyAt: 0,
    size: 0,
    stored: 0,
    type: TYPE.file,
    flag: 0,
    path: EMPTY,
    link: EMPTY,
    mode: 0,
    uid: 0,
    gid: 0,
    mtime: 0,
    uname: EMPTY,
    gname: EMPTY,
    major: 0,
    minor: 0,
    pax: null,
    sparse: null,
    headerEndsAt: 0,
    bodyStored: 0,
    headUname: EMPTY,
    headGname: EMPTY,
  }
}

function nothingPending(headerAt: number): Pending {
  return { headerAt, pax: null, longName: null, longLink: null }
}

/** The window as 32-bit words; null where it does not lie on one. */
function wordsOf(block: Uint8Array): Uint32Array | null {
  return (block.byteOffset & 3) === 0
    ? new Uint32Array(block.buffer, block.byteOffset, block.byteLength >> 2)
    : null
}

function checkSum(block: Uint8Array, words: Uint32Array | null, o: number, at: number): void {
  const claimed = readNumber(block, o + FIELD.checksum[0], FIELD.checksum[1])
  if (words && (o & 3) === 0 && claimed === unsignedChecksum(words, o >> 2, block, o)) return
  const { unsigned, signed } = checksums(block, o)
  if (claimed !== unsigned && claimed !== signed)
    throw new ImageError('bad-header', 'Here should be a tar header, and its checksum does not fit.', { at })
}

async function extensionBody(
  input: TarInput,
  at: number,
  size: number,
  notices: Notices,
): Promise<Uint8Array> {
  if (size > MOST_EXTENSION)
    throw new ImageError('too-large', `A tar extension header claims ${size} bytes.`, { at })
  if (size > GO_EXTENSION)
    notices.add(
      'warning',
      'tar-extension-large',
      `An extension header of ${size} bytes: engines take at most 1 MiB.`,
      { at },
    )
  const body = await input.take(at + BLOCK, size)
  if (body.length < size)
    throw new ImageError('truncated', 'The tar ends inside an extension header.', { at })
  return body
}

/** Of two extension headers of one kind before one entry, Go, GNU tar and bsdtar take the later one; Python the earlier one. */
function only<T>(earlier: T | null, later: T, at: number, notices: Notices): T {
  if (earlier !== null)
    notices.add(
      'warning',
      'tar-header-twice',
      'Two extension headers of one kind before one entry: the later one counts here and for Docker, other tools take the earlier one.',
      { at },
    )
  return later
}

function untilNul(body: Uint8Array): Uint8Array {
  const end = body.indexOf(0)
  return end < 0 ? body : body.subarray(0, end)
}

/** The fields of the header itself. */
function decode(
  entry: WorkingEntry,
  block: Uint8Array,
  o: number,
  at: number,
  flag: number,
  size: number,
  notices: Notices,
): void {
  entry.flag = flag
  entry.size = size
  entry.mode = numberOr(block, o, FIELD.mode, at, notices) & 0o7777
  entry.uid = numberOr(block, o, FIELD.uid, at, notices)
  entry.gid = numberOr(block, o, FIELD.gid, at, notices)
  entry.mtime = numberOr(block, o, FIELD.mtime, at, notices)
  entry.link =
    block[o + 157] === 0 ? EMPTY : block.subarray(o + 157, o + 157 + stringLength(block, o + 157, 100))
  entry.path = block.subarray(o, o + stringLength(block, o, 100))
  entry.uname = entry.gname = EMPTY
  entry.major = entry.minor = 0
  if (!hasMagic(block, o)) return
  entry.uname = entry.headUname = nameAt(block, o + 265, entry.headUname)
  entry.gname = entry.headGname = nameAt(block, o + 297, entry.headGname)
  if (flag === 0x33 || flag === 0x34) {
    entry.major = numberOr(block, o, FIELD.major, at, notices)
    entry.minor = numberOr(block, o, FIELD.minor, at, notices)
  }
  if (block[o + 345] !== 0 && (hasPrefix(block, o) || isGo17(block, o))) entry.path = joined(block, o)
}

/** The string in a field of 32 bytes; `known` where it says the same, else a copy. */
function nameAt(block: Uint8Array, at: number, known: Uint8Array): Uint8Array {
  const { length } = known
  let i = 0
  while (i < length && block[at + i] === known[i]) i++
  if (i === length && (length === 32 || block[at + length] === 0)) return known
  return block.slice(at, at + stringLength(block, at, 32))
}

function numberOr(
  block: Uint8Array,
  o: number,
  field: readonly [number, number],
  at: number,
  notices: Notices,
): number {
  // By index: taking a pair apart goes through an iterator.
  const from = field[0]
  const value = readNumber(block, o + from, field[1])
  if (!Number.isNaN(value)) return value
  notices.add(
    'warning',
    'tar-number',
    'A numeric field of a tar header holds no number; 0 is shown. Engines refuse such a layer.',
    { at: at + from },
  )
  return 0
}

/** "ustar" at 257, with whatever follows. */
function hasMagic(block: Uint8Array, o: number): boolean {
  return (
    block[o + 257] === 0x75 &&
    block[o + 258] === 0x73 &&
    block[o + 259] === 0x74 &&
    block[o + 260] === 0x61 &&
    block[o + 261] === 0x72
  )
}

/** POSIX headers have a prefix; GNU ones ("ustar  ") keep times there. */
function hasPrefix(block: Uint8Array, o: number): boolean {
  return block[o + 262] === 0
}

/**
 * Go before 1.8 wrote a prefix into GNU headers too. As Go does today: where the times that GNU keeps in that place
 * are no numbers, and the text is ASCII, it is such a prefix (golang.org/issue/12594, /21005).
 */
function isGo17(block: Uint8Array, o: number): boolean {
  if (block[o + 262] !== 0x20 || block[o + 263] !== 0x20 || block[o + 264] !== 0) return false
  const time = (at: number): boolean => block[o + at] === 0 || !Number.isNaN(readNumber(block, o + at, 12))
  if (time(345) && time(357)) return false
  const length = stringLength(block, o + 345, 155)
  for (let i = 0; i < length; i++) if (block[o + 345 + i] >= 0x80) return false
  return true
}

/** star keeps times behind byte 131 of the prefix, and says so with "tar\0" at the end (Go: blockAsStar). */
function isStar(block: Uint8Array, o: number): boolean {
  return block[o + 508] === 0x74 && block[o + 509] === 0x61 && block[o + 510] === 0x72 && block[o + 511] === 0
}

function joined(block: Uint8Array, o: number): Uint8Array {
  const prefix = stringLength(block, o + 345, hasPrefix(block, o) && isStar(block, o) ? 131 : 155)
  const name = stringLength(block, o, 100)
  const path = new Uint8Array(prefix + 1 + name)
  path.set(block.subarray(o + 345, o + 345 + prefix))
  path[prefix] = 0x2f
  path.set(block.subarray(o, o + name), prefix + 1)
  return path
}

function typeOf(flag: number, path: Uint8Array, at: number, notices: Notices): TypeCode {
  const slash = path.length > 0 && path[path.length - 1] === 0x2f
  switch (flag) {
    case 0: // v7: a directory is a file whose name ends in a slash
      return slash ? TYPE.directory : TYPE.file
    case 0x30:
    case 0x37:
      if (flag === 0x37)
        notices.add(
          'warning',
          'tar-contiguous',
          'An entry of type "7" (contiguous file): some versions of Docker refuse it.',
          { at, path: nameText(path) },
        )
      if (!slash) return TYPE.file
      notices.add(
        'warning',
        'tar-slash-file',
        'A regular file whose name ends in a slash: a directory to GNU tar and bsdtar, an error to Docker.',
        {
          at,
          path: nameText(path),
        },
      )
      return TYPE.directory
    case 0x53:
      notices.add(
        'warning',
        'tar-gnu-sparse',
        'A sparse file in the old GNU form: docker and containerd do not unpack it.',
        { at, path: nameText(path) },
      )
      return TYPE.file
    case 0x31:
      return TYPE.hardlink
    case 0x32:
      return TYPE.symlink
    case 0x33:
      return TYPE.char
    case 0x34:
      return TYPE.block
    case 0x35:
      return TYPE.directory
    case 0x36:
      return TYPE.fifo
    default:
      notices.add(
        'warning',
        'tar-type',
        `An entry of type "${nameText(Uint8Array.of(flag))}": Docker does not know it and refuses the layer.`,
        {
          at,
          path: nameText(path),
        },
      )
      return TYPE.other
  }
}

/** Where the body lies, how long it is in the tar, and how long the file is. A promise where a sparse map is to be read for it. */
function layOut(
  entry: WorkingEntry,
  input: TarInput,
  at: number,
  o: number,
  notices: Notices,
): Promise<void> | null {
  entry.headerEndsAt = entry.bodyAt
  entry.stored = entry.bodyStored = entry.size
  if (entry.type !== TYPE.file && entry.type !== TYPE.other) {
    // A file by its flag, a directory by its name: Go and GNU tar step over its body, so its bytes are no headers.
    if (entry.flag === 0x30 || entry.flag === 0x37) {
      entry.size = 0
      return null
    }
    // Links, directories and devices have no body whatever their size says (Go: isHeaderOnly; GNU tar for hard links).
    if (entry.size !== 0)
      notices.add(
        'warning',
        'tar-size-without-body',
        `A size of ${entry.size} on an entry that has no contents; tools disagree where the next entry starts.`,
        {
          at,
          path: nameText(entry.path),
        },
      )
    entry.size = entry.stored = entry.bodyStored = 0
    return null
  }
  if (entry.flag === 0x53) return oldGnuSparse(entry, input, at, o)
  return entry.pax && hasSparse(entry.pax) ? paxSparseBody(entry, input, at) : null
}

function hasSparse(pax: readonly PaxRecord[]): boolean {
  return pax.some(({ key }) => key.startsWith('GNU.sparse.'))
}

async function oldGnuSparse(entry: WorkingEntry, input: TarInput, at: number, o: number): Promise<void> {
  const realSize = readNumber(input.window, o + FIELD.realSize[0], FIELD.realSize[1])
  const flat = oldGnuEntries(input.window, o + FIELD.sparse[0], OLD_GNU_IN_HEADER)
  let more = isExtended(input.window, o)
  while (more) {
    const block = await input.take(entry.bodyAt, BLOCK)
    if (block.length < BLOCK) throw new ImageError('truncated', 'The tar ends inside a sparse map.', { at })
    flat.push(...oldGnuEntries(block, 0, OLD_GNU_IN_EXTENSION))
    if (flat.length > 2 * MOST_RUNS)
      throw new ImageError('bad-sparse', `The map of a sparse file has more than ${MOST_RUNS} runs.`, { at })
    more = extensionIsExtended(block, 0)
    entry.bodyAt += BLOCK
  }
  if (!(realSize >= 0))
    throw new ImageError('bad-sparse', 'The real size of a sparse file is not a size.', { at })
  entry.headerEndsAt = entry.bodyAt
  entry.sparse = { runs: checkedRuns(flat, realSize, entry.stored, at), storedAt: entry.bodyAt }
  entry.size = realSize
}

async function paxSparseBody(entry: WorkingEntry, input: TarInput, at: number): Promise<void> {
  const sparse = paxSparse(entry.pax!, at)
  if (!sparse) return
  entry.pax = entry.pax!.filter(({ key }) => !key.startsWith('GNU.sparse.'))
  let flat = sparse.flat
  if (sparse.name) entry.path = sparse.name
  if (sparse.format === '1.0') {
    const map = await mapInBody(entry, input, at)
    flat = map.flat
    entry.bodyAt += map.length
    entry.stored -= map.length
    if (entry.stored < 0)
      throw new ImageError('bad-sparse', 'The map of a sparse file is longer than its body.', { at })
  }
  entry.sparse = { runs: checkedRuns(flat, sparse.realSize, entry.stored, at), storedAt: entry.bodyAt }
  entry.size = sparse.realSize
}

async function mapInBody(
  entry: WorkingEntry,
  input: TarInput,
  at: number,
): Promise<{ flat: number[]; length: number }> {
  for (let length = BLOCK; ; length *= 2) {
    const take = Math.min(length, padded(entry.stored))
    const body = await input.take(entry.bodyAt, take)
    const map = decodeMap10(body, at)
    if (map) return map
    if (body.length < length)
      throw new ImageError('bad-sparse', 'The map of a sparse file does not end.', { at })
  }
}

/** Records of both headers on the entry: the global ones first, the entry's own win. An empty value leaves the header's field (Go: mergePAX). */
function applyPax(
  entry: ScannedEntry,
  globals: readonly PaxRecord[],
  own: readonly PaxRecord[],
  at: number,
  notices: Notices,
): void {
  for (const record of globals) applyRecord(entry, record, at)
  for (const record of own) applyRecord(entry, record, at)
  const ownKeys = new Set(own.map(({ key }) => key))
  entry.pax = [...globals.filter(({ key }) => !ownKeys.has(key)), ...own]
  if (own.some(({ key }) => key.includes('\\x00')))
    notices.add(
      'warning',
      'tar-nul-in-key',
      'The name of a PAX record holds a NUL byte; engines refuse such a layer.',
      { at, path: nameText(entry.path) },
    )
  if (entry.path.includes(0) || entry.link.includes(0))
    notices.add('warning', 'tar-nul-in-path', 'A path holds a NUL byte; engines refuse such a layer.', {
      at,
      path: nameText(entry.path),
    })
}

function applyRecord(entry: ScannedEntry, { key, value }: PaxRecord, at: number): void {
  if (value.length === 0) return
  switch (key) {
    case 'path':
      entry.path = value
      break
    case 'linkpath':
      entry.link = value
      break
    case 'uname':
      entry.uname = value
      break
    case 'gname':
      entry.gname = value
      break
    case 'size':
      entry.size = wholeNumber(value, key, at, 0)
      break
    case 'uid':
      entry.uid = wholeNumber(value, key, at, -Infinity)
      break
    case 'gid':
      entry.gid = wholeNumber(value, key, at, -Infinity)
      break
    case 'SCHILY.devmajor':
      entry.major = wholeNumber(value, key, at, 0)
      break
    case 'SCHILY.devminor':
      entry.minor = wholeNumber(value, key, at, 0)
      break
    case 'mtime': {
      const time = parsePaxTime(latin(value))
      if (Number.isNaN(time))
        throw new ImageError('bad-pax', `The PAX time "${latin(value).slice(0, 40)}" is not a number.`, {
          at,
        })
      entry.mtime = time
      break
    }
  }
}

function wholeNumber(value: Uint8Array, key: string, at: number, least: number): number {
  const number = parsePaxInteger(latin(value))
  if (number >= least) return number
  throw new ImageError(
    'bad-pax',
    `The PAX record ${key} holds "${latin(value).slice(0, 40)}", which is not a number.`,
    { at },
  )
}

/** A number's text, whole: half of one would be another number, and another place for the next header. */
function latin(value: Uint8Array): string {
  return value.length > 400 ? '' : String.fromCharCode(...value)
}

/** What a global header may set: attributes that every entry has. Nothing of where a body ends (size, GNU.sparse.*). */
const GLOBAL_KEYS = new Set(['path', 'linkpath', 'uname', 'gname', 'uid', 'gid', 'mtime'])

function mergeGlobals(
  globals: readonly PaxRecord[],
  more: readonly PaxRecord[],
  at: number,
  notices: Notices,
): PaxRecord[] {
  const kept = more.filter(({ key }) => GLOBAL_KEYS.has(key))
  const keys = [...new Set(more.map(({ key }) => key))].filter((key) => key !== 'comment')
  const applied = keys.filter((key) => GLOBAL_KEYS.has(key))
  const left = keys.filter((key) => !GLOBAL_KEYS.has(key))
  if (applied.length > 0)
    notices.add(
      'warning',
      'tar-global-header',
      `A global PAX header sets ${applied.join(', ')} for all entries that follow: GNU tar does so, Docker does not.`,
      { at },
    )
  if (left.length > 0)
    notices.add(
      left.some((key) => key === 'size' || key.startsWith('GNU.sparse.')) ? 'warning' : 'info',
      'tar-global-ignored',
      `A global PAX header holds ${left.slice(0, 5).join(', ').slice(0, 200)}, which is not applied here, nor by Docker.`,
      { at },
    )
  const last = new Map([...globals, ...kept].map((record) => [record.key, record]))
  return [...last.values()]
}

async function endOfBytes(
  at: number,
  got: number,
  mustReach: number,
  pending: Pending,
  input: TarInput,
  notices: Notices,
): Promise<ScanEnd> {
  const total = await input.total()
  if (total < mustReach)
    throw new ImageError(
      'truncated',
      `The tar ends inside the contents of its last entry: ${mustReach - total} bytes are missing.`,
      { at: total },
    )
  checkNothingPending(pending, at)
  const rest = got > 0 ? input.window.subarray(at - input.start, at - input.start + got) : EMPTY
  if (rest.some((byte) => byte !== 0))
    throw new ImageError('truncated', 'The tar ends inside a header.', { at })
  notices.add('info', 'tar-no-end', 'The tar has no end marker.', { at: Math.min(at, total) })
  return { endsAt: Math.min(at, total), end: 'missing' }
}

async function endMarker(at: number, pending: Pending, input: TarInput, notices: Notices): Promise<ScanEnd> {
  checkNothingPending(pending, at)
  const got = await input.load(at + BLOCK, BLOCK)
  if (got >= BLOCK && isZeroBlock(input.window, at + BLOCK - input.start))
    return { endsAt: at, end: 'marker' }
  const lone =
    got > 0 &&
    input.window.subarray(at + BLOCK - input.start, at + BLOCK - input.start + got).some((byte) => byte !== 0)
  if (lone)
    notices.add(
      'warning',
      'tar-lone-zero',
      'One zero block, where two end a tar, and more behind it: GNU tar stops here, Docker refuses the layer.',
      { at },
    )
  return { endsAt: at, end: 'lone-zero' }
}

function checkNothingPending(pending: Pending, at: number): void {
  if (pending.pax || pending.longName || pending.longLink)
    throw new ImageError(
      'truncated',
      'The tar ends behind an extension header, before the entry it belongs to.',
      { at },
    )
}
