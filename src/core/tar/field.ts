/** The 512 bytes of a header: where each field lies, and how numbers are written in it (POSIX pax, "ustar Interchange Format"; GNU tar, "Basic Tar Format"). */

/** Offset and length of each field. */
export const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  flag: [156, 1],
  link: [157, 100],
  magic: [257, 8],
  uname: [265, 32],
  gname: [297, 32],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
  // GNU only, in the place of the prefix:
  sparse: [386, 96],
  isExtended: [482, 1],
  realSize: [483, 12],
} as const

/** Largest number that 7 and 11 octal digits hold. */
export const MAX_7 = 0o7777777
export const MAX_11 = 0o77777777777

/**
 * A numeric field: octal with spaces or NULs around it, or base-256 where the first bit is set (GNU, star).
 * NaN where it is neither, or beyond the integers that a double holds exactly.
 */
export function readNumber(block: Uint8Array, at: number, length: number): number {
  // As nearly every writer has them: the field full of digits, one end behind.
  const last = block[at + length - 1]
  if (last === 0 || last === 0x20) {
    const value = length === 12 ? elevenDigits(block, at) : length === 8 ? sevenDigits(block, at) : -1
    if (value >= 0) return value
  }
  return (block[at] & 0x80) !== 0 ? readBase256(block, at, length) : readOctal(block, at, length)
}

/** Seven octal digits; -1 where one of them is none. */
function sevenDigits(block: Uint8Array, at: number): number {
  const a = block[at] ^ 0x30
  const b = block[at + 1] ^ 0x30
  const c = block[at + 2] ^ 0x30
  const d = block[at + 3] ^ 0x30
  const e = block[at + 4] ^ 0x30
  const f = block[at + 5] ^ 0x30
  const g = block[at + 6] ^ 0x30
  if ((a | b | c | d | e | f | g) > 7) return -1
  return (a << 18) | (b << 15) | (c << 12) | (d << 9) | (e << 6) | (f << 3) | g
}

function elevenDigits(block: Uint8Array, at: number): number {
  const a = block[at] ^ 0x30
  const b = block[at + 1] ^ 0x30
  const c = block[at + 2] ^ 0x30
  const d = block[at + 3] ^ 0x30
  const low = sevenDigits(block, at + 4)
  if ((a | b | c | d) > 7 || low < 0) return -1
  return ((a << 9) | (b << 6) | (c << 3) | d) * 0o10000000 + low
}

function readOctal(block: Uint8Array, at: number, length: number): number {
  const end = at + length
  let i = at
  while (i < end && (block[i] === 0x20 || block[i] === 0)) i++
  let value = 0
  for (; i < end; i++) {
    const digit = block[i] - 0x30
    if (digit < 0 || digit > 7) break
    value = value * 8 + digit // Multiplied: a shift has 32 bits, a layer may pass 2 GiB.
  }
  if (i < end && block[i] === 0) return value // What follows the NUL is nobody's business (v7 writers leave old bytes there).
  while (i < end && (block[i] === 0x20 || block[i] === 0)) i++
  return i === end ? value : NaN
}

function readBase256(block: Uint8Array, at: number, length: number): number {
  const negative = (block[at] & 0x40) !== 0
  let value = negative ? (block[at] & 0x7f) - 0x80 : block[at] & 0x3f
  for (let i = at + 1; i < at + length; i++) value = value * 256 + block[i]
  return Number.isSafeInteger(value) ? value : NaN
}

/** Writes `value` as octal digits with a NUL behind. Only for values that fit. */
export function writeOctal(block: Uint8Array, at: number, length: number, value: number): void {
  const digits = value.toString(8).padStart(length - 1, '0')
  for (let i = 0; i < length - 1; i++) block[at + i] = digits.charCodeAt(i)
  block[at + length - 1] = 0
}

/** Base-256, for what has no PAX key of its own (device numbers). Not negative. */
export function writeBase256(block: Uint8Array, at: number, length: number, value: number): void {
  for (let i = at + length - 1; i > at; i--) {
    block[i] = value % 256
    value = Math.floor(value / 256)
  }
  block[at] = 0x80
}

/** The sum of all bytes, the checksum field itself counted as spaces. Old writers summed signed bytes. */
export function checksums(block: Uint8Array, at: number): { unsigned: number; signed: number } {
  let unsigned = 8 * 0x20
  let high = 0
  for (let i = at; i < at + 148; i++) {
    unsigned += block[i]
    high += block[i] >> 7
  }
  for (let i = at + 156; i < at + 512; i++) {
    unsigned += block[i]
    high += block[i] >> 7
  }
  return { unsigned, signed: unsigned - high * 256 }
}

/** Two of a word's four bytes. */
const LOW = 0x00ff00ff

/**
 * The same unsigned sum four bytes at a time: two bytes of each word add up in one half of a number, the others in another.
 * `words` is the block's buffer as 32-bit words, `word` the first of the header's 128.
 */
export function unsignedChecksum(words: Uint32Array, word: number, block: Uint8Array, at: number): number {
  let even = 0
  let odd = 0
  const end = word + 128
  // The `| 0` spare V8 a look at whether an index has left 32 bits: an eighth of the time.
  for (let i = word; i < end; i = (i + 8) | 0) {
    const a = words[i]
    const b = words[(i + 1) | 0]
    const c = words[(i + 2) | 0]
    const d = words[(i + 3) | 0]
    const e = words[(i + 4) | 0]
    const f = words[(i + 5) | 0]
    const g = words[(i + 6) | 0]
    const h = words[(i + 7) | 0]
    const left = a | b | c | d
    const right = e | f | g | h
    // Three quarters of a header are zeros.
    if ((left | right) === 0) continue
    if (left !== 0) {
      even = (even + (a & LOW) + (b & LOW) + (c & LOW) + (d & LOW)) | 0
      odd = (odd + ((a >>> 8) & LOW) + ((b >>> 8) & LOW) + ((c >>> 8) & LOW) + ((d >>> 8) & LOW)) | 0
    }
    if (right !== 0) {
      even = (even + (e & LOW) + (f & LOW) + (g & LOW) + (h & LOW)) | 0
      odd = (odd + ((e >>> 8) & LOW) + ((f >>> 8) & LOW) + ((g >>> 8) & LOW) + ((h >>> 8) & LOW)) | 0
    }
  }
  let sum = (even & 0xffff) + (even >>> 16) + (odd & 0xffff) + (odd >>> 16) + 8 * 0x20
  for (let i = at + 148; i < at + 156; i++) sum -= block[i]
  return sum
}

export function isZeroBlock(block: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 512; i++) if (block[i] !== 0) return false
  return true
}

/** Length of the string at `at`: up to its NUL, or the whole field. */
export function stringLength(block: Uint8Array, at: number, length: number): number {
  for (let i = 0; i < length; i++) if (block[at + i] === 0) return i
  return length
}
