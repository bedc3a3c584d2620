/** PAX extended header records: `LENGTH KEY=VALUE\n`, the length counting itself (POSIX pax, "pax Extended Header"). */
import { joinedBytes } from '../bytes/join'
import type { Bytes } from '../bytes/source'
import { bytesOfName, nameText, utf8 } from '../bytes/text'
import { ImageError } from '../fault/fault'
import type { PaxRecord } from './entry'

/** Each costs a hundred times its six bytes as an object. A sparse file of 50,000 pieces, which Go could still read, has as many. */
const MOST_RECORDS = 100_000

/**
 * All records of one extended header. Values are copied: they outlive the window they were read from.
 * `at` is the offset of the body, for faults (`bad-pax`).
 */
export function decodePax(body: Uint8Array, at: number): PaxRecord[] {
  const records: PaxRecord[] = []
  let i = 0
  while (i < body.length) {
    if (body[i] === 0 && isZero(body, i)) break // Solaris and others pad with NULs inside the body.
    if (records.length === MOST_RECORDS)
      throw new ImageError('too-large', `A PAX header holds more than ${MOST_RECORDS} records.`, {
        at: at + i,
      })
    const start = i
    let length = 0
    while (i < body.length && body[i] >= 0x30 && body[i] <= 0x39 && i - start < 12)
      length = length * 10 + body[i++] - 0x30
    if (i === start || body[i] !== 0x20) throw bad('a record does not start with its length', at + start)
    const end = start + length
    if (end > body.length || end <= i + 1) throw bad(`a record claims ${length} bytes`, at + start)
    if (body[end - 1] !== 0x0a) throw bad('a record does not end with a newline', at + end - 1)
    const equals = body.indexOf(0x3d, i + 1)
    if (equals < 0 || equals >= end) throw bad('a record has no "="', at + start)
    if (equals === i + 1) throw bad('a record has no key', at + start)
    // Names of xattrs are bytes, as names of files are; nearly all are ASCII, and that stays as it is.
    records.push({ key: nameText(body.subarray(i + 1, equals)), value: body.slice(equals + 1, end - 1) })
    i = end
  }
  return records
}

function isZero(body: Uint8Array, from: number): boolean {
  for (let i = from; i < body.length; i++) if (body[i] !== 0) return false
  return true
}

function bad(why: string, at: number): ImageError {
  return new ImageError('bad-pax', `A PAX header is damaged: ${why}.`, { at })
}

export function encodePax(records: readonly PaxRecord[]): Bytes {
  return joinedBytes(records.map(encodeRecord))
}

function encodeRecord({ key, value }: PaxRecord): Uint8Array {
  const keyBytes = bytesOfName(key)
  const rest = keyBytes.length + value.length + 3 // space, "=", newline
  let length = rest + String(rest).length
  if (rest + String(length).length !== length) length++ // The length counts its own digits: 9 + 1 becomes 10 + 1.
  const out = new Uint8Array(length)
  const head = utf8(`${length} `)
  out.set(head)
  out.set(keyBytes, head.length)
  out[head.length + keyBytes.length] = 0x3d
  out.set(value, head.length + keyBytes.length + 1)
  out[length - 1] = 0x0a
  return out
}

/** A decimal number of seconds with fractions, as PAX writes times; NaN where it is none. */
export function parsePaxTime(text: string): number {
  return /^[+-]?\d{1,18}(\.\d*)?$/.test(text) ? Number(text) : NaN
}

/** A decimal whole number, leading zeros as many as there are; NaN where it is none or beyond the exact integers. */
export function parsePaxInteger(text: string): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : NaN
  return Number.isSafeInteger(value) ? value : NaN
}
