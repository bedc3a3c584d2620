import type { Bytes, ByteSource } from '../bytes/source'
import { ImageError } from '../fault/fault'

/** Follows in the next commit. */
// eslint-disable-next-line require-yield
export async function* walkZstd(_source: ByteSource, _signal?: AbortSignal): AsyncGenerator<Bytes, void, undefined> {
  throw new ImageError('unsupported-compression', 'Zstd is not read yet.')
}
