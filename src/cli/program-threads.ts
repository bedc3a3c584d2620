/**
 * Work on threads beside this one that takes the program's own code: pieces of gzip, and where blocks of gzip layers lie. Each
 * thread is the program once more, which is one file and serves this when it is started as a thread.
 */
import { availableParallelism } from 'node:os'
import { Worker, type MessagePort } from 'node:worker_threads'
import type { Bytes } from '../core/bytes/source'
import { gzipBlocks, type GzipBlocks } from '../core/compress/gzip-blocks'
import { deflatePiece } from '../core/compress/gzip-write'
import { faultOf, ImageError, throwIfCancelled, type Fault } from '../core/fault/fault'
import { FileSource, type FilePlace } from './file-source'

type Job =
  | { readonly job: 'deflate'; readonly bytes: Bytes; readonly from: number; readonly last: boolean }
  | { readonly job: 'blocks'; readonly place: FilePlace }

type Answer = { readonly done: unknown } | { readonly fault: Fault }

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (fault: ImageError) => void
}

interface Thread {
  readonly worker: Worker
  /** In the order of asking, which is that of the answers. */
  readonly waiting: Waiting[]
}

/** The thread's side: one job after the other. */
export function serveJobs(port: MessagePort): void {
  let before: Promise<void> = Promise.resolve()
  port.on('message', (job: Job) => {
    before = before.then(() => answer(port, job))
  })
}

async function answer(port: MessagePort, job: Job): Promise<void> {
  try {
    if (job.job === 'deflate') {
      const piece = deflatePiece(job.bytes, job.from, job.last)
      port.postMessage({ done: piece } satisfies Answer, [piece.buffer])
    } else {
      const done = await gzipBlocks(FileSource.at(job.place))
      port.postMessage({ done } satisfies Answer)
    }
  } catch (thrown) {
    port.postMessage({ fault: faultOf(thrown) } satisfies Answer)
  }
}

/** From its sources, as tests run it, the program is not one file. */
export const hasProgramThreads = import.meta.url.endsWith('.mjs')

/** As `deflatePiece`. `bytes` are moved there. */
export async function deflateAside(bytes: Bytes, from: number, last: boolean): Promise<Bytes> {
  return (await asked(deflating, { job: 'deflate', bytes, from, last }, [bytes.buffer])) as Bytes
}

/** As `gzipBlocks`. Cancelled, the thread goes on to the end of the layer, and nobody waits for it. */
export async function blocksAside(place: FilePlace, signal: AbortSignal | undefined): Promise<GzipBlocks> {
  const blocks = (await asked(skimming, { job: 'blocks', place }, [])) as GzipBlocks
  throwIfCancelled(signal)
  return blocks
}

/** Apart from each other: a piece that is waited for must not stand behind a layer of gigabytes. */
const deflating: Thread[] = []
const skimming: Thread[] = []

async function asked(threads: Thread[], job: Job, moved: ArrayBuffer[]): Promise<unknown> {
  const thread = leastBusy(threads)
  // The program does not end while it waits for an answer, and does not wait for threads without one.
  thread.worker.ref()
  const answer = await new Promise<Answer>((resolve, reject) => {
    thread.waiting.push({ resolve, reject })
    thread.worker.postMessage(job, moved)
  })
  if ('done' in answer) return answer.done
  const { code, message, where } = answer.fault
  throw new ImageError(code, message, where)
}

function leastBusy(threads: Thread[]): Thread {
  const idle = threads.find(({ waiting }) => waiting.length === 0)
  if (idle) return idle
  if (threads.length < availableParallelism()) return started(threads)
  return threads.reduce((least, one) => (one.waiting.length < least.waiting.length ? one : least))
}

function started(threads: Thread[]): Thread {
  const thread: Thread = { worker: new Worker(new URL(import.meta.url)), waiting: [] }
  const { worker, waiting } = thread
  worker.on('message', (answer: Answer) => {
    waiting.shift()?.resolve(answer)
    if (waiting.length === 0) worker.unref()
  })
  worker.on('error', ({ message }) => {
    threads.splice(threads.indexOf(thread), 1)
    for (const { reject } of waiting.splice(0)) reject(new ImageError('internal', message))
  })
  threads.push(thread)
  return thread
}
