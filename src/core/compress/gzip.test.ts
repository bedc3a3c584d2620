import { constants, deflateRawSync, gunzipSync, gzipSync, inflateRawSync, type Inflate } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { MemorySource, type Bytes, type ByteSource } from '../bytes/source'
import {
  ascii,
  ChoppedSource,
  collect,
  contents,
  filler,
  hasTool,
  joined,
  outcome,
  prose,
  same,
  sourceOf,
  streamFault,
  tool,
} from './compress.fixture'
import { crc32 } from './crc32'
import { walkGzip } from './gzip'
import { gunzip, inflate } from './inflate'
import { gunzipNative, hasStrictGunzip } from './native'

const gzipped: fc.Arbitrary<{ plain: Bytes; stored: Bytes }> = fc
  .tuple(
    contents,
    fc.integer({ min: 0, max: 9 }),
    fc.constantFrom(
      constants.Z_DEFAULT_STRATEGY,
      constants.Z_HUFFMAN_ONLY,
      constants.Z_RLE,
      constants.Z_FIXED,
    ),
  )
  .map(([plain, level, strategy]) => ({
    plain,
    stored: new Uint8Array(gzipSync(plain, { level, strategy })),
  }))

const gz = (bytes: Uint8Array): Bytes => new Uint8Array(gzipSync(bytes))
const hello = ascii('hello, layer\n')
let made: Bytes | null = null
const bomb = (): Bytes => (made ??= gz(new Uint8Array(100_000_000)))

afterEach(() => void vi.unstubAllGlobals())

test('crc32 is the one of zlib, cut anywhere', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
      const due = new DataView(gz(bytes).slice(-8).buffer).getUint32(0, true)
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(due)
    }),
  )
})

/** A member with every optional field: FTEXT, FHCRC, FEXTRA, FNAME, FCOMMENT. */
function decorated(bytes: Uint8Array): Bytes {
  const header = joined(
    Uint8Array.of(0x1f, 0x8b, 8, 0x1f, 1, 2, 3, 4, 2, 3),
    Uint8Array.of(6, 0, 0x53, 0x47, 2, 0, 7, 9),
    ascii('layer.tar\0'),
    ascii('as found\0'),
  )
  const crc = crc32(header)
  const trailer = new Uint8Array(8)
  new DataView(trailer.buffer).setUint32(0, crc32(bytes), true)
  new DataView(trailer.buffer).setUint32(4, bytes.length, true)
  return joined(header, Uint8Array.of(crc & 255, (crc >> 8) & 255), deflateRawSync(bytes), trailer)
}

/**
 * The two ways in: ours alone, and the platform first. Node's own stream is too lenient to be asked (it takes many
 * members, and anything behind a zero), so it is made one of a browser: what is no single whole member is refused.
 */
const ways: readonly (readonly [string, (source: ByteSource) => AsyncIterable<Bytes>])[] = [
  ['the walker', (source) => walkGzip(source)],
  ['the platform, then the walker', (source) => gunzip(source)],
  ['the same, with chunks that are lent', (source) => returned(gunzip(source, undefined, undefined, true))],
  ['the same in Chromium, where chunks are freed', inChromium],
]

async function* inChromium(source: ByteSource): AsyncIterable<Bytes> {
  vi.stubGlobal('navigator', { userAgentData: {} })
  yield* returned(gunzip(source, undefined, undefined, true))
}

/** Copies of what is lent, each chunk gone as soon as the next one is asked for. */
async function* returned(chunks: AsyncIterable<Bytes>): AsyncIterable<Bytes> {
  for await (const chunk of chunks) {
    yield chunk.slice()
    chunk.fill(0xee)
  }
}

/** A DecompressionStream that hands out what Node's does, and in the end refuses whatever `whole` does not call one member. */
function browserLike(whole: (stored: Bytes) => boolean): typeof DecompressionStream {
  const Lenient = DecompressionStream
  return class {
    readonly writable: WritableStream<BufferSource>
    readonly readable: ReadableStream<Bytes>
    constructor(format: CompressionFormat) {
      const stored: Bytes[] = []
      const inner = new Lenient(format)
      const check = new TransformStream<Bytes, Bytes>({
        flush: () => {
          if (!whole(joined(...stored))) throw new TypeError('Junk found after end of compressed data.')
        },
      })
      const entry = new TransformStream<Bytes, Bytes>({
        transform: (piece, controller) => {
          stored.push(piece.slice())
          controller.enqueue(piece)
        },
      })
      this.writable = entry.writable as WritableStream<BufferSource>
      this.readable = entry.readable
        .pipeThrough(inner as unknown as TransformStream<Bytes, Bytes>)
        .pipeThrough(check)
    }
  } as unknown as typeof DecompressionStream
}

/** Whether the bytes are exactly one member, by zlib's count of the bytes that its deflate stream has. */
function isOneMember(stored: Bytes): boolean {
  const [flags] = stored.subarray(3)
  let at = 10
  if (flags & 4) at += 2 + stored[at] + stored[at + 1] * 256
  for (const flag of [8, 16]) if (flags & flag) at = stored.indexOf(0, at) + 1
  if (flags & 2) at += 2
  const { engine } = inflateRawSync(stored.subarray(at), { info: true }) as unknown as { engine: Inflate }
  return at + engine.bytesWritten + 8 === stored.length
}

beforeEach(() => void vi.stubGlobal('DecompressionStream', browserLike(isOneMember)))

describe.each(ways)('%s', (_name, read) => {
  test('whatever zlib writes, read in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        gzipped,
        fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1 }),
        async (of, sizes) => {
          expect(same(await collect(read(new ChoppedSource(of.stored, sizes))), of.plain)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('many members are one stream, as in estargz', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(gzipped, { minLength: 1, maxLength: 8 }),
        fc.nat(2000),
        async (members, zeros) => {
          const source = sourceOf(...members.map((member) => member.stored), new Uint8Array(zeros))
          expect(same(await collect(read(source)), joined(...members.map((member) => member.plain)))).toBe(
            true,
          )
        },
      ),
      { numRuns: 30 },
    )
  })

  test('a thousand small members', async () => {
    const members = Array.from({ length: 1000 }, (_, index) => prose(index * 7, index))
    expect(same(await collect(read(sourceOf(...members.map(gz)))), joined(...members))).toBe(true)
  })

  test('a header with every optional field', async () => {
    const stored = joined(decorated(hello), decorated(prose(100_000)))
    expect(gunzipSync(stored).length).toBe(100_000 + hello.length)
    expect(same(await collect(read(sourceOf(stored))), joined(hello, prose(100_000)))).toBe(true)
    expect(same(await collect(read(new ChoppedSource(stored, [1, 3]))), joined(hello, prose(100_000)))).toBe(
      true,
    )
  })

  test('a member of nothing', async () => {
    expect(await collect(read(sourceOf(gz(ascii('')))))).toHaveLength(0)
  })

  test('stored, fixed and dynamic blocks, flushed in the middle', async () => {
    const plain = joined(filler(70_000), prose(70_000), new Uint8Array(70_000))
    for (const level of [0, 1, 9])
      for (const finishFlush of [constants.Z_FULL_FLUSH, constants.Z_FINISH]) {
        const front = deflateRawSync(plain, { level, finishFlush: constants.Z_FULL_FLUSH })
        const back = deflateRawSync(plain, { level, finishFlush })
        // A stream that ended with a flush lacks its last block; an empty fixed one ends it.
        const end = finishFlush === constants.Z_FINISH ? [] : [3, 0]
        const twice = joined(plain, plain)
        const trailer = gz(twice).slice(-8)
        const stored = joined(gz(hello).slice(0, 10), front, back, Uint8Array.from(end), trailer)
        expect(same(await collect(read(sourceOf(stored))), twice)).toBe(true)
      }
  })

  test.skipIf(!hasTool('gzip'))('what gzip writes, with and without a name', async () => {
    const plain = prose(300_000)
    for (const args of [['-c'], ['-nc'], ['-9c'], ['-1nc']]) {
      const stored = tool('gzip', args, plain)
      expect(same(await collect(read(sourceOf(stored as Bytes))), plain)).toBe(true)
    }
  })

  test('every cut is a fault, with the place where the data ends or before', async () => {
    const stored = joined(gz(hello), decorated(prose(500)))
    const border = gz(hello).length
    for (let cut = 0; cut < stored.length; cut++) {
      if (cut === border) continue
      const fault = await streamFault(read(sourceOf(stored.subarray(0, cut))))
      expect(fault.code).toBe('bad-gzip')
      expect(fault.where.at).toBeLessThanOrEqual(cut)
    }
  })

  test('any changed byte is the right bytes or a fault', async () => {
    const plain = prose(5000)
    const stored = joined(gz(plain), decorated(plain))
    const due = joined(plain, plain)
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const broken = stored.slice()
        broken[at] ^= flip
        const got = await outcome(read(sourceOf(broken)))
        expect(got === 'bad-gzip' || same(got, due)).toBe(true)
      }),
      { numRuns: 400 },
    )
  })

  test('noise behind a gzip header ends in a fault', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (noise) => {
        const source = sourceOf(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255), noise)
        expect(await outcome(read(source))).toBe('bad-gzip')
      }),
      { numRuns: 500 },
    )
  })

  test('faults name their offset', async () => {
    const stored = gz(prose(50_000))
    const broken = (at: number) => stored.map((byte, index) => (index === at ? byte ^ 1 : byte))
    const at = async (...parts: readonly Uint8Array[]) =>
      (await streamFault(read(sourceOf(...parts)))).where.at
    expect(await at(ascii('not gzip'))).toBe(0)
    expect(await at(broken(stored.length - 8))).toBe(stored.length - 8)
    expect(await at(broken(stored.length - 1))).toBe(stored.length - 4)
    expect(await at(stored, ascii('garbage'))).toBe(stored.length)
    expect(await at(stored, new Uint8Array(512), ascii('x'))).toBe(stored.length + 512)
    expect(await at(stored, stored.subarray(0, -3))).toBe(2 * stored.length - 3)
    const wrongHeaderCrc = decorated(hello)
    wrongHeaderCrc[4] ^= 1
    expect(await at(wrongHeaderCrc)).toBe(10 + 8 + 10 + 9)
    expect(await at(decorated(hello).map((byte, index) => (index === 3 ? byte | 0x80 : byte)))).toBe(3)
  })

  test('a bomb is handed out in small chunks, and can be left at any time', async () => {
    const source = new ChoppedSource(bomb(), [64 * 1024])
    let seen = 0
    for await (const chunk of read(source)) {
      expect(chunk.length).toBeLessThanOrEqual(1024 * 1024)
      if ((seen += chunk.length) > 20_000_000) break
    }
    expect(source.open).toBe(0)
  })
})

test('the platform alone reads one member, and is told from one that is too lenient', async () => {
  expect(await hasStrictGunzip()).toBe(true)
  expect(same(await collect(gunzipNative(sourceOf(gz(prose(300_000))))), prose(300_000))).toBe(true)
  await expect(collect(gunzipNative(sourceOf(gz(hello), gz(hello))))).rejects.toThrow('Junk')
  vi.unstubAllGlobals()
  expect(await hasStrictGunzip()).toBe(false)
})

test('a browser that stops at the first member, with or without its output, gives the same bytes', async () => {
  const plain = prose(400_000)
  for (const bytesBefore of [0, 1, 65_536, 200_000]) {
    // Like Chromium (delivers some, then fails) and WebKit (delivers nothing).
    class Strict {
      readonly writable: WritableStream<Uint8Array>
      readonly readable: ReadableStream<Uint8Array>
      constructor() {
        const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
          transform: () => undefined,
          flush: async (controller) => {
            if (bytesBefore > 0) controller.enqueue(plain.subarray(0, bytesBefore))
            await new Promise((done) => setTimeout(done, 5))
            throw new TypeError('Junk found after end of compressed data.')
          },
        })
        this.readable = readable
        this.writable = writable
      }
    }
    vi.stubGlobal('DecompressionStream', Strict)
    const source = new ChoppedSource(joined(gz(plain), gz(hello)), [1000])
    expect(same(await collect(gunzip(source)), joined(plain, hello))).toBe(true)
    expect(source.open).toBe(0)
  }
})

test('a browser without DecompressionStream reads gzip all the same', async () => {
  vi.stubGlobal('DecompressionStream', undefined)
  expect(await collect(inflate(sourceOf(gz(hello)), 'gzip'))).toEqual(hello)
})

test('a source that fails is not taken for damaged gzip', async () => {
  const gone = new DOMException('changed', 'NotReadableError')
  class Gone extends MemorySource {
    override async *stream(): AsyncIterable<Bytes> {
      yield* super.slice(0, 2000).stream()
      throw gone
    }
  }
  for (const [, read] of ways) await expect(collect(read(new Gone(gz(filler(9000)))))).rejects.toBe(gone)
})

describe('inflate', () => {
  test('hands on what is not compressed', async () => {
    expect(await collect(inflate(sourceOf(hello), 'none'))).toEqual(hello)
  })

  test.each(['xz', 'bzip2', 'lz4'] as const)('names the command for %s', async (compression) => {
    const fault = await streamFault(inflate(sourceOf(hello), compression))
    expect(fault.code).toBe('unsupported-compression')
    expect(fault.message).toContain(`${compression} -dc`)
  })

  test('stops at the limit', async () => {
    const stored = gz(new Uint8Array(1000))
    expect(await collect(inflate(sourceOf(stored), 'gzip', { limit: 1000 }))).toHaveLength(1000)
    expect((await streamFault(inflate(sourceOf(stored), 'gzip', { limit: 999 }))).code).toBe('too-large')
  })

  test('ends when it is cancelled, and leaves nothing open', async () => {
    const stop = new AbortController()
    const source = new ChoppedSource(gz(filler(5_000_000)), [50_000])
    const read = async () => {
      for await (const chunk of inflate(source, 'gzip', { signal: stop.signal }))
        if (chunk.length > 0) stop.abort()
    }
    await expect(read()).rejects.toMatchObject({ fault: { code: 'cancelled' } })
    expect(source.open).toBe(0)
  })
})
