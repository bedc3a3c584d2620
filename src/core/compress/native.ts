/** Gzip by the platform's `DecompressionStream`: 1.5 to 3.4 times as fast as JavaScript, but for one member only. */
import { MemorySource, type Bytes, type ByteSource } from '../bytes/source'
import { free, letGo } from '../memory/let-go'

/**
 * The platform inflates a piece whole before anyone can ask it to wait, so the piece bounds what a bomb can make of
 * it: 64 KiB become 64 MiB at most. Larger ones are no faster (measured in Chromium: 1.0 to 1.15 times a plain pipe).
 */
const PIECE = 64 * 1024
const SMALLEST_PIECE = 4 * 1024
/** What one piece should become; pieces shrink where the data inflates to more. */
const OUTPUT = 1024 * 1024
/** What is lent is gathered to this: each chunk costs a turn of all that it goes through, and Chromium's are of 64 KiB. */
const ROOM = 1024 * 1024

/** The platform refused the data; no word on where or why is worth passing on. */
export class NativeRefusal extends Error {}

/** An empty member, padding, and something that is neither padding nor a member. */
const junkBehind = Uint8Array.of(
  0x1f,
  0x8b,
  8,
  0,
  0,
  0,
  0,
  0,
  0,
  255,
  3,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0x78,
)

/** Plain bytes as the platform makes them. It throws NativeRefusal for what is not whole members to its end. */
export type NativeGunzip = (
  source: ByteSource,
  signal?: AbortSignal,
  lent?: boolean,
) => AsyncGenerator<Bytes, void, undefined>

let handedIn: NativeGunzip | null = null

/** Hands in another gunzip of the platform, for Node; null goes back to what there is. */
export function setNativeGunzip(gunzip: NativeGunzip | null): void {
  handedIn = gunzip
}

/** Null where only our own walker is right. */
export async function nativeGunzip(): Promise<NativeGunzip | null> {
  return handedIn ?? ((await hasStrictGunzip()) ? gunzipNative : null)
}

let probed: { readonly platform: typeof DecompressionStream; readonly strict: Promise<boolean> } | null = null

/**
 * Whether the platform inflates gzip and refuses what is no gzip to its end. Browsers do; Node passes over anything
 * behind a zero byte, and is slower than our walker besides (16 KiB at a time), so it is not asked.
 */
export function hasStrictGunzip(): Promise<boolean> {
  if (typeof DecompressionStream !== 'function') return Promise.resolve(false)
  if (probed?.platform !== DecompressionStream)
    probed = { platform: DecompressionStream, strict: refuses(junkBehind) }
  return probed.strict
}

async function refuses(bytes: Bytes): Promise<boolean> {
  try {
    for await (const chunk of gunzipNative(new MemorySource(bytes))) void chunk
    return false
  } catch {
    return true
  }
}

/**
 * The plain bytes as the platform hands them out. Throws NativeRefusal, possibly after bytes were yielded that are
 * right as far as they go; faults of the source are thrown as they are. Ending early cancels the stream.
 * @param lent whether a chunk needs to be good only until the next one is asked for
 */
export async function* gunzipNative(
  source: ByteSource,
  signal?: AbortSignal,
  lent = false,
): AsyncGenerator<Bytes, void, undefined> {
  const stream = new DecompressionStream('gzip')
  const reader = stream.readable.getReader()
  const feeder = new Feeder(source, stream.writable.getWriter(), signal)
  const feeding = feeder.run()
  const room = lent ? new Room() : null
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((thrown: unknown) => {
        throw feeder.sourceFault ?? new NativeRefusal(String(thrown))
      })
      if (done) break
      feeder.produced += value.length
      const chunk = value as Bytes
      if (room && !room.hasRoomFor(chunk)) yield room.take()
      if (room?.hasRoomFor(chunk)) room.add(chunk)
      else yield chunk
    }
    if (room) yield room.take()
    await feeding
    if (feeder.sourceFault) throw feeder.sourceFault
  } finally {
    feeder.stopped = true
    await reader.cancel().catch(() => undefined)
    await feeding
  }
}

/** Chunks one behind the other in the same memory again and again: fresh memory costs as much as a quarter of inflating. */
class Room {
  readonly #bytes: Bytes = new Uint8Array(ROOM)
  #filled = 0

  hasRoomFor(chunk: Bytes): boolean {
    return this.#filled + chunk.length <= ROOM
  }

  /** Takes the chunk's bytes, and frees it. */
  add(chunk: Bytes): void {
    this.#bytes.set(chunk, this.#filled)
    this.#filled += chunk.length
    free(chunk)
  }

  /** What is in it, until more is added. */
  take(): Bytes {
    const filled = this.#bytes.subarray(0, this.#filled)
    this.#filled = 0
    return filled
  }
}

/** Hands the source to the writer piece by piece, each awaited. */
class Feeder {
  readonly #source: ByteSource
  readonly #writer: WritableStreamDefaultWriter<BufferSource>
  readonly #signal: AbortSignal | undefined
  /** What reading the source threw: kept apart from what the platform says about the data. */
  sourceFault: unknown = null
  /** Bytes that came out so far. */
  produced = 0
  stopped = false
  #fed = 0

  constructor(source: ByteSource, writer: WritableStreamDefaultWriter<BufferSource>, signal?: AbortSignal) {
    this.#source = source
    this.#writer = writer
    this.#signal = signal
  }

  /** Never rejects: faults of the source are left in `sourceFault`, those of the data come out at the reader. */
  async run(): Promise<void> {
    const pieces = this.#source.stream(this.#signal)[Symbol.asyncIterator]()
    try {
      // One piece is read while the one before is inflated.
      for (
        let coming = this.#next(pieces), piece = await coming;
        piece && !this.stopped;
        piece = await coming
      ) {
        coming = this.#next(pieces)
        await this.#write(piece)
        letGo(piece)
      }
      if (!this.stopped && !this.sourceFault) await this.#writer.close()
    } catch {
      // The platform's refusal: the reader gets it too.
    } finally {
      if (this.sourceFault) await this.#writer.abort(this.sourceFault).catch(() => undefined)
      await pieces.return?.()
    }
  }

  async #next(pieces: AsyncIterator<Bytes>): Promise<Bytes | null> {
    try {
      const { done, value } = await pieces.next()
      return done ? null : value
    } catch (thrown) {
      this.sourceFault = thrown
      return null
    }
  }

  async #write(bytes: Bytes): Promise<void> {
    for (let at = 0; at < bytes.length && !this.stopped;) {
      const piece = bytes.subarray(at, at + this.#pieceSize())
      await this.#writer.ready
      await this.#writer.write(piece)
      at += piece.length
      this.#fed += piece.length
    }
  }

  #pieceSize(): number {
    const ratio = this.#fed === 0 ? 64 : this.produced / this.#fed
    return Math.min(PIECE, Math.max(SMALLEST_PIECE, Math.floor(OUTPUT / Math.max(1, ratio))))
  }
}
