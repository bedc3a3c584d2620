/** One stored layer to its table; what is compressed is inflated once, and kept on the way. */
import type { ByteSource, Bytes } from '../core/bytes/source'
import type { Compression } from '../core/compress/compression'
import { inflate, plainLimit } from '../core/compress/inflate'
import { ImageError } from '../core/fault/fault'
import { Notices, type Notice } from '../core/fault/notice'
import { emptyTable, scanLayer } from '../core/layer/scan'
import type { EntryTable } from '../core/layer/table'
import { SourceInput, StreamInput } from '../core/tar/input'
import { Segments, type Keep, type StoreSegment } from './segments'

export interface ScannedLayer<Stored = ByteSource> {
  readonly table: EntryTable
  readonly plainBytes: number
  /** The plain tar in segments; null where the stored bytes are plain themselves. */
  readonly segments: readonly (Stored | Blob)[] | null
  readonly notices: readonly Notice[]
}

export interface ScanOptions<Stored = ByteSource> {
  readonly signal?: AbortSignal
  /** Stored bytes done so far; plain bytes where the layer is compressed. */
  readonly onBytes?: (done: number) => void
  /** Most plain bytes that a compressed layer may become, for who knows better than `plainLimit`. */
  readonly mostPlain?: number
  /** Where segments of the plain tar are put as they come; by default they stay Blobs. */
  readonly store?: StoreSegment<Stored>
  /** Who gathers the segments of the plain tar; by default Blobs are made of what comes, and given to `store`. */
  readonly keep?: Keep<Stored>
}

/** Throws what scanLayer and inflate throw; `too-large` for a bomb. A compressed layer is read to its end, behind the tar's end marker too: the diff_id covers all of it. */
export async function scanStored<Stored = ByteSource>(
  source: ByteSource,
  compression: Compression,
  { signal, onBytes, mostPlain = plainLimit(source.size), store, keep }: ScanOptions<Stored> = {},
): Promise<ScannedLayer<Stored>> {
  const notices = new Notices()
  if (compression === 'none') {
    const table =
      source.size === 0
        ? emptyTable()
        : await scanLayer(new SourceInput(source, signal, onBytes), notices, signal)
    return { table, plainBytes: source.size, segments: null, notices: notices.list }
  }
  const segments = keep ?? new Segments(store)
  const onPadding = (): void =>
    notices.add(
      'warning',
      'gzip-zeros',
      'Zeros follow the gzip data, which engines take for a broken header.',
    )
  const plain = inflate(source, compression, { signal, limit: mostPlain, onPadding, lent: segments.copies })
  const input = new StreamInput(kept(plain, segments, onBytes), segments.copies)
  const table = await scanLayer(input, notices, signal)
  const plainBytes = await behindTheTar(() => input.total())
  return { table, plainBytes, segments: await segments.finish(), notices: notices.list }
}

/** Newer docker stops reading where the tar ends: a fault behind it is another one. */
async function behindTheTar<T>(job: () => Promise<T>): Promise<T> {
  try {
    return await job()
  } catch (thrown) {
    if (!(thrown instanceof ImageError) || thrown.fault.code !== 'bad-gzip') throw thrown
    throw new ImageError('bad-gzip-end', thrown.fault.message, thrown.fault.where)
  }
}

async function* kept(
  chunks: AsyncIterable<Bytes>,
  segments: Pick<Keep, 'size' | 'push'>,
  onBytes: ScanOptions['onBytes'],
): AsyncIterable<Bytes> {
  for await (const chunk of chunks) {
    await segments.push(chunk)
    onBytes?.(segments.size)
    yield chunk
  }
}
