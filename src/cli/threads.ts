/** The terminal's hands: digests of large files, gzip, and where its blocks lie are made out on threads beside this one, all other work here. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { JoinedSource, type ByteSource } from '../core/bytes/source'
import { digestFromBytes, type Digest } from '../core/digest/digest'
import { throwIfCancelled } from '../core/fault/fault'
import { inlinePool, type LayerPool } from '../jobs/pool'
import { FileSource, type FilePlace } from './file-source'
import { blocksAside, deflateAside, hasProgramThreads } from './program-threads'

/** A thread takes 20 ms to be there (measured): as long as hashing this much. */
const WORTH_A_THREAD = 16 * 1024 * 1024
/** So much takes 45 ms to deflate (measured). */
const WORTH_A_THREAD_TO_DEFLATE = 1024 * 1024

export const threads: LayerPool = {
  ...inlinePool,
  width: availableParallelism(),
  digest: async (source, options = {}) => {
    const places = source.size >= WORTH_A_THREAD ? placesOf(source) : null
    const aside = places && (await digestAside(places, options.signal))
    // What could not be read there is read once more here, where faults are known by name.
    if (aside === null) return inlinePool.digest(source, options)
    options.onBytes?.(source.size)
    return aside
  },
  deflate: async (bytes, from, last) =>
    bytes.length < WORTH_A_THREAD_TO_DEFLATE || !hasProgramThreads
      ? inlinePool.deflate(bytes, from, last)
      : deflateAside(bytes, from, last),
  gzipBlocks: async (source, options = {}) =>
    source instanceof FileSource && source.size >= WORTH_A_THREAD_TO_DEFLATE && hasProgramThreads
      ? blocksAside(source.place, options.signal)
      : inlinePool.gzipBlocks(source, options),
}

/** Text, since the thread has no other file of its own: the terminal is one. Answers null where it cannot read all. */
const HASHING = `
const { createHash } = require('node:crypto')
const { readSync } = require('node:fs')
const { parentPort, workerData: places } = require('node:worker_threads')
const hash = createHash('sha256')
const bytes = Buffer.allocUnsafe(1 << 20)
let whole = true
for (const { file, from, size } of places) {
  let done = 0
  for (let got = 1; done < size && got > 0; done += got) {
    got = readSync(file, bytes, 0, Math.min(bytes.length, size - done), from + done)
    hash.update(bytes.subarray(0, got))
  }
  whole &&= done === size
}
parentPort.postMessage(whole ? hash.digest() : null)
`

/** Where all of it lies in files; null where some of it does not. */
function placesOf(source: ByteSource): FilePlace[] | null {
  if (source instanceof FileSource) return [source.place]
  if (!(source instanceof JoinedSource)) return null
  const places = source.parts.map(placesOf)
  return places.every((place) => place !== null) ? places.flat() : null
}

async function digestAside(
  places: readonly FilePlace[],
  signal: AbortSignal | undefined,
): Promise<Digest | null> {
  throwIfCancelled(signal)
  const thread = new Worker(HASHING, { eval: true, workerData: places })
  const stop = (): void => void thread.terminate()
  signal?.addEventListener('abort', stop)
  const digest = await new Promise<Uint8Array | null>((resolve) => {
    thread.once('message', resolve)
    thread.once('error', () => resolve(null))
    thread.once('exit', () => resolve(null))
  })
  signal?.removeEventListener('abort', stop)
  throwIfCancelled(signal)
  return digest && digestFromBytes(digest)
}
