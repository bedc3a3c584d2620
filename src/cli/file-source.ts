/** A file on disk as a ByteSource; read by position, never as a whole. */
import { open, type FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import type { ByteSource, Bytes } from '../core/bytes/source'
import { ImageError, throwIfCancelled } from '../core/fault/fault'

const PIECE = 4 * 1024 * 1024

export class FileSource implements ByteSource {
  readonly size: number
  readonly #handle: FileHandle
  readonly #from: number
  private constructor(handle: FileHandle, from: number, size: number) {
    this.#handle = handle
    this.#from = from
    this.size = size
  }
  /** Throws `no-such-path`, `is-a-directory`. */
  static async open(path: string): Promise<FileSource> {
    const handle = await open(path, 'r').catch(() => {
      throw new ImageError('no-such-path', `There is no file ${path}, or it cannot be read.`)
    })
    const stat = await handle.stat()
    if (stat.isDirectory())
      throw new ImageError('is-a-directory', `${basename(path)} is a directory; an archive was expected.`)
    return new FileSource(handle, 0, stat.size)
  }
  async read(at: number, length: number): Promise<Bytes> {
    if (at < 0 || length < 0 || at + length > this.size)
      throw new ImageError(
        'truncated',
        `Bytes ${at} to ${at + length} were asked for, and there are only ${this.size}.`,
        { at },
      )
    // Not zeroed first: that costs as much as reading from the page cache. A plain Uint8Array, since Buffer's slice shares.
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer as ArrayBuffer)
    for (let got = 0; got < length;) {
      const { bytesRead } = await this.#handle.read(bytes, got, length - got, this.#from + at + got)
      if (bytesRead === 0)
        throw new ImageError('truncated', 'The file became shorter while it was read.', { at: at + got })
      got += bytesRead
    }
    return bytes
  }
  slice(at: number, length: number): ByteSource {
    if (at < 0 || length < 0 || at + length > this.size)
      throw new ImageError('truncated', `There are only ${this.size} bytes.`, { at })
    return new FileSource(this.#handle, this.#from + at, length)
  }
  async *stream(signal?: AbortSignal): AsyncIterable<Bytes> {
    for (let at = 0; at < this.size; at += PIECE) {
      throwIfCancelled(signal)
      yield await this.read(at, Math.min(PIECE, this.size - at))
    }
  }
  blobParts(): BlobPart[] {
    throw new ImageError('internal', 'A file on disk is no Blob.')
  }
}
