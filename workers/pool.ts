/** The pool over worker threads: which of its jobs they do, how much of them at once, and what this thread does itself. */
import type { ByteSource } from '../src/core/bytes/source'
import type { Digest } from '../src/core/digest/digest'
import { BUFFER_LIMIT } from '../src/core/digest/sha256'
import { HashRoom, type Stay } from '../src/jobs/hash-room'
import { inlinePool, type LayerPool } from '../src/jobs/pool'
import { blobOf } from '../src/jobs/segments'
import type { Crew } from './crew'
import { Hands } from './hands'
import { moved } from './wire'

/** Two to four hands: more only compete for the disk and hold a segment each. */
const WIDTH = Math.max(2, Math.min(4, globalThis.navigator?.hardwareConcurrency ?? 2))

/** Plain bytes that this thread goes through itself, in a few milliseconds: an export of a small edit must not wait until a worker has hashed a layer of gigabytes. */
const SMALL = 1024 * 1024

/**
 * What all workers together hold of layers that are hashed. The renderer takes 120 to 180 MB besides (Chromium, 60,000
 * files on screen), and the whole is to stay below 600. While one layer of up to 136 MiB is digested, the next one is read.
 */
const HASH_ROOM = 408 * 1024 * 1024

/**
 * So many times as long as the platform, which goes through layers one after the other where they are large, takes
 * JavaScript in the meantime: 2.4 times without instructions for SHA, reading included; with them it is not measured.
 */
const PIECES_TAKE = 3

/** Where cores are left beside the hands, the page has its own. */
const SHARED = (globalThis.navigator?.hardwareConcurrency ?? 2) < WIDTH + 2

const ignore = (): void => {}
/** In pieces nothing is held. */
const pieces: Stay = { mayCopy: async () => {}, copied: ignore }

/** `crew`: how workers are started and ended, once the page has said so. */
export function workerPool(crew: Promise<Crew>): LayerPool {
  const hands = new Hands(crew, WIDTH)
  const room = new HashRoom(HASH_ROOM)
  /** Of the running and the waiting jobs, those that deflate a piece. */
  let deflating = 0

  return {
    width: WIDTH,
    makeWay: () => {
      if (SHARED) hands.makeWay()
    },
    hold: (until) => hands.hold(until),
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
      const scanned = await hands.run((worker) => worker.scan(stored, compression, onBytes, put), {
        signal,
        inflates: compression === 'none' ? 0 : stored.size,
      })
      const stays = away.filter((segment) => segment !== null)
      const segments = scanned.segments?.map((segment) => (segment === 'away' ? stays.shift()! : segment))
      return { ...scanned, segments: segments ?? null }
    },
    digest: async (source, { signal, onBytes = ignore, next = 0 } = {}) => {
      if (source.size <= SMALL) return inlinePool.digest(source, { signal, onBytes })
      const bytes = await blobOf(source)
      const hash = ({ mayCopy, copied }: Stay, limit: number): Promise<Digest> =>
        hands.run((worker) => worker.digest(bytes, limit, onBytes, mayCopy, copied), { signal, fresh: true })
      const { size } = source
      // A hand that would wait for room does without, where what waits besides takes longer than that.
      const inPieces = size > BUFFER_LIMIT || (!room.takes(size) && room.due + next >= PIECES_TAKE * size)
      return inPieces ? hash(pieces, 0) : room.use(size, (stay) => hash(stay, BUFFER_LIMIT))
    },
    deflate: (bytes, from, last) => {
      // Pieces are waited for in their order, and what else workers do may take long: an export does not stand behind it.
      const others = hands.jobs - deflating
      // A free hand has one piece to work on and one that waits.
      const busy = others > 0 && deflating >= 2 * (WIDTH - others)
      if (bytes.length <= SMALL || busy) return inlinePool.deflate(bytes, from, last)
      deflating++
      return hands
        .run((worker) => worker.deflate(moved(bytes, [bytes.buffer]), from, last))
        .finally(() => deflating--)
    },
    gzipBlocks: async (source, { signal } = {}) => {
      if (source.size <= SMALL) return inlinePool.gzipBlocks(source, { signal })
      const stored = await blobOf(source)
      return hands.run((worker) => worker.gzipBlocks(stored), { signal })
    },
    gunzipped: async (source, { signal } = {}) => {
      if (source.size <= SMALL) return inlinePool.gunzipped(source, { signal })
      const stored = await blobOf(source)
      return hands.run((worker) => worker.gunzipped(stored), { signal, inflates: stored.size })
    },
    grep: async (source, files, query, { signal } = {}) => {
      const bytes = await blobOf(source)
      const places = files.map(({ at, size }) => ({ at, size }))
      return hands.run((worker) => worker.grep(bytes, places, query), { signal })
    },
  }
}
