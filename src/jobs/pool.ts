/** Heavy work on one layer, done by whoever has hands free: worker threads in the page, this thread in Node and tests. */
import type { ByteSource, Bytes } from '../core/bytes/source'
import type { Compression } from '../core/compress/compression'
import { gzipBlocks, type GzipBlocks } from '../core/compress/gzip-blocks'
import { deflatePiece } from '../core/compress/gzip-write'
import { inflate } from '../core/compress/inflate'
import type { Digest } from '../core/digest/digest'
import { sha256Of, type HashOptions } from '../core/digest/sha256'
import { grep, type GrepFile, type Grepped, type GrepQuery } from './grep'
import { scanStored, type ScannedLayer, type ScanOptions } from './scan'

export type DigestOptions = Pick<ScanOptions, 'signal' | 'onBytes'> &
  Pick<HashOptions, 'copying' | 'bufferLimit' | 'pause'> & {
    /** Bytes whose digests whoever asks will want next. */
    readonly next?: number
  }

export interface LayerPool {
  /** How many jobs run side by side. */
  readonly width: number
  /** Somebody is at work on the page: for a moment, digests leave the cores to them. */
  makeWay?(): void
  /** What needs no worker is going on until then: none is started before there is work for it. */
  hold?(until: Promise<void>): void
  scan(source: ByteSource, compression: Compression, options?: ScanOptions): Promise<ScannedLayer>
  digest(source: ByteSource, options?: DigestOptions): Promise<Digest>
  /** A piece of a gzip stream, as `deflatePiece` makes it. `bytes` are given away. It is done in milliseconds, and not stopped. */
  deflate(bytes: Bytes, from: number, last: boolean): Promise<Bytes>
  /** As `gzipBlocks` in core. */
  gzipBlocks(source: ByteSource, options?: Pick<ScanOptions, 'signal'>): Promise<GzipBlocks>
  /** How many plain bytes a gzip file holds, all of them inflated. Throws `bad-gzip`. */
  gunzipped(source: ByteSource, options?: Pick<ScanOptions, 'signal'>): Promise<number>
  /** Looks through files of `source`; a pattern that never ends is ended with its worker. */
  grep(
    source: ByteSource,
    files: readonly GrepFile[],
    query: GrepQuery,
    options?: Pick<ScanOptions, 'signal'>,
  ): Promise<Grepped>
}

export const inlinePool: LayerPool = {
  width: 1,
  scan: scanStored,
  digest: (source, { signal, onBytes, copying, bufferLimit, pause } = {}) => {
    let done = 0
    const told = (count: number): void => onBytes?.((done += count))
    return sha256Of(source, { signal, copying, bufferLimit, pause, onBytes: told })
  },
  deflate: async (bytes, from, last) => deflatePiece(bytes, from, last),
  gzipBlocks: (source, { signal } = {}) => gzipBlocks(source, signal),
  gunzipped: async (source, { signal } = {}) => {
    let count = 0
    for await (const chunk of inflate(source, 'gzip', { signal, lent: true })) count += chunk.length
    return count
  },
  grep: (source, files, query, { signal } = {}) => grep(source, files, query, signal),
}

/** Each job as soon as one of the pool's hands is free, the first ones first. Rejects with the first fault; the other hands go on. */
export async function handedOut<T>(
  { width }: LayerPool,
  jobs: readonly T[],
  run: (job: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const hand = async (): Promise<void> => {
    for (let index = next++; index < jobs.length; index = next++) await run(jobs[index], index)
  }
  await Promise.all(Array.from({ length: Math.max(1, width) }, hand))
}
