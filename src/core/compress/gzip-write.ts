/**
 * Gzip whose bytes are the same in every browser and in Node: a digest must not depend on who computed it. The platform's
 * own CompressionStream differs between engines.
 *
 * Plain bytes are cut into pieces of a fixed length, and each is deflated by itself, with the 32 KiB before it as its
 * dictionary, up to a byte boundary: pieces can be worked on side by side, and joined they are one deflate stream, as
 * pigz writes it. It costs no size that could be seen (0.01 % on tars of programs).
 */
import { Deflate, deflateSync } from 'fflate'
import { joinedBytes } from '../bytes/join'
import type { ByteSource, Bytes } from '../bytes/source'
import { ImageError } from '../fault/fault'
import { crc32 } from './crc32'
import { WINDOW } from './deflate-codes'
import { copiedBlocks, runsWithin, type GzipBlocks } from './gzip-blocks'

/** Fixed, since the output depends on how the input is cut. */
const PIECE = 1024 * 1024
/** So many plain bytes must be gained by copying, for it costs a block on either side. */
const WORTH_A_COPY = 64 * 1024
/** Hash table of 2^(12 + mem): left out, fflate works it out from the length by `Math.log`, whose last digit is the engine's own. */
const HOW = { level: 6, mem: 6 } as const

/** No name, no time, and 255 for the system: "unknown" (RFC 1952, 2.3.1). */
const HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]

/**
 * Deflates bytes[from, end) as a part of a longer stream; what stands before `from` went ahead of it. Ends on a byte
 * boundary, and with the last block of all where it is the `last` part.
 */
export type DeflatePiece = (bytes: Bytes, from: number, last: boolean) => Bytes | Promise<Bytes>

/** Plain bytes that lie in a gzip file already: from its plain byte `at` on, as many as `plain` has. */
export interface PackedBytes {
  readonly plain: ByteSource
  readonly stored: ByteSource
  readonly blocks: GzipBlocks
  readonly at: number
}

export interface GzipOptions {
  /** Who deflates a piece; it may keep what it is given. */
  readonly deflate?: DeflatePiece
  /** How many pieces may be on their way beside the one that is waited for. */
  readonly ahead?: number
  /** All plain bytes in their order. */
  readonly onPlain?: (bytes: Uint8Array) => void
  readonly signal?: AbortSignal
}

/**
 * Gzip of `parts`: one member. The bytes depend on nothing but the parts, and not on how plain bytes are cut. Of what lies in
 * a gzip file already its blocks are copied, as they are: to deflate takes ten times as long as to look where they are.
 * Throws the faults of the sources.
 */
export async function* gzipDeterministic(
  parts: AsyncIterable<Uint8Array | PackedBytes>,
  { deflate = deflatePiece, ahead = 0, onPlain, signal }: GzipOptions = {},
): AsyncGenerator<Bytes, void, undefined> {
  yield Uint8Array.from(HEADER)
  const pieces = new Pieces(deflate)
  let [crc, length] = [0, 0]
  const passing = (bytes: Uint8Array): void => {
    crc = crc32(bytes, crc)
    length += bytes.length
    onPlain?.(bytes)
  }
  for await (const part of copyOrNot(parts, signal))
    if (part instanceof Uint8Array) {
      passing(part)
      pieces.push(part)
      yield* pieces.made(ahead)
    } else {
      pieces.cut()
      for await (const bytes of part.plain.stream(signal)) {
        passing(bytes)
        pieces.pass(bytes)
      }
      pieces.copy(copiedBlocks(part.stored, part.blocks, part.from, part.to))
      yield* pieces.made(ahead)
    }
  pieces.cut(true)
  yield* pieces.made(0)
  const trailer = new DataView(new ArrayBuffer(8))
  trailer.setUint32(0, crc, true)
  trailer.setUint32(4, length % 2 ** 32, true)
  yield new Uint8Array(trailer.buffer)
}

/** Runs [from, to) of blocks, and the plain bytes that they hold. */
interface Copied {
  readonly plain: ByteSource
  readonly stored: ByteSource
  readonly blocks: GzipBlocks
  readonly from: number
  readonly to: number
}

/** What of packed bytes can be copied; all the rest as plain bytes. */
async function* copyOrNot(
  parts: AsyncIterable<Uint8Array | PackedBytes>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array | Copied, void, undefined> {
  for await (const part of parts) {
    if (part instanceof Uint8Array) {
      yield part
      continue
    }
    const { plain, stored, blocks, at } = part
    const runs = runsWithin(blocks, at, at + plain.size)
    const [start, end] = runs ? [blocks.plainAt[runs.from] - at, blocks.plainAt[runs.to] - at] : [0, 0]
    if (!runs || end - start < WORTH_A_COPY) {
      yield* plain.stream(signal)
      continue
    }
    yield* plain.slice(0, start).stream(signal)
    yield { plain: plain.slice(start, end - start), stored, blocks, ...runs }
    yield* plain.slice(end, plain.size - end).stream(signal)
  }
}

/** Plain bytes in pieces, each with the window before it, and what is on its way of the stream. */
class Pieces {
  readonly #deflate: DeflatePiece
  /** In the order of the stream: pieces that are worked on, and copies that nobody has begun with. */
  readonly #made: (Promise<Bytes> | AsyncIterable<Bytes>)[] = []
  /** How many of them are worked on. */
  #working = 0
  #bytes = new Uint8Array(WINDOW + PIECE)
  /** Before it stands the window, as far as there is one. */
  #from = 0
  #filled = 0

  constructor(deflate: DeflatePiece) {
    this.#deflate = deflate
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.#from + PIECE - this.#filled)
      this.#bytes.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === this.#from + PIECE) this.cut()
    }
  }

  /** Bytes that are there already, deflated: what comes may refer to them. Nothing is between the last `cut` and them. */
  pass(bytes: Uint8Array): void {
    const kept = Math.min(this.#filled, WINDOW - Math.min(WINDOW, bytes.length))
    this.#bytes.copyWithin(0, this.#filled - kept, this.#filled)
    this.#bytes.set(bytes.subarray(-WINDOW), kept)
    this.#from = this.#filled = kept + Math.min(WINDOW, bytes.length)
  }

  /** What is here is a piece, long or not. */
  cut(last = false): void {
    if (this.#filled === this.#from && !last) return
    const piece = this.#bytes.subarray(0, this.#filled)
    const from = this.#from
    this.#bytes = new Uint8Array(WINDOW + PIECE)
    this.#bytes.set(piece.subarray(-WINDOW))
    this.#from = this.#filled = Math.min(WINDOW, piece.length)
    // Last, since it may be moved to another thread, with its buffer.
    const deflated = Promise.resolve(this.#deflate(piece, from, last))
    deflated.catch(() => {}) // Whoever waits for it sees the fault.
    this.#made.push(deflated)
    this.#working++
  }

  /** What `pass` has taken, as it goes into the stream. */
  copy(bytes: AsyncIterable<Bytes>): void {
    this.#made.push(bytes)
  }

  /** The stream on, until no more than `ahead` pieces are worked on. Copies at its head wait for nothing. */
  async *made(ahead: number): AsyncGenerator<Bytes, void, undefined> {
    for (
      let next = this.#made[0];
      next && (this.#working > ahead || !(next instanceof Promise));
      next = this.#made[0]
    ) {
      this.#made.shift()
      if (next instanceof Promise) {
        yield await next
        this.#working--
      } else yield* next
    }
  }
}

/**
 * A piece by fflate. Its streams take what stands before the first byte for zeros that went ahead (fflate #260: one in
 * seventy gzip streams of bytes cut out of tars reached back before its start). So they are only used behind a whole window:
 * what is one piece is deflated at once, and of what is longer the first window is stored as it is.
 */
export function deflatePiece(bytes: Bytes, from: number, last: boolean): Bytes {
  if (from === 0 && last) return Uint8Array.from(deflateSync(bytes, HOW))
  if (from >= WINDOW) return deflateBehind(bytes, from, last)
  const head = storedBlock(bytes.subarray(from, WINDOW), last && bytes.length <= WINDOW)
  return bytes.length <= WINDOW ? head : joinedBytes([head, deflateBehind(bytes, WINDOW, last)])
}

/** A block that is not compressed (RFC 1951, 3.2.4). */
function storedBlock(bytes: Uint8Array, last: boolean): Bytes {
  const { length } = bytes
  const block = new Uint8Array(5 + length)
  block.set([last ? 1 : 0, length & 255, length >> 8, ~length & 255, (~length >> 8) & 255])
  block.set(bytes, 5)
  return block
}

function deflateBehind(bytes: Bytes, from: number, last: boolean): Bytes {
  const out: Uint8Array[] = []
  // A copy: fflate may go on writing to what it hands out.
  const stream = new Deflate({ ...HOW, dictionary: bytes.subarray(0, from) }, (part) =>
    out.push(part.slice()),
  )
  stream.push(bytes.subarray(from), last)
  if (last) return joinedBytes(out)
  stream.flush()
  stream.push(new Uint8Array(0), true)
  return leftOpen(joinedBytes(out))
}

/**
 * A deflate stream whose last block is an empty one, with that block no longer the last, and an empty stored one behind
 * it, which ends on a byte boundary: what zlib calls a sync flush. fflate's own (`flush(true)`) is wrong at some bit
 * positions, for a quarter of the inputs that were tried (fflate #267).
 */
function leftOpen(stream: Bytes): Bytes {
  // The empty block is 1, 01 (fixed codes), and seven zeros for its end: the last bit that is set is that of its type.
  let type = stream.length * 8 - 1
  while (type > 0 && !bitOf(stream, type)) type--
  if (!bitOf(stream, type - 1)) throw new ImageError('internal', 'A deflate stream ends with another block.')
  const end = type + 9
  if (end > stream.length * 8) throw new ImageError('internal', 'A deflate stream ends in the middle.')
  stream[(type - 1) >> 3] &= ~(1 << ((type - 1) & 7))
  const whole = Math.ceil((end + 3) / 8)
  const open = new Uint8Array(whole + 4)
  open.set(stream.subarray(0, whole))
  open.set([0, 0, 255, 255], whole)
  return open
}

function bitOf(bytes: Uint8Array, bit: number): number {
  return (bytes[bit >> 3] >> (bit & 7)) & 1
}
