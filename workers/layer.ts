/** A pool worker: one stateless job on one layer at a time. It is stopped by being ended. */
import './lockdown'
import type { Compression } from '../src/core/compress/compression'
import { BlobSource, type Bytes } from '../src/core/bytes/source'
import type { GzipBlocks } from '../src/core/compress/gzip-blocks'
import { deflatePiece } from '../src/core/compress/gzip-write'
import type { Digest } from '../src/core/digest/digest'
import { buffersOf } from '../src/core/layer/rows'
import type { GrepFile, Grepped, GrepQuery } from '../src/jobs/grep'
import { inlinePool } from '../src/jobs/pool'
import { scanStored, type ScannedLayer } from '../src/jobs/scan'
import { asBlob, Segments, type StoreSegment } from '../src/jobs/segments'
import { Way } from '../src/jobs/way'
import { openScratch } from '../src/store/scratch'
import { ScratchSegments } from '../src/store/scratch-segments'
import { throttled } from './throttle'
import { moved, serve, type Served } from './wire'

export interface LayerApi {
  /** What was put away, whoever started this worker has. */
  scan(
    stored: Blob,
    compression: Compression,
    onBytes: (done: number) => void,
    put: (segment: Blob) => Promise<'away' | null>,
  ): ScannedLayer<'away'>
  /** `bufferLimit` as in `sha256Of`. */
  digest(
    bytes: Blob,
    bufferLimit: number,
    onBytes: (done: number) => void,
    mayCopy: () => Promise<void>,
    copied: () => void,
  ): Digest
  /** As `deflatePiece`; `bytes` are moved here. */
  deflate(bytes: Bytes, from: number, last: boolean): Bytes
  /** The person did something just now: digests wait a moment. */
  makeWay(): void
  gzipBlocks(stored: Blob): GzipBlocks
  gunzipped(stored: Blob): number
  grep(bytes: Blob, files: readonly GrepFile[], query: GrepQuery): Grepped
}

/** Asked for with the first layer that is inflated: its trial would compete with an image that is being taken up from storage. */
let scratch: ReturnType<typeof openScratch> | null = null

const way = new Way()

const api: Served<LayerApi> = {
  scan: async (stored, compression, onBytes, put) => {
    const files = compression === 'none' ? null : await (scratch ??= openScratch())
    const store: StoreSegment<'away'> = (segment) => put(asBlob(segment))
    const keep = files ? new ScratchSegments(files, store) : new Segments(store)
    try {
      const options = { onBytes: throttled(onBytes), keep }
      const scanned = await scanStored(new BlobSource(stored), compression, options)
      return moved(scanned, buffersOf(scanned.table))
    } finally {
      if (keep instanceof ScratchSegments) keep.close()
    }
  },
  digest: (bytes, bufferLimit, onBytes, mayCopy, copied) =>
    inlinePool.digest(new BlobSource(bytes), {
      bufferLimit,
      onBytes: throttled(onBytes),
      copying: { mayCopy, copied },
      pause: way.pause,
    }),
  makeWay: () => way.make(),
  deflate: (bytes, from, last) => {
    const piece = deflatePiece(bytes, from, last)
    return moved(piece, [piece.buffer])
  },
  gzipBlocks: async (stored) => {
    const blocks = await inlinePool.gzipBlocks(new BlobSource(stored))
    return moved(
      blocks,
      Object.values(blocks).map(({ buffer }) => buffer),
    )
  },
  gunzipped: (stored) => inlinePool.gunzipped(new BlobSource(stored)),
  grep: (bytes, files, query) => inlinePool.grep(new BlobSource(bytes), files, query),
}

// The page starts this worker and hands it a port to the engine, whose jobs these are (crew.ts says why).
addEventListener('message', ({ data }: MessageEvent<MessagePort>) => serve(api, data), { once: true })
