/** Gzip whose bytes are the same in every browser and in Node: a digest must not depend on who computed it. */
import { Gzip } from 'fflate'
import type { Bytes } from '../bytes/source'

/** What fflate is given at once; fixed, since its output depends on how the input is cut. */
const PIECE = 256 * 1024
/** Byte 9 of a gzip header (RFC 1952, 2.3.1): 255 is "unknown", where fflate would write "Unix". */
const OS_BYTE = 9
const OS_UNKNOWN = 255

/**
 * Gzip of `chunks`: level 6, one member, no name, no time, no system. The bytes depend on nothing but the bytes that
 * go in; not on how they are cut, and not on the platform, whose own CompressionStream differs between engines.
 */
export async function* gzipDeterministic(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Bytes, void, undefined> {
  let out: Bytes[] = []
  let first = true
  const gzip = new Gzip({ level: 6, mtime: 0 }, (bytes) => {
    if (bytes.length === 0) return
    // fflate's own buffers are never shared ones, whatever its types say; it may go on writing to this one.
    const copy = Uint8Array.from(bytes)
    if (first) copy[OS_BYTE] = OS_UNKNOWN
    first = false
    out.push(copy)
  })
  for await (const piece of inPieces(chunks)) {
    gzip.push(piece.bytes, piece.last)
    yield* out
    out = []
  }
}

/** The same bytes in pieces of exactly PIECE, the last one shorter, possibly empty. */
async function* inPieces(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ bytes: Bytes; last: boolean }, void, undefined> {
  let piece = new Uint8Array(PIECE)
  let filled = 0
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + PIECE - filled)
      piece.set(part, filled)
      filled += part.length
      at += part.length
      if (filled < PIECE) continue
      yield { bytes: piece, last: false }
      piece = new Uint8Array(PIECE)
      filled = 0
    }
  yield { bytes: piece.subarray(0, filled), last: true }
}
