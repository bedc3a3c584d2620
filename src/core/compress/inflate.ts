/** Compressed bytes to plain ones, whatever the compression, as a stream that waits for its reader. */
import type { Bytes, ByteSource } from '../bytes/source'
import { ImageError, throwIfCancelled } from '../fault/fault'
import type { Compression } from './compression'
import { walkGzip } from './gzip'
import { nativeGunzip, NativeRefusal } from './native'
import { walkZstd } from './zstd'

export interface InflateOptions {
  readonly signal?: AbortSignal
  /** Most plain bytes that may come out; one more is `too-large`. */
  readonly limit?: number
  /** Zeros follow the last gzip member: tar's own padding, which Go's gzip takes for a broken header. */
  readonly onPadding?: () => void
  /** A chunk needs to be good only until the next one is asked for. Inflating and passing on are cheaper so. */
  readonly lent?: boolean
}

/** The command that turns a compression that this page does not read into a plain tar. */
const commands: Partial<Record<Compression, string>> = {
  xz: 'xz -dc layer > layer.tar',
  bzip2: 'bzip2 -dc layer > layer.tar',
  lz4: 'lz4 -dc layer > layer.tar',
}

/**
 * The plain bytes of `source`, in chunks of at most 1 MiB (4 MiB where nothing is compressed). No more is held than
 * a chunk and the decoder's window, whatever the data inflates to. A chunk is the reader's to keep (unless `lent`), not to
 * write to.
 *
 * Throws `bad-gzip`, `bad-zstd` and `zstd-window` with the offset in `source`, `unsupported-compression`,
 * `too-large`, `cancelled`, and the faults of the source.
 */
export async function* inflate(
  source: ByteSource,
  compression: Compression,
  options: InflateOptions = {},
): AsyncGenerator<Bytes, void, undefined> {
  const { signal, limit = Infinity } = options
  throwIfCancelled(signal)
  let total = 0
  for await (const chunk of decoded(source, compression, options)) {
    throwIfCancelled(signal)
    total += chunk.length
    if (total > limit) throw tooLarge(source.size, limit)
    yield chunk
  }
}

function decoded(
  source: ByteSource,
  compression: Compression,
  { signal, onPadding, lent }: InflateOptions,
): AsyncIterable<Bytes> {
  switch (compression) {
    case 'none':
      return source.stream(signal)
    case 'gzip':
      return gunzip(source, signal, onPadding, lent)
    case 'zstd':
      return walkZstd(source, signal)
    default:
      throw new ImageError(
        'unsupported-compression',
        `This is compressed with ${compression}, which browsers cannot read. Convert it first: ${commands[compression]}`,
      )
  }
}

function tooLarge(stored: number, limit: number): ImageError {
  return new ImageError(
    'too-large',
    `These ${stored} bytes inflate to more than ${limit}: that looks like a decompression bomb. If it is none, inflate it outside and open the result; what is stored plain has no such limit.`,
  )
}

/** Ordinary data inflates to 2 to 10 times its size. Up to this size nothing is asked. */
const UNASKED = 2 * 1024 ** 3
const MOST_RATIO = 20

/** How much may come out of `stored` bytes before it is taken for a bomb: gzip can make 1,000 bytes of one, zstd more. */
export function plainLimit(stored: number): number {
  return Math.max(UNASKED, stored * MOST_RATIO)
}

/**
 * The platform first. Whatever it refuses is read again from the start by our own walker, past the bytes that are
 * out already: it takes many members, and what it refuses too it refuses with the offset.
 */
export async function* gunzip(
  source: ByteSource,
  signal?: AbortSignal,
  onPadding?: () => void,
  lent = false,
): AsyncGenerator<Bytes, void, undefined> {
  let done = 0
  const native = await nativeGunzip()
  if (native)
    try {
      for await (const chunk of native(source, signal, lent)) {
        done += chunk.length
        yield chunk
      }
      return
    } catch (thrown) {
      if (!(thrown instanceof NativeRefusal)) throw thrown
    }
  yield* without(walkGzip(source, signal, onPadding), done)
}

/** The stream without its first `count` bytes. */
async function* without(chunks: AsyncIterable<Bytes>, count: number): AsyncGenerator<Bytes, void, undefined> {
  for await (const chunk of chunks) {
    const skipped = Math.min(count, chunk.length)
    count -= skipped
    if (skipped < chunk.length) yield chunk.subarray(skipped)
  }
}
