/** The terminal's hands: digests of large files, and gzip, are made on threads beside this one, all other work here. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { digestFromBytes, type Digest } from '../core/digest/digest'
import { throwIfCancelled } from '../core/fault/fault'
import { inlinePool, type LayerPool } from '../jobs/pool'
import { deflateAside } from './deflate-threads'
import { FileSource, type FilePlace } from './file-source'

/** A thread takes 20 ms to be there (measured): as long as hashing this much. */
const WORTH_A_THREAD = 16 * 1024 * 1024
/** So much takes 45 ms to deflate (measured). */
const WORTH_A_THREAD_TO_DEFLATE = 1024 * 1024

export const threads: LayerPool = {
  ...inlinePool,
  width: availableParallelism(),
  digest: async (source, options = {}) => {
    const aside =
      source instanceof FileSource && source.size >= WORTH_A_THREAD
        ? await digestAside(source.place, options.signal)
        : null
    // What could not be read there is read once more here, where faults are known by name.
    if (aside === null) return inlinePool.digest(source, options)
    options.onBytes?.(source.size)
    return aside
  },
  deflate: async (bytes, from, last) =>
    bytes.length < WORTH_A_THREAD_TO_DEFLATE
      ? inlinePool.deflate(bytes, from, last)
      : deflateAside(bytes, from, last),
}

/** Text, since the thread has no other file of its own: the terminal is one. Answers null where it cannot read all. */
const HASHING = `
const { createHash } = require('node:crypto')
const { readSync } = require('node:fs')
const { parentPort, workerData: { file, from, size } } = require('node:worker_threads')
const hash = createHash('sha256')
const bytes = Buffer.allocUnsafe(1 << 20)
let done = 0
for (let got = 1; done < size && got > 0; done += got) {
  got = readSync(file, bytes, 0, Math.min(bytes.length, size - done), from + done)
  hash.update(bytes.subarray(0, got))
}
parentPort.postMessage(done === size ? hash.digest() : null)
`

async function digestAside(place: FilePlace, signal: AbortSignal | undefined): Promise<Digest | null> {
  throwIfCancelled(signal)
  const thread = new Worker(HASHING, { eval: true, workerData: place })
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
