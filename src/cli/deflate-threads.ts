/** Pieces of gzip on threads: each is the program once more, which is one file and serves this when it is started as a thread. */
import { availableParallelism } from 'node:os'
import { Worker, type MessagePort } from 'node:worker_threads'
import type { Bytes } from '../core/bytes/source'
import { deflatePiece } from '../core/compress/gzip-write'
import { ImageError } from '../core/fault/fault'

interface Asked {
  readonly bytes: Bytes
  readonly from: number
  readonly last: boolean
}

interface Waiting {
  readonly resolve: (piece: Bytes) => void
  readonly reject: (fault: ImageError) => void
}

interface Thread {
  readonly worker: Worker
  /** In the order of asking, which is that of the answers. */
  readonly waiting: Waiting[]
}

const threads: Thread[] = []

/** The thread's side. */
export function serveDeflate(port: MessagePort): void {
  port.on('message', ({ bytes, from, last }: Asked) => {
    const piece = deflatePiece(bytes, from, last)
    port.postMessage(piece, [piece.buffer])
  })
}

/** As `deflatePiece`, on the thread that has least to do. `bytes` are moved there. */
export function deflateAside(bytes: Bytes, from: number, last: boolean): Promise<Bytes> {
  // From its sources, as tests run it, the program is not one file.
  if (!import.meta.url.endsWith('.mjs')) return Promise.resolve(deflatePiece(bytes, from, last))
  const thread = leastBusy()
  // The program does not end while it waits for a piece, and does not wait for threads without one.
  thread.worker.ref()
  return new Promise<Bytes>((resolve, reject) => {
    thread.waiting.push({ resolve, reject })
    thread.worker.postMessage({ bytes, from, last } satisfies Asked, [bytes.buffer])
  })
}

function leastBusy(): Thread {
  const idle = threads.find(({ waiting }) => waiting.length === 0)
  if (idle) return idle
  if (threads.length < availableParallelism()) return started()
  return threads.reduce((least, one) => (one.waiting.length < least.waiting.length ? one : least))
}

function started(): Thread {
  const thread: Thread = { worker: new Worker(new URL(import.meta.url)), waiting: [] }
  const { worker, waiting } = thread
  worker.on('message', (piece: Bytes) => {
    waiting.shift()?.resolve(piece)
    if (waiting.length === 0) worker.unref()
  })
  worker.on('error', ({ message }) => {
    threads.splice(threads.indexOf(thread), 1)
    for (const { reject } of waiting.splice(0)) reject(new ImageError('internal', message))
  })
  threads.push(thread)
  return thread
}
