/** Contents looked through for a text or a regular expression: files of one source, read in order in large pieces. */
import type { ByteSource, Bytes } from '../core/bytes/source'
import { utf8 } from '../core/bytes/text'
import { ImageError, throwIfCancelled } from '../core/fault/fault'

export interface GrepQuery {
  readonly text: string
  readonly regex: boolean
  readonly matchCase: boolean
}

/** A file's bytes in the source. */
export interface GrepFile {
  readonly at: number
  readonly size: number
}

export interface GrepHit {
  /** Index among the files that were given. */
  readonly file: number
  /** Byte in the file. */
  readonly at: number
  readonly length: number
  /** Counted from 1; null where the file is not text. */
  readonly line: number | null
  /** What stands around it on its line, cut short. */
  readonly before: string
  readonly match: string
  readonly after: string
}

export interface Grepped {
  readonly hits: readonly GrepHit[]
  /** Matches, also those beyond the hits. */
  readonly found: number
}

/** Read at a time; a match across the seam of two pieces of one file is found by the overlap. */
const PIECE = 4 * 1024 * 1024
const OVERLAP = 4096
/** Hits told of one file: the rest is counted. */
const HITS_OF_A_FILE = 20
const BEFORE = 60
const SHOWN = 120

/** Finds the next match in `bytes` from `from` on. */
type Finder = (bytes: Bytes) => (from: number) => { readonly at: number; readonly length: number } | null

/** Throws `bad-operation` for a regular expression that is none. */
export function finderOf(query: GrepQuery): Finder {
  return query.regex ? regexFinder(query) : textFinder(query)
}

export async function grep(
  source: ByteSource,
  files: readonly GrepFile[],
  query: GrepQuery,
  signal?: AbortSignal,
): Promise<Grepped> {
  const finder = finderOf(query)
  const hits: GrepHit[] = []
  let found = 0
  let piece: { at: number; bytes: Bytes } | null = null
  const read = async (at: number, length: number): Promise<Bytes> => {
    throwIfCancelled(signal)
    if (!piece || at < piece.at || at + length > piece.at + piece.bytes.length) {
      const much = Math.min(Math.max(length, PIECE), source.size - at)
      piece = { at, bytes: await source.read(at, much) }
    }
    return piece.bytes.subarray(at - piece.at, at - piece.at + length)
  }
  for (const [index, { at, size }] of files.entries()) {
    let lines = 0
    let binary = false
    let told = 0
    for (let start = 0; start < size;) {
      const bytes = await read(at + start, Math.min(PIECE, size - start))
      const last = start + bytes.length >= size
      if (start === 0) binary = bytes.subarray(0, 8192).includes(0)
      const next = finder(bytes)
      let counted = 0
      // What begins in the overlap is found, whole, in the next piece.
      const end = last ? bytes.length : bytes.length - OVERLAP
      for (let match = next(0); match && match.at < end; match = next(match.at + match.length)) {
        found++
        if (told++ >= HITS_OF_A_FILE) continue
        if (!binary) {
          lines += newlines(bytes, counted, match.at)
          counted = match.at
        }
        hits.push({
          file: index,
          at: start + match.at,
          length: match.length,
          line: binary ? null : lines + 1,
          ...excerpt(bytes, match.at, match.length),
        })
      }
      if (last) break
      if (!binary) lines += newlines(bytes, counted, end)
      start += end
    }
  }
  return { hits, found }
}

function newlines(bytes: Bytes, from: number, to: number): number {
  let count = 0
  for (let i = from; i < to; i++) if (bytes[i] === 0x0a) count++
  return count
}

const lossy = new TextDecoder('utf-8', { ignoreBOM: true })

function excerpt(bytes: Bytes, at: number, length: number): Pick<GrepHit, 'before' | 'match' | 'after'> {
  let from = at
  while (from > 0 && at - from < BEFORE && bytes[from - 1] !== 0x0a) from--
  while (from < at && (bytes[from] & 0xc0) === 0x80) from++ // Not in the middle of a character.
  const end = at + Math.min(length, SHOWN)
  let to = end
  while (to < bytes.length && to - end < SHOWN && bytes[to] !== 0x0a) to++
  return {
    before: lossy.decode(bytes.subarray(from, at)),
    match: lossy.decode(bytes.subarray(at, end)),
    after: lossy.decode(bytes.subarray(end, to)),
  }
}

// ---------------------------------------------------------------- text

/** Horspool: skips by the last byte of the window. */
function textFinder({ text, matchCase }: GrepQuery): Finder {
  const needle = utf8(matchCase ? text : text.toLowerCase())
  const count = needle.length
  if (count === 0) return () => () => null
  const fold = Uint8Array.from({ length: 256 }, (_, byte) =>
    !matchCase && byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte,
  )
  const skip = new Uint32Array(256).fill(count)
  for (let i = 0; i < count - 1; i++)
    for (let byte = 0; byte < 256; byte++) if (fold[byte] === needle[i]) skip[byte] = count - 1 - i
  const last = needle[count - 1]
  return (bytes) => (from) => {
    for (let end = from + count - 1; end < bytes.length; end += skip[bytes[end]]) {
      if (fold[bytes[end]] !== last) continue
      let i = 0
      while (i < count - 1 && fold[bytes[end - count + 1 + i]] === needle[i]) i++
      if (i === count - 1) return { at: end - count + 1, length: count }
    }
    return null
  }
}

// ---------------------------------------------------------------- regular expressions

/** One character a byte, so that places in the text are places in the bytes. */
const oneByteEach = new TextDecoder('windows-1252')

function regexFinder({ text, matchCase }: GrepQuery): Finder {
  let regex: RegExp
  try {
    // What is not ASCII stands in the bytes as UTF-8 has it.
    const source = text.replace(/[^\x00-\x7f]/gu, (char) => `(?:${oneByteEach.decode(utf8(char))})`)
    regex = new RegExp(source, matchCase ? 'gm' : 'gim')
  } catch (thrown) {
    throw new ImageError('bad-operation', `Not a regular expression: ${(thrown as Error).message}`)
  }
  return (bytes) => {
    const letters = oneByteEach.decode(bytes)
    return (from) => {
      regex.lastIndex = from
      for (let match = regex.exec(letters); match; match = regex.exec(letters)) {
        if (match[0] !== '') return { at: match.index, length: match[0].length }
        regex.lastIndex++ // Nothing, found anywhere, is no find.
      }
      return null
    }
  }
}
