/** A file on disk as a ByteSource; read by position, never as a whole. */
import { fstatSync, openSync, read, readSync } from 'node:fs'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import type { ByteSource, Bytes } from '../core/bytes/source'
import { ImageError, throwIfCancelled } from '../core/fault/fault'
import { toReader } from '../core/memory/let-go'

const readAt = promisify(read)
const PIECE = 1024 * 1024
/** Up to here a read is done at once: the way through the thread pool and back takes five times as long (measured), and images have a hundred small layers. */
const AT_ONCE = 256 * 1024

/** Bytes of an open file, for a thread that reads them by itself. */
export interface FilePlace {
  readonly file: number
  readonly from: number
  readonly size: number
}

export class FileSource implements ByteSource {
  readonly size: number
  /** A number, not a FileHandle: those are closed, with a warning, when the last source of many is forgotten. Open until the program ends. */
  readonly #file: number
  readonly #from: number
  private constructor(file: number, from: number, size: number) {
    this.#file = file
    this.#from = from
    this.size = size
  }
  /** Throws `no-such-path`, `is-a-directory`. */
  static open(path: string): FileSource {
    let file: number
    try {
      file = openSync(path, 'r')
    } catch {
      throw new ImageError('no-such-path', `There is no file ${path}, or it cannot be read.`)
    }
    const stat = fstatSync(file)
    if (stat.isDirectory())
      throw new ImageError('is-a-directory', `${basename(path)} is a directory; an archive was expected.`)
    return new FileSource(file, 0, stat.size)
  }
  /** On another thread of the program that opened it. */
  static at({ file, from, size }: FilePlace): FileSource {
    return new FileSource(file, from, size)
  }
  get place(): FilePlace {
    return { file: this.#file, from: this.#from, size: this.size }
  }
  read(at: number, length: number): Promise<Bytes> {
    // Not zeroed first: that costs as much as reading from the page cache. A plain Uint8Array, since Buffer's slice shares.
    return this.#fill(() => Buffer.allocUnsafeSlow(length).buffer as ArrayBuffer, at, length)
  }

  async #fill(room: () => ArrayBuffer, at: number, length: number): Promise<Bytes> {
    if (at < 0 || length < 0 || at + length > this.size)
      throw new ImageError(
        'truncated',
        `Bytes ${at} to ${at + length} were asked for, and there are only ${this.size}.`,
        { at },
      )
    const bytes = new Uint8Array(room(), 0, length)
    for (let got = 0; got < length;) {
      const from = this.#from + at + got
      const bytesRead =
        length <= AT_ONCE
          ? readSync(this.#file, bytes, got, length - got, from)
          : (await readAt(this.#file, bytes, got, length - got, from)).bytesRead
      if (bytesRead === 0)
        throw new ImageError('truncated', 'The file became shorter while it was read.', { at: at + got })
      got += bytesRead
    }
    return bytes
  }
  slice(at: number, length: number): ByteSource {
    if (at < 0 || length < 0 || at + length > this.size)
      throw new ImageError('truncated', `There are only ${this.size} bytes.`, { at })
    return new FileSource(this.#file, this.#from + at, length)
  }
  async *stream(signal?: AbortSignal): AsyncIterable<Bytes> {
    // Filled again once the reader is done with them: fresh memory for each is slower, and waits for the garbage collector.
    const spare: ArrayBuffer[] = []
    const most = Math.min(PIECE, this.size)
    const room = (): ArrayBuffer => spare.pop() ?? (Buffer.allocUnsafeSlow(most).buffer as ArrayBuffer)
    const piece = (at: number): Promise<Bytes> => {
      const read = this.#fill(room, at, Math.min(most, this.size - at))
      read.catch(() => {}) // Who stops early never asks what became of it.
      return read
    }
    // One piece ahead: the disk (or the copy out of its cache) works while the piece before is looked at.
    let next = this.size > 0 ? piece(0) : null
    for (let at = most; next; at += most) {
      throwIfCancelled(signal)
      const bytes = await next
      next = at < this.size ? piece(at) : null
      yield toReader(bytes, (buffer) => spare.push(buffer))
    }
  }
  blobParts(): Promise<BlobPart[]> {
    return Promise.reject(new ImageError('internal', 'A file on disk is no Blob.'))
  }
}
