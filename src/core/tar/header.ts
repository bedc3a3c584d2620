/** One header block as an entry: v7, ustar, star and GNU, told apart by their magic as Go does it. */
import { nameText } from '../bytes/text'
import type { Notices } from '../fault/notice'
import { TYPE, type ScannedEntry, type TypeCode } from './entry'
import { FIELD, readNumber, stringLength } from './field'

const EMPTY = new Uint8Array(0)

/** One entry while it is read: the same object for all of a tar. */
export interface WorkingEntry extends ScannedEntry {
  /** Where the body starts in the tar, before a sparse map inside it. */
  headerEndsAt: number
  /** Bytes of the body, a sparse map inside it included. */
  bodyStored: number
  /** Names of the header before: nearly every header has the same, and a view for each costs as much as reading its numbers. */
  headUname: Uint8Array
  headGname: Uint8Array
  /** Its mode, uid and gid, and the words that say them. */
  readonly headWords: Uint32Array
  headMode: number
  headUid: number
  headGid: number
}

export function emptyEntry(): WorkingEntry {
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
    headWords: new Uint32Array(6),
    headMode: 0,
    headUid: 0,
    headGid: 0,
  }
}

/** The fields of the header block at `o`, which lies `at` in the tar, put on the entry. What is no number is said, and 0. */
export function decodeHeader(
  entry: WorkingEntry,
  block: Uint8Array,
  words: Uint32Array | null,
  o: number,
  at: number,
  flag: number,
  size: number,
  notices: Notices,
): void {
  entry.flag = flag
  entry.size = size
  modeAndOwners(entry, block, words, o, at, notices)
  entry.mtime = numberOr(block, o, FIELD.mtime, at, notices)
  entry.link =
    block[o + 157] === 0 ? EMPTY : block.subarray(o + 157, o + 157 + stringLength(block, o + 157, 100))
  entry.path = nameOf(block, words, o)
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

/** Mode, uid and gid lie side by side, in six words, and nearly every header has those of the one before. */
function modeAndOwners(
  entry: WorkingEntry,
  block: Uint8Array,
  words: Uint32Array | null,
  o: number,
  at: number,
  notices: Notices,
): void {
  const { headWords: head } = entry
  const first = (o + FIELD.mode[0]) >> 2
  if (words) {
    let same = 0
    while (same < 6 && words[first + same] === head[same]) same++
    if (same === 6) {
      entry.mode = entry.headMode
      entry.uid = entry.headUid
      entry.gid = entry.headGid
      return
    }
  }
  const mode = readNumber(block, o + FIELD.mode[0], FIELD.mode[1])
  const uid = readNumber(block, o + FIELD.uid[0], FIELD.uid[1])
  const gid = readNumber(block, o + FIELD.gid[0], FIELD.gid[1])
  entry.mode = known(mode, at + FIELD.mode[0], notices) & 0o7777
  entry.uid = known(uid, at + FIELD.uid[0], notices)
  entry.gid = known(gid, at + FIELD.gid[0], notices)
  // What is no number is said of each header that has it.
  if (!words || Number.isNaN(mode + uid + gid)) return
  for (let i = 0; i < 6; i++) head[i] = words[first + i]
  entry.headMode = entry.mode
  entry.headUid = uid
  entry.headGid = gid
}

/**
 * Names of one header after the other, and a view of each length: to make a view takes longer than to copy a name. All
 * scans of a thread share them, so a name is copied before anything is waited for (layOut).
 */
const nameRoom = new Uint8Array(100)
const nameWords = new Uint32Array(nameRoom.buffer)
const nameViews = Array.from({ length: 101 }, (_, length) => nameRoom.subarray(0, length))

/** The name field, good until the next header is decoded; four bytes at a time where the window lies on words. */
function nameOf(block: Uint8Array, words: Uint32Array | null, o: number): Uint8Array {
  let length = 0
  if (words)
    for (let word = o >> 2; length < 100; length += 4) {
      const four = words[word++]
      nameWords[length >> 2] = four
      if (((four - 0x01010101) & ~four & 0x80808080) !== 0) break // One of them is 0.
    }
  for (; length < 100; length++) {
    const byte = block[o + length]
    if (byte === 0) break
    nameRoom[length] = byte
  }
  return nameViews[length]
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
  return known(readNumber(block, o + from, field[1]), at + from, notices)
}

/** What the field at `at` says; 0, and a notice, where that is no number. */
function known(value: number, at: number, notices: Notices): number {
  if (!Number.isNaN(value)) return value
  notices.add(
    'warning',
    'tar-number',
    'A numeric field of a tar header holds no number; 0 is shown. Engines refuse such a layer.',
    { at },
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

/** Prefix and name, with a slash between. */
function joined(block: Uint8Array, o: number): Uint8Array {
  const prefix = stringLength(block, o + 345, hasPrefix(block, o) && isStar(block, o) ? 131 : 155)
  const name = stringLength(block, o, 100)
  const path = new Uint8Array(prefix + 1 + name)
  path.set(block.subarray(o + 345, o + 345 + prefix))
  path[prefix] = 0x2f
  path.set(block.subarray(o, o + name), prefix + 1)
  return path
}

/** What an entry is, by its flag, and where that leaves it open, by its name. */
export function typeOf(flag: number, path: Uint8Array, at: number, notices: Notices): TypeCode {
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
          'An entry of type "7" (contiguous file): engines refuse the layer.',
          { at, path: nameText(path) },
        )
      if (!slash) return TYPE.file
      notices.add(
        'warning',
        'tar-slash-file',
        'A regular file whose name ends in a slash: a directory to GNU tar and bsdtar, a file to engines.',
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
        'A sparse file in the old GNU form: engines refuse the layer.',
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
