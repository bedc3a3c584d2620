/**
 * SHA-256 of bytes at rest and of bytes that pass by.
 *
 * The platform's digest is five to ten times faster than JavaScript but takes one buffer only (WebCrypto has no
 * streaming form yet), so whatever fits in a buffer goes there, and only what does not is hashed piece by piece, by the
 * fastest JavaScript that is well kept (150 MB a second and core in Chromium; @noble/hashes 70, sha256-uint8array 100).
 */
import { SHA256 } from '@stablelib/sha256'
import { throwIfCancelled } from '../fault/fault'
import { free, letGo } from '../memory/let-go'
import { digestFromBytes, type Digest } from './digest'

type Bytes = Uint8Array<ArrayBuffer>

/** As much of a ByteSource as hashing needs; bytes and digests stand on one floor and do not know each other. */
export interface Hashable {
  readonly size: number
  read(at: number, length: number): Promise<Bytes>
  stream(signal?: AbortSignal): AsyncIterable<Bytes>
}

/** What a streaming hasher must do; node:crypto's `createHash('sha256')` fits as it is. */
export interface StreamingHasher {
  update(bytes: Uint8Array): unknown
  digest(): Uint8Array
}

export interface HashOptions {
  readonly signal?: AbortSignal
  /** Called with the number of bytes hashed since the last call; the calls add up to the size. */
  readonly onBytes?: (count: number) => void
  /** Largest source that is read into one buffer, in bytes. */
  readonly bufferLimit?: number
  /** Asked before each piece, before a buffer is read and before the platform is given it: when to go on; null for at once. */
  readonly pause?: () => Promise<void> | null
  /**
   * Around the moment in which the buffer exists twice. Only for sources whose reads share memory with nobody: what was
   * read is freed as soon as the platform has its copy.
   */
  readonly copying?: { readonly mayCopy: () => Promise<void>; readonly copied: () => void }
}

/**
 * The platform copies the buffer once more, so hashing this much takes twice as much for a moment; what all workers
 * together may hold, and why, is in workers/pool.ts.
 */
export const BUFFER_LIMIT = 160 * 1024 * 1024

let nativeHasher: (() => StreamingHasher) | null = null

/** Hands in a native streaming hasher, for Node; null goes back to JavaScript. With one, nothing is buffered. */
export function setStreamingHasher(factory: (() => StreamingHasher) | null): void {
  nativeHasher = factory
}

/** SHA-256 of bytes that come in pieces. `digest` ends it. */
export class Sha256 {
  readonly #hasher: StreamingHasher = nativeHasher ? nativeHasher() : new SHA256()
  update(bytes: Uint8Array): this {
    this.#hasher.update(bytes)
    return this
  }
  digest(): Digest {
    return digestFromBytes(this.#hasher.digest())
  }
}

/** SHA-256 of bytes in memory, by the platform where it offers one (pages without https have no `crypto.subtle`). */
export async function sha256(bytes: Bytes): Promise<Digest> {
  const subtle = globalThis.crypto?.subtle
  if (!subtle) return new Sha256().update(bytes).digest()
  return digestFromBytes(new Uint8Array(await subtle.digest('SHA-256', bytes)))
}

/**
 * SHA-256 of a source. Up to `bufferLimit` bytes (160 MiB) it is held in memory at once; beyond, streamed.
 * Throws `cancelled`, and the source's own faults.
 */
export async function sha256Of(source: Hashable, options: HashOptions = {}): Promise<Digest> {
  throwIfCancelled(options.signal)
  const { bufferLimit = BUFFER_LIMIT } = options
  const inOneBuffer = !nativeHasher && globalThis.crypto?.subtle && source.size <= bufferLimit
  return inOneBuffer ? hashAtOnce(source, options) : hashInPieces(source, options)
}

async function hashAtOnce(
  source: Hashable,
  { signal, onBytes, copying, pause }: HashOptions,
): Promise<Digest> {
  const { size } = source
  await pause?.()
  const bytes = await source.read(0, size)
  throwIfCancelled(signal)
  await pause?.()
  await copying?.mayCopy()
  const digesting = sha256(bytes)
  if (copying) {
    free(bytes)
    copying.copied()
  }
  const digest = await digesting
  throwIfCancelled(signal)
  onBytes?.(size)
  return digest
}

async function hashInPieces(source: Hashable, { signal, onBytes, pause }: HashOptions): Promise<Digest> {
  const hasher = new Sha256()
  for await (const piece of source.stream(signal)) {
    await pause?.()
    throwIfCancelled(signal)
    const { length } = piece
    hasher.update(piece)
    letGo(piece)
    onBytes?.(length)
  }
  return hasher.digest()
}
