/**
 * Gzip member by member (RFC 1952): what `DecompressionStream` does not take (many members, as estargz and parallel
 * compressors write them; zero padding behind the last one), and what it does not say (where the damage is).
 */
import type { Bytes, ByteSource } from '../bytes/source'
import { ImageError } from '../fault/fault'
import { crc32 } from './crc32'
import { DeflateDecoder } from './deflate'
import { DeflateCutOff, DeflateError } from './deflate-codes'
import type { DeflateStatus, DeflateStream } from './deflate-stream'
import { SourceWindow } from './window'

const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const
const FIXED_HEADER = 10
const TRAILER = 8

function bad(message: string, at: number): ImageError {
  return new ImageError('bad-gzip', message, { at })
}

const cutOff = (at: number): ImageError =>
  bad('The gzip data ends in the middle of a member: the file was cut off.', at)

/**
 * The plain bytes, in chunks of up to 256 KiB; memory does not grow with what they inflate to.
 * Throws `bad-gzip` with the offset in `source`: damaged header or data, CRC or length that does not match,
 * end in the middle, something else than zeros behind the last member.
 */
export async function* walkGzip(
  source: ByteSource,
  signal?: AbortSignal,
  onPadding?: () => void,
): AsyncGenerator<Bytes, void, undefined> {
  const window = new SourceWindow(source, signal)
  try {
    await readHeader(window)
    do yield* readMember(window)
    while (await nextMember(window, onPadding))
  } finally {
    await window.close()
  }
}

/** Steps to the next member's data; false where only zeros follow, which writers pad to whole tar records with. */
export async function nextMember(window: SourceWindow, onPadding?: () => void): Promise<boolean> {
  if (!(await window.has(1))) return false
  if (window.bytes[window.at] !== 0) {
    await readHeader(window)
    return true
  }
  while (await window.has(1)) {
    const { bytes, end } = window
    while (window.at < end && bytes[window.at] === 0) window.at++
    if (window.at < end)
      throw bad('Something else than zeros follows the end of the gzip data.', window.offset)
  }
  onPadding?.()
  return false
}

/** Steps over a member's header and checks it. */
export async function readHeader(window: SourceWindow): Promise<void> {
  const start = window.offset
  if (!(await window.has(FIXED_HEADER))) throw start === 0 ? cutOff(start) : trailing(start)
  const [id1, id2, method, flags] = window.bytes.subarray(window.at, window.at + 4)
  if (id1 !== 0x1f || id2 !== 0x8b) throw trailing(start)
  if (method !== 8)
    throw bad(`The gzip member says compression method ${method}; only 8, deflate, exists.`, start + 2)
  if (flags & FLAG.reserved) throw bad('The gzip header sets flags that are reserved.', start + 3)
  const header = new HeaderReader(window)
  header.step(FIXED_HEADER)
  if (flags & FLAG.extra) await header.extra()
  if (flags & FLAG.name) await header.text()
  if (flags & FLAG.comment) await header.text()
  if (flags & FLAG.headerCrc) await header.check()
}

function trailing(at: number): ImageError {
  if (at === 0) return bad('This is no gzip data: it does not start with 1f 8b.', 0)
  return bad('What follows the end of a gzip member is neither another member nor zeros.', at)
}

/** Steps through the fields of a header, of any length, and keeps its CRC. */
class HeaderReader {
  readonly #window: SourceWindow
  #crc = 0
  constructor(window: SourceWindow) {
    this.#window = window
  }
  step(length: number): void {
    const { at, bytes } = this.#window
    this.#crc = crc32(bytes.subarray(at, at + length), this.#crc)
    this.#window.at += length
  }
  async #need(length: number): Promise<void> {
    if (!(await this.#window.has(length))) throw cutOff(this.#window.offset + this.#window.available)
  }
  async extra(): Promise<void> {
    await this.#need(2)
    const { bytes, at } = this.#window
    const length = bytes[at] | (bytes[at + 1] << 8)
    await this.#need(2 + length)
    this.step(2 + length)
  }
  /** A text ends with a zero byte, and nothing says how long it may be: stepped over, not collected. */
  async text(): Promise<void> {
    for (;;) {
      await this.#need(1)
      const { bytes, at, end } = this.#window
      const zero = bytes.subarray(at, end).indexOf(0)
      this.step(zero < 0 ? end - at : zero + 1)
      if (zero >= 0) return
    }
  }
  async check(): Promise<void> {
    await this.#need(2)
    const { bytes, at, offset } = this.#window
    if ((bytes[at] | (bytes[at + 1] << 8)) !== (this.#crc & 0xffff))
      throw bad('The gzip header does not match its own CRC.', offset)
    this.#window.at += 2
  }
}

/** The data and the trailer of one member. */
async function* readMember(window: SourceWindow): AsyncGenerator<Bytes, void, undefined> {
  const decoder = new DeflateDecoder()
  let crc = 0
  let length = 0
  for (;;) {
    const status = step(decoder, window)
    if (status === 'input') {
      await window.has(window.available + 1)
      continue
    }
    const chunk = decoder.take()
    crc = crc32(chunk, crc)
    length += chunk.length
    if (chunk.length > 0) yield chunk
    if (status === 'end') break
  }
  await checkTrailer(window, crc, length)
}

/** Goes through what is in sight. Throws `bad-gzip`. */
export function step(stream: DeflateStream, window: SourceWindow): DeflateStatus {
  try {
    const status = stream.run(window.bytes, window.at, window.end, window.last)
    window.at = stream.at
    return status
  } catch (thrown) {
    if (thrown instanceof DeflateCutOff) throw cutOff(window.offset + window.available)
    if (!(thrown instanceof DeflateError)) throw thrown
    throw bad(`The gzip data is damaged: ${thrown.message}.`, window.offset + (stream.at - window.at))
  }
}

/** Steps over a member's trailer and checks it; its CRC only where there is one to compare. */
export async function checkTrailer(window: SourceWindow, crc: number | null, length: number): Promise<void> {
  if (!(await window.has(TRAILER))) throw cutOff(window.offset + window.available)
  const view = new DataView(window.bytes.buffer, window.at, TRAILER)
  const [dueCrc, dueLength] = [view.getUint32(0, true), view.getUint32(4, true)]
  if (crc !== null && dueCrc !== crc) {
    const [due, got] = [dueCrc, crc].map((value) => value.toString(16).padStart(8, '0'))
    throw bad(`The gzip data is damaged: its CRC-32 is ${got}, and ${due} was promised.`, window.offset)
  }
  if (dueLength !== length % 2 ** 32)
    throw bad(
      `The gzip data is damaged: it holds ${length} bytes, not the ${dueLength} it promised (modulo 2³²).`,
      window.offset + 4,
    )
  window.at += TRAILER
}
