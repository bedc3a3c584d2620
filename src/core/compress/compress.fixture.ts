/** Bytes to compress, and sources that are cut at will; for the tests of this folder. */
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { MemorySource, type ByteSource, type Bytes } from '../bytes/source'
import { ImageError, type Fault, type FaultCode } from '../fault/fault'
import { faultIn } from '../fault/fault.fixture'

export const ascii = (text: string): Bytes => new TextEncoder().encode(text)
export const joined = (...parts: readonly Uint8Array[]): Bytes => new Uint8Array(Buffer.concat(parts))

/** Repeatable bytes that look random; mixed with runs and repeats they compress like files do. */
export function filler(length: number, seed = 1): Bytes {
  const bytes = new Uint8Array(length)
  let state = seed >>> 0 || 1
  for (let at = 0; at < length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[at] = state & 255
  }
  return bytes
}

/** Words drawn from a small vocabulary: matches near and far, literals between. */
export function prose(length: number, seed = 1): Bytes {
  const noise = filler(4096, seed)
  const bytes = new Uint8Array(length)
  let filled = 0
  for (let step = 0; filled < length; step++) {
    const from = noise[step % 4096] * 13
    const word = noise.subarray(from, from + 3 + (noise[(step * 7 + (step >> 12)) % 4096] & 31))
    const take = Math.min(word.length, length - filled)
    bytes.set(word.subarray(0, take), filled)
    filled += take
  }
  return bytes
}

/** A source that hands out its stream in pieces of the given sizes, over and over. */
export class ChoppedSource extends MemorySource {
  readonly #bytes: Bytes
  readonly #sizes: readonly number[]
  /** How many streams of it are open. */
  open = 0
  constructor(bytes: Bytes, sizes: readonly number[]) {
    super(bytes)
    this.#bytes = bytes
    this.#sizes = sizes
  }
  override async *stream(): AsyncIterable<Bytes> {
    this.open++
    try {
      for (let at = 0, turn = 0; at < this.size; turn++) {
        const size = this.#sizes[turn % this.#sizes.length]
        yield this.#bytes.subarray(at, at + size)
        at += size
      }
    } finally {
      this.open--
    }
  }
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Bytes> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return joined(...parts)
}

/** The bytes, or the code of the fault; any other error is thrown. */
export async function outcome(chunks: AsyncIterable<Uint8Array>): Promise<Bytes | FaultCode> {
  try {
    return await collect(chunks)
  } catch (thrown) {
    if (thrown instanceof ImageError) return thrown.fault.code
    throw thrown
  }
}

/** The fault of a stream that must have one. */
export const streamFault = (chunks: AsyncIterable<Uint8Array>): Promise<Fault> => faultIn(collect(chunks))

export const sourceOf = (...parts: readonly Uint8Array[]): ByteSource => new MemorySource(joined(...parts))

/** Equal bytes; vitest's own comparison takes seconds for a megabyte. */
export const same = (one: unknown, other: Uint8Array): boolean =>
  one instanceof Uint8Array && Buffer.compare(one, other) === 0

/** Contents of all characters: nothing, little, runs, noise, text, and more than a decoder's window. */
export const contents: fc.Arbitrary<Bytes> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.from(bytes)),
  fc.tuple(fc.integer({ min: 0, max: 200_000 }), fc.integer()).map(([length, seed]) => prose(length, seed)),
  fc.tuple(fc.integer({ min: 0, max: 70_000 }), fc.integer()).map(([length, seed]) => filler(length, seed)),
  fc
    .tuple(fc.integer({ min: 0, max: 600_000 }), fc.integer({ min: 0, max: 255 }))
    .map(([length, byte]) => new Uint8Array(length).fill(byte)),
)

/** Output of a command line tool, or null where it is not installed or fails. */
export function tool(command: string, args: readonly string[], input: Uint8Array): Bytes | null {
  const { status, stdout } = spawnSync(command, args, {
    input,
    maxBuffer: 2 ** 30,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  return status === 0 ? new Uint8Array(stdout) : null
}

/** Whether a command line tool is installed: what needs it is skipped otherwise. */
export const hasTool = (command: string): boolean =>
  spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
