/** The digests of a layer recomputed: of its plain tar, and of its stored bytes where those are others. */
import type { ByteSource } from '../core/bytes/source'
import type { Notices } from '../core/fault/notice'
import type { Layer } from '../core/image/image'
import type { LayerPool } from './pool'

export interface VerifyOptions {
  readonly pool: LayerPool
  readonly signal: AbortSignal
  /** Called with the number of bytes hashed since the last call. */
  readonly onBytes: (count: number) => void
  /** Bytes of the layers that come next. */
  readonly next: number
}

/** Bytes that `verifyLayer` will go through. */
export function bytesToVerify(layer: Layer, plain: ByteSource | null): number {
  return (plain?.size ?? 0) + (layer.compression === 'none' ? 0 : layer.storedBytes)
}

/** Whether the layer is what config and manifest say; what is not is added to `notices`. */
export async function verifyLayer(
  layer: Layer,
  plain: ByteSource,
  notices: Notices,
  { pool, signal, onBytes, next }: VerifyOptions,
): Promise<boolean> {
  const where = { layer: layer.index, member: layer.member ?? undefined }
  let good = true
  const diffId = await pool.digest(plain, { signal, next })
  onBytes(plain.size)
  if (diffId !== layer.diffId) {
    good = false
    notices.add(
      'error',
      'diffid-mismatch',
      `The contents have the diff_id ${diffId.slice(0, 19)}…, the config says ${layer.diffId.slice(0, 19)}…: engines refuse this layer.`,
      where,
    )
  }
  if (layer.compression === 'none' || !layer.digest) return good
  const digest = await pool.digest(layer.source!, { signal, next })
  onBytes(layer.storedBytes)
  if (digest !== layer.digest) {
    good = false
    notices.add(
      'error',
      'digest-mismatch',
      `The stored bytes have the digest ${digest.slice(0, 19)}…, the manifest says ${layer.digest.slice(0, 19)}….`,
      where,
    )
  }
  return good
}
