/** The pool over worker threads. Cancelling ends the worker, which needs no cooperation from the code in it; the next job starts a new one. */
import type { ByteSource } from '../src/core/bytes/source'
import { faultOf, ImageError } from '../src/core/fault/fault'
import type { Digest } from '../src/core/digest/digest'
import { BUFFER_LIMIT } from '../src/core/digest/sha256'
import { HashRoom, type Stay } from '../src/jobs/hash-room'
import { inlinePool, type LayerPool } from '../src/jobs/pool'
import { blobOf } from '../src/jobs/segments'
import type { Crew } from './crew'
import type { LayerApi } from './layer'
import { callable, connect, moved, type Connection } from './wire'

/** Two to four hands: more only compete for the disk and hold a segment each. */
const WIDTH = Math.max(2, Math.min(4, globalThis.navigator?.hardwareConcurrency ?? 2))

/** Plain bytes that this thread goes through itself, in a few milliseconds: an export of a small edit must not wait until a worker has hashed a layer of gigabytes. */
const SMALL = 1024 * 1024

/**
 * What all workers together hold of layers that are hashed. The renderer takes 140 MB besides (Chromium, 60,000 files on
 * screen), and the whole stays below 600. While one layer of up to 144 MiB is digested, the next one is read.
 */
const HASH_ROOM = 432 * 1024 * 1024

const ignore = (): void => {}
/** In pieces nothing is held. */
const pieces: Stay = { mayCopy: async () => {}, copied: ignore }
/**
 * So many times as long as the platform, which goes through layers one after the other where they are large, takes
 * JavaScript in the meantime: 1.7 times without instructions for SHA, 2.5 to 3 with them, reading included.
 */
const PIECES_TAKE = 3

/**
 * A worker that has inflated as much as this (compressed bytes) is ended before it holds a layer: nobody collects what the
 * platform's streams leave in it, 30 MB each, while it hashes. A new one takes a twentieth of a second.
 */
const WORN = 8 * 1024 * 1024

type PoolWorker = Connection<LayerApi>

/** `crew`: how workers are started and ended, once the page has said so. */
export function workerPool(crew: Promise<Crew>): LayerPool {
  const idle: Promise<PoolWorker>[] = []
  const waiting: ((worker: Promise<PoolWorker>) => void)[] = []
  let running = 0
  /** Of the running and the waiting jobs, those that deflate a piece. */
  let deflating = 0
  const room = new HashRoom(HASH_ROOM)
  const worn = new WeakSet<PoolWorker>()

  async function start(): Promise<PoolWorker> {
    const { spawn, end } = await crew
    let fail: (message: string) => void = ignore
    const failed = new Promise<string>((resolve) => (fail = resolve))
    const { id, port } = await spawn(callable((message: string) => fail(message)))
    const worker = connect<LayerApi>(port, failed)
    void worker.died.then(() => end(id))
    return worker
  }

  let held: Promise<void> = Promise.resolve()
  // Started before there is work: a worker takes longer to start than a small layer takes to read. Not at once, though:
  // the start page comes first, and an image that is taken up again from storage.
  const startAhead = async (): Promise<void> => {
    await held
    while (running + idle.length < WIDTH) idle.push(start())
  }
  void crew.then(() => setTimeout(() => void startAhead(), 250))

  function take(): Promise<PoolWorker> {
    if (running < WIDTH) {
      running++
      return idle.pop() ?? start()
    }
    return new Promise((resolve) => waiting.push(resolve))
  }

  function give(worker: PoolWorker | null): void {
    const next = waiting.shift()
    if (next) next(worker ? Promise.resolve(worker) : start())
    else {
      running--
      if (worker) idle.push(Promise.resolve(worker))
    }
  }

  function renewed(worker: PoolWorker): Promise<PoolWorker> {
    worker.terminate()
    return start()
  }

  /** It inflates what is in `stored`. */
  function wear(worker: PoolWorker, stored: Blob): void {
    if (stored.size >= WORN) worn.add(worker)
  }

  /** `fresh`: not on a worker that holds memory of earlier jobs. */
  async function run<T>(
    signal: AbortSignal | undefined,
    job: (worker: PoolWorker) => Promise<T>,
    fresh = false,
  ): Promise<T> {
    const taken = take().then((worker) => (fresh && worn.has(worker) ? renewed(worker) : worker))
    const worker = await taken.catch((thrown: unknown) => {
      give(null)
      throw new ImageError('internal', faultOf(thrown).message)
    })
    let usable: PoolWorker | null = worker
    const stop = (): void => {
      usable = null
      worker.terminate()
    }
    void worker.died.then(() => (usable = null))
    try {
      if (signal?.aborted) throw new ImageError('cancelled', 'Cancelled.')
      signal?.addEventListener('abort', stop, { once: true })
      return await job(worker)
    } catch (thrown) {
      throw signal?.aborted
        ? new ImageError('cancelled', 'Cancelled.')
        : thrown instanceof ImageError
          ? thrown
          : new ImageError('internal', faultOf(thrown).message)
    } finally {
      signal?.removeEventListener('abort', stop)
      give(usable)
    }
  }

  return {
    width: WIDTH,
    hold: (until) => {
      held = until
    },
    scan: async (source, compression, options = {}) => {
      if (compression === 'none' && source.size <= SMALL) return inlinePool.scan(source, compression, options)
      const { signal, onBytes = ignore, store } = options
      // In the order in which they come, which is that of the segments.
      const away: (ByteSource | null)[] = []
      const put = async (segment: Blob): Promise<'away' | null> => {
        const at = away.push(null) - 1
        away[at] = (await store?.(segment)) ?? null
        return away[at] && 'away'
      }
      const stored = await blobOf(source)
      const scanned = await run(signal, (worker) => {
        if (compression !== 'none') wear(worker, stored)
        return worker.scan(stored, compression, onBytes, put)
      })
      const stays = away.filter((segment) => segment !== null)
      const segments = scanned.segments?.map((segment) => (segment === 'away' ? stays.shift()! : segment))
      return { ...scanned, segments: segments ?? null }
    },
    digest: async (source, { signal, onBytes, next = 0 } = {}) => {
      if (source.size <= SMALL) return inlinePool.digest(source, { signal, onBytes })
      const bytes = await blobOf(source)
      const { size } = source
      const hash = ({ mayCopy, copied }: Stay, limit = BUFFER_LIMIT): Promise<Digest> =>
        run(signal, (worker) => worker.digest(bytes, limit, onBytes ?? ignore, mayCopy, copied), true)
      // A hand that would wait for room does without, where what waits besides takes longer than that.
      const goesWithout = !room.takes(size) && room.due + next >= PIECES_TAKE * size
      return size > BUFFER_LIMIT || goesWithout ? hash(pieces, 0) : room.use(size, (stay) => hash(stay))
    },
    deflate: (bytes, from, last) => {
      // Pieces are waited for in their order, and what else workers do may take long: an export does not stand behind it.
      const others = running + waiting.length - deflating
      // A free hand has one piece to work on and one that waits.
      const busy = others > 0 && deflating >= 2 * (WIDTH - others)
      if (bytes.length <= SMALL || busy) return inlinePool.deflate(bytes, from, last)
      deflating++
      return run(undefined, (worker) => worker.deflate(moved(bytes, [bytes.buffer]), from, last)).finally(
        () => deflating--,
      )
    },
    gzipBlocks: async (source, { signal } = {}) => {
      if (source.size <= SMALL) return inlinePool.gzipBlocks(source, { signal })
      const stored = await blobOf(source)
      return run(signal, (worker) => worker.gzipBlocks(stored))
    },
    gunzipped: async (source, { signal } = {}) => {
      if (source.size <= SMALL) return inlinePool.gunzipped(source, { signal })
      const stored = await blobOf(source)
      return run(signal, (worker) => {
        wear(worker, stored)
        return worker.gunzipped(stored)
      })
    },
    grep: async (source, files, query, { signal } = {}) => {
      const bytes = await blobOf(source)
      const places = files.map(({ at, size }) => ({ at, size }))
      return run(signal, (worker) => worker.grep(bytes, places, query))
    },
  }
}
