/** What stops a job, as data: which rule was broken, and where. Words for people are made once, in explain.ts. */

/** A place in what was opened. `at` is a byte offset in `member`, or in the archive where no member is named. */
export interface Place {
  readonly member?: string
  /** Index of the layer, base first, counted from 0. */
  readonly layer?: number
  /** Index of the image in the archive. */
  readonly image?: number
  /** Path in a layer or root filesystem, absolute, with bytes that are not UTF-8 as `\xNN`. */
  readonly path?: string
  readonly at?: number
}

export type FaultCode =
  | 'truncated' // the bytes end before what they promise
  | 'bad-header' // a tar header that is none
  | 'bad-pax' // a PAX record that breaks its own grammar
  | 'bad-sparse' // a sparse map that contradicts itself
  | 'bad-number' // a numeric field outside what its format can say
  | 'bad-gzip' // a gzip stream that is damaged: header, data, CRC or length
  | 'bad-gzip-end' // the same behind the end of the tar in it, which is whole
  | 'bad-zstd'
  | 'unsupported-compression' // xz, bzip2, lz4: recognised and named
  | 'encrypted' // a layer that only who has the key can read
  | 'zstd-window' // a zstd window beyond what the decoder takes
  | 'bad-json' // a document that is not JSON, or lacks a field that is needed
  | 'bad-digest' // a digest that is not of the form algorithm:hex, or not SHA-256
  | 'bad-reference' // a tag or name that engines do not take
  | 'not-an-archive' // neither tar nor a compression of one
  | 'not-an-image' // a tar, but of something else
  | 'missing-member' // a description names what the archive does not hold
  | 'layer-count' // as many layers as diff_ids, or no engine takes it
  | 'digest-mismatch' // bytes are not what their name says
  | 'size-mismatch'
  | 'too-large' // beyond what this page is willing to hold at once
  | 'link-loop'
  | 'no-such-path'
  | 'not-a-directory'
  | 'not-a-file'
  | 'is-a-directory'
  | 'path-exists'
  | 'bad-path'
  | 'bad-operation' // a recipe line that does not fit this image
  | 'source-changed' // the file on disk is not the one that was opened
  | 'storage-full'
  | 'storage-unavailable'
  | 'held-elsewhere' // another tab may change it, this one not
  | 'not-kept' // this browser does not hold what was asked for
  | 'cancelled'
  | 'internal'

export interface Fault {
  readonly code: FaultCode
  readonly message: string
  readonly where: Place
}

/** The one error of this program. Everything else that is thrown is a bug. */
export class ImageError extends Error {
  readonly fault: Fault
  constructor(code: FaultCode, message: string, where: Place = {}) {
    super(message)
    this.name = 'ImageError'
    this.fault = { code, message, where }
  }
  /** The same fault, with the places that only an outer caller knows. The inner place wins. */
  within(outer: Place): ImageError {
    return new ImageError(this.fault.code, this.fault.message, { ...outer, ...this.fault.where })
  }
}

/** Any thrown value as a Fault: ours as it is, a DOMException by its name, the rest as `internal`. */
export function faultOf(thrown: unknown): Fault {
  if (thrown instanceof ImageError) return thrown.fault
  const { name, message } = thrown instanceof Error ? thrown : { name: 'Error', message: String(thrown) }
  if (name === 'AbortError') return { code: 'cancelled', message: 'Cancelled.', where: {} }
  if (name === 'NotReadableError' || name === 'NotFoundError')
    return {
      code: 'source-changed',
      message:
        'The file was changed, moved or removed after it was opened. Choose it again; your edits are kept.',
      where: {},
    }
  if (name === 'QuotaExceededError')
    return {
      code: 'storage-full',
      message: 'This browser has no room left to keep more of the image.',
      where: {},
    }
  return { code: 'internal', message, where: {} }
}

/** Runs `job`; a fault from inside gets the outer place. */
export async function placed<T>(where: Place, job: () => Promise<T>): Promise<T> {
  try {
    return await job()
  } catch (thrown) {
    throw thrown instanceof ImageError ? thrown.within(where) : thrown
  }
}

/** Throws `cancelled` once `signal` has fired: called between pieces of long work. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ImageError('cancelled', 'Cancelled.')
}
