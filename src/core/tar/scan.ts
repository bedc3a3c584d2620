/**
 * Reads a tar entry by entry: v7, ustar, star, GNU and PAX, in any mixture. One pass, no object per entry kept;
 * rules from POSIX pax, the GNU tar manual, and, where they leave room, Go's archive/tar, which every engine uses.
 */
import { ImageError, throwIfCancelled } from '../fault/fault'
import type { Notices } from '../fault/notice'
import { layOut } from './body'
import { BLOCK, padded, type PaxRecord, type ScannedEntry } from './entry'
import { checksums, FIELD, isZeroBlock, readNumber, unsignedChecksum } from './field'
import { decodeHeader, emptyEntry, typeOf } from './header'
import type { TarInput } from './input'
import { decodePax } from './pax'
import { applyPax, mergeGlobals } from './pax-apply'

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
  const pending: Pending = { headerAt: 0, pax: null, longName: null, longLink: null }
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
    const aligned = (o & 3) === 0 ? words : null
    checkSum(block, aligned, o, at)
    const flag = block[o + 156]
    const size = readNumber(block, o + FIELD.size[0], FIELD.size[1])
    if (!(size >= 0))
      throw new ImageError('bad-header', 'The size field of a tar header is not a size.', { at })
    if (flag === 0x78 || flag === 0x67 || flag === 0x4c || flag === 0x4b || flag === 0x58) {
      // An extension's own size counts for it, never a PAX size that came before.
      const body = await extensionBody(input, at, size, notices)
      if (flag === 0x58)
        notices.add('warning', 'tar-solaris-header', 'A PAX header of type "X": engines refuse the layer.', {
          at,
        })
      if (flag === 0x67) globals = mergeGlobals(globals, decodePax(body, at + BLOCK), at, notices)
      else if (flag === 0x4c) pending.longName = only(pending.longName, untilNul(body), at, notices)
      else if (flag === 0x4b) pending.longLink = only(pending.longLink, untilNul(body), at, notices)
      else pending.pax = only(pending.pax, decodePax(body, at + BLOCK), at, notices)
      at += BLOCK + padded(size)
      continue
    }
    decodeHeader(entry, block, aligned, o, at, flag, size, notices)
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
    // Not another object for each entry.
    pending.headerAt = at
    pending.pax = pending.longName = pending.longLink = null
  }
}

/** The window as 32-bit words; null where it does not lie on one. */
function wordsOf(block: Uint8Array): Uint32Array | null {
  return (block.byteOffset & 3) === 0
    ? new Uint32Array(block.buffer, block.byteOffset, block.byteLength >> 2)
    : null
}

function checkSum(block: Uint8Array, words: Uint32Array | null, o: number, at: number): void {
  const claimed = readNumber(block, o + FIELD.checksum[0], FIELD.checksum[1])
  if (words && claimed === unsignedChecksum(words, o >> 2, block, o)) return
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
