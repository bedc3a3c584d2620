/** Sparse files: old GNU headers, and PAX formats 0.0, 0.1 and 1.0 (GNU tar manual, "Storing Sparse Files"). All become runs of data in the expanded file. */
import { decodeUtf8 } from '../bytes/text'
import { ImageError } from '../fault/fault'
import { BLOCK, type PaxRecord } from './entry'
import { FIELD, readNumber } from './field'
import { parsePaxInteger } from './pax'

/** A million runs is far beyond any file system's habit; a map that claims more is an attack. */
export const MOST_RUNS = 1_000_000

/** Checks a map (order, overlap, bounds) and drops empty runs. `stored` is what the runs must add up to. */
export function checkedRuns(
  flat: readonly number[],
  realSize: number,
  stored: number,
  at: number,
): Float64Array {
  const runs: number[] = []
  let end = 0
  let sum = 0
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const [offset, length] = [flat[i], flat[i + 1]]
    if (!(offset >= end) || !(length >= 0) || offset + length > realSize)
      throw bad('runs overlap or pass the end of the file', at)
    end = offset + length
    sum += length
    if (length > 0) runs.push(offset, length)
  }
  if (sum !== stored) throw bad(`runs add up to ${sum} bytes, ${stored} are stored`, at)
  return Float64Array.from(runs)
}

/** The entries of one old GNU header or extension block; an offset that starts with a NUL ends them (as for GNU tar, bsdtar and Go). */
export function oldGnuEntries(block: Uint8Array, at: number, count: number): number[] {
  const flat: number[] = []
  for (let i = 0; i < count; i++) {
    const slot = at + i * 24
    if (block[slot] === 0) break
    flat.push(readNumber(block, slot, 12), readNumber(block, slot + 12, 12))
  }
  return flat
}

export const OLD_GNU_IN_HEADER = 4
export const OLD_GNU_IN_EXTENSION = 21
export const isExtended = (block: Uint8Array, at: number): boolean => block[at + FIELD.isExtended[0]] !== 0
export const extensionIsExtended = (block: Uint8Array, at: number): boolean => block[at + 504] !== 0

export interface PaxSparse {
  readonly format: '0.0' | '0.1' | '1.0'
  readonly realSize: number
  /** Name that the record gives in place of the header's; null where it gives none. */
  readonly name: Uint8Array | null
  /** at, length, …; empty for 1.0, whose map lies at the head of the body. */
  readonly flat: number[]
}

/** What GNU.sparse.* records say, or null where there are none. */
export function paxSparse(records: readonly PaxRecord[], at: number): PaxSparse | null {
  const last = new Map<string, Uint8Array>()
  const pairs: number[] = []
  let any = false
  for (const { key, value } of records) {
    if (!key.startsWith('GNU.sparse.')) continue
    any = true
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') pairs.push(integer(value, at))
    else last.set(key.slice('GNU.sparse.'.length), value)
  }
  if (!any) return null
  const name = last.get('name') ?? null
  const number = (key: string): number | undefined =>
    last.has(key) ? integer(last.get(key)!, at) : undefined
  if (number('major') === 1 && (number('minor') ?? 0) === 0)
    return {
      format: '1.0',
      realSize: required(number('realsize') ?? number('size'), 'realsize', at),
      name,
      flat: [],
    }
  const map = last.get('map')
  const realSize = number('size') ?? number('realsize')
  if (map) {
    if (map.length > 40 * MOST_RUNS) throw bad(`the map claims more than ${MOST_RUNS} runs`, at)
    const flat = (decodeUtf8(map) ?? '')
      .split(',')
      .filter((text) => text !== '')
      .map((text) => integerText(text, at))
    if (flat.length % 2 !== 0) throw bad('the map has an odd number of fields', at)
    return { format: '0.1', realSize: required(realSize, 'size', at), name, flat }
  }
  if (pairs.length > 0 || number('numblocks') !== undefined)
    return { format: '0.0', realSize: required(realSize, 'size', at), name, flat: pairs }
  return null
}

/**
 * The map at the head of a 1.0 body: decimal numbers, one a line, first their count; padded to a block.
 * Null where `body` ends too early: read more blocks and ask again.
 */
export function decodeMap10(body: Uint8Array, at: number): { flat: number[]; length: number } | null {
  const newline = body.indexOf(0x0a)
  if (newline < 0) return body.length > BLOCK ? fail('the map does not start with a number', at) : null
  const count = integer(body.subarray(0, newline), at)
  if (count < 0 || count > MOST_RUNS) throw bad(`the map claims ${count} runs`, at)
  const flat: number[] = []
  let start = newline + 1
  for (let i = 0; i < count * 2; i++) {
    const end = body.indexOf(0x0a, start)
    if (end < 0) return null
    flat.push(integer(body.subarray(start, end), at))
    start = end + 1
  }
  return { flat, length: Math.ceil(start / BLOCK) * BLOCK }
}

function integer(value: Uint8Array, at: number): number {
  return integerText(decodeUtf8(value) ?? '', at)
}

function integerText(text: string, at: number): number {
  const value = parsePaxInteger(text)
  if (!(value >= 0)) throw bad(`"${text.slice(0, 40)}" is not a number of bytes`, at)
  return value
}

function required(value: number | undefined, key: string, at: number): number {
  return value ?? fail(`GNU.sparse.${key} is missing`, at)
}

function fail(why: string, at: number): never {
  throw bad(why, at)
}

function bad(why: string, at: number): ImageError {
  return new ImageError('bad-sparse', `The map of a sparse file is damaged: ${why}.`, { at })
}
