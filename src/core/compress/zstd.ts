/** Zstd frame by frame (RFC 8878, 3): many frames follow each other in zstd:chunked layers, some of them without data. */
import type { Bytes, ByteSource } from '../bytes/source'
import { ImageError } from '../fault/fault'
import { SourceWindow } from './window'
import { Xxh64 } from './xxh64'
import { ZstdDecoder } from './zstd-block'
import { ZstdError } from './zstd-entropy'

const MAGIC = 0xfd2fb528
const SKIPPABLE = 0x184d2a50
/** Beyond 2²⁷ bytes `zstd -d` asks for --long, too. */
const MAX_WINDOW = 128 * 1024 * 1024
/** Output that is handed out at once, at least, within a frame. */
const CHUNK = 256 * 1024

interface Frame {
  readonly window: number
  /** Bytes that the frame promises to hold, or null where it does not say. */
  readonly content: number | null
  readonly checksum: boolean
}

function bad(message: string, at: number): ImageError {
  return new ImageError('bad-zstd', message, { at })
}

const cutOff = (at: number): ImageError =>
  bad('The zstd data ends in the middle of a frame: the file was cut off.', at)

/**
 * The plain bytes, in chunks of up to 384 KiB. Sizes and checksums of frames are checked where the frame has them;
 * where it has none, only the layer's diff_id can tell. Beside the chunk, as much is held as the window says that the
 * data needs.
 *
 * Throws `bad-zstd` with the offset in `source`, and `zstd-window` for a window beyond 128 MiB.
 */
export async function* walkZstd(
  source: ByteSource,
  signal?: AbortSignal,
): AsyncGenerator<Bytes, void, undefined> {
  const window = new SourceWindow(source, signal)
  const decoder = new ZstdDecoder()
  try {
    if (!(await window.has(1))) throw cutOff(0)
    while (await window.has(1)) {
      const magic = await readMagic(window)
      if (magic === MAGIC) yield* readFrame(window, decoder)
      else await skipFrame(window)
    }
  } finally {
    await window.close()
  }
}

/** The magic number of the next frame, not stepped over. */
async function readMagic(window: SourceWindow): Promise<number> {
  const start = window.offset
  if (!(await window.has(4))) throw cutOff(start + window.available)
  const magic = uint32(window, 0)
  if (magic === MAGIC || (magic & 0xfffffff0) >>> 0 === SKIPPABLE) return magic
  if (start === 0) throw bad('This is no zstd data: it does not start with a frame.', 0)
  throw bad('What follows the end of a zstd frame is no other frame.', start)
}

function uint32(window: SourceWindow, at: number): number {
  return new DataView(window.bytes.buffer, window.at + at, 4).getUint32(0, true)
}

async function skipFrame(window: SourceWindow): Promise<void> {
  if (!(await window.has(8)) || !(await window.skip(8 + uint32(window, 4)))) throw cutOff(window.offset)
}

async function* readFrame(
  window: SourceWindow,
  decoder: ZstdDecoder,
): AsyncGenerator<Bytes, void, undefined> {
  const start = window.offset
  const frame = await readFrameHeader(window)
  const hash = frame.checksum ? new Xxh64() : null
  decoder.start(frame.window, frame.content)
  for (let last = false; !last;) {
    last = await readBlock(window, decoder, frame)
    if (decoder.ready === 0 || (decoder.ready < CHUNK && !last)) continue
    const chunk = decoder.take()
    hash?.update(chunk)
    yield chunk
  }
  if (frame.content !== null && decoder.produced !== frame.content)
    throw bad(`The zstd frame holds ${decoder.produced} bytes, not the ${frame.content} it promised.`, start)
  if (hash) await checkHash(window, hash)
}

/** Frame header (RFC 8878, 3.1.1.1), stepped over. */
async function readFrameHeader(window: SourceWindow): Promise<Frame> {
  const start = window.offset
  if (!(await window.has(5))) throw cutOff(start + window.available)
  const descriptor = window.bytes[window.at + 4]
  const single = (descriptor & 0x20) !== 0
  const contentBytes = descriptor >> 6 === 0 ? Number(single) : 1 << (descriptor >> 6)
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]
  const length = 5 + Number(!single) + dictionaryBytes + contentBytes
  if (!(await window.has(length))) throw cutOff(start + window.available)
  if (descriptor & 8) throw bad('The zstd frame header sets a bit that is reserved.', start + 4)
  const bytes = window.bytes.subarray(window.at, window.at + length)
  if (
    bytes.subarray(length - contentBytes - dictionaryBytes, length - contentBytes).some((byte) => byte !== 0)
  )
    throw bad('The zstd frame needs a dictionary, which image layers never have.', start)
  const content = contentBytes === 0 ? null : contentSize(bytes.subarray(length - contentBytes))
  const size = single ? (content ?? 0) : windowSize(bytes[5])
  if (size > MAX_WINDOW) throw windowFault(size, start)
  window.at += length
  return { window: size, content, checksum: (descriptor & 4) !== 0 }
}

/** Little-endian, of 1, 2 (counted from 256), 4 or 8 bytes. */
function contentSize(bytes: Uint8Array): number {
  const value = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0)
  return bytes.length === 2 ? value + 256 : value
}

/** An exponent and eighths (RFC 8878, 3.1.1.1.2); up to 3.75 TiB, so not by shifts. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

function windowFault(window: number, at: number): ImageError {
  const mebibytes = Math.ceil(window / 1024 / 1024)
  return new ImageError(
    'zstd-window',
    `This zstd data needs a window of ${mebibytes} MiB, and at most ${MAX_WINDOW / 1024 / 1024} MiB are taken here. ` +
      'Convert it first: zstd -d --long=31 layer.zst -o layer.tar',
    { at },
  )
}

/** One block (RFC 8878, 3.1.1.2), decoded and stepped over; whether it was the last of its frame. */
async function readBlock(window: SourceWindow, decoder: ZstdDecoder, frame: Frame): Promise<boolean> {
  if (!(await window.has(3))) throw cutOff(window.offset + window.available)
  const { bytes, at } = window
  const header = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16)
  const size = header >> 3
  const type = (header >> 1) & 3
  if (type === 3) throw bad('The zstd data is damaged: a block of the type that is reserved.', window.offset)
  if (size > Math.min(frame.window, 128 * 1024))
    throw bad('The zstd data is damaged: a block that is larger than blocks may be.', window.offset)
  const stored = type === 1 ? 1 : size
  if (!(await window.has(3 + stored))) throw cutOff(window.offset + window.available)
  decodeBlock(window, decoder, type, size)
  window.at += 3 + stored
  if (frame.content !== null && decoder.produced > frame.content)
    throw bad(`The zstd frame holds more than the ${frame.content} bytes it promised.`, window.offset)
  return (header & 1) === 1
}

function decodeBlock(window: SourceWindow, decoder: ZstdDecoder, type: number, size: number): void {
  const { bytes } = window
  const at = window.at + 3
  try {
    if (type === 0) decoder.raw(bytes, at, at + size)
    else if (type === 1) decoder.repeat(bytes[at], size)
    else decoder.compressed(bytes, at, at + size)
  } catch (thrown) {
    if (!(thrown instanceof ZstdError)) throw thrown
    throw bad(`The zstd data is damaged: ${thrown.message}.`, window.offset)
  }
}

async function checkHash(window: SourceWindow, hash: Xxh64): Promise<void> {
  if (!(await window.has(4))) throw cutOff(window.offset + window.available)
  if (uint32(window, 0) !== Number(hash.digest() & 0xffffffffn))
    throw bad('The zstd data is damaged: a frame does not match its own checksum.', window.offset)
  window.at += 4
}
