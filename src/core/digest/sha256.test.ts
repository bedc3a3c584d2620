import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { toReader } from '../memory/let-go'
import { Sha256, setStreamingHasher, sha256, sha256Of, type Hashable } from './sha256'

type Bytes = Uint8Array<ArrayBuffer>

/** Bytes that are read at once, or in pieces of 300. */
class Memory implements Hashable {
  readonly size: number
  readonly #bytes: Bytes
  constructor(bytes: Bytes) {
    this.#bytes = bytes
    this.size = bytes.length
  }
  async read(at: number, length: number): Promise<Bytes> {
    return this.#bytes.subarray(at, at + length)
  }
  async *stream(): AsyncIterable<Bytes> {
    for (let at = 0; at < this.size; at += 300) yield await this.read(at, 300)
  }
}

const ascii = (text: string): Bytes => new TextEncoder().encode(text)
const oracle = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const counted = (length: number): Bytes => Uint8Array.from({ length }, (_, index) => (index * 31) & 255)

/** FIPS 180-4 examples and the short vectors of NIST's SHA test files. */
const vectors: readonly (readonly [string, Bytes, string])[] = [
  ['nothing', ascii(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', ascii('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'two blocks',
    ascii('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
  ['one byte', Uint8Array.of(0xd3), '28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1'],
  [
    'four bytes',
    Uint8Array.of(0x74, 0xba, 0x25, 0x21),
    'b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e',
  ],
  [
    'a million a',
    new Uint8Array(1_000_000).fill(0x61),
    'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
  ],
]

afterEach(() => {
  setStreamingHasher(null)
  vi.unstubAllGlobals()
})

describe.each(vectors)('NIST: %s', (_name, bytes, hex) => {
  test('at once', async () => expect(await sha256(bytes)).toBe(`sha256:${hex}`))
  test('in pieces', () => expect(new Sha256().update(bytes).digest()).toBe(`sha256:${hex}`))
})

test('any cut into pieces gives the digest of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (pieces) => {
      const hasher = new Sha256()
      for (const piece of pieces) hasher.update(piece)
      expect(hasher.digest()).toBe(oracle(Buffer.concat(pieces)))
    }),
  )
})

test.each([0, 1, 63, 64, 65, 999, 1000, 1001, 5000])(
  'a source of %i bytes around a limit of 1000',
  async (size) => {
    const bytes = counted(size)
    expect(await sha256Of(new Memory(bytes), { bufferLimit: 1000 })).toBe(oracle(bytes))
  },
)

test('a source beyond the limit is never read at once', async () => {
  const source = new Memory(counted(20_000))
  const read = vi.spyOn(source, 'read')
  expect(await sha256Of(source, { bufferLimit: 1024 })).toBe(oracle(counted(20_000)))
  for (const [, length] of read.mock.calls) expect(length).toBeLessThan(source.size)
})

test('progress adds up to the size, at once and in pieces', async () => {
  for (const bufferLimit of [0, 1e9]) {
    let seen = 0
    await sha256Of(new Memory(counted(9000)), { bufferLimit, onBytes: (count) => (seen += count) })
    expect(seen).toBe(9000)
  }
})

test('a native streaming hasher is used where one is handed in', async () => {
  const factory = vi.fn(() => createHash('sha256'))
  setStreamingHasher(factory)
  expect(await sha256Of(new Memory(counted(500)))).toBe(oracle(counted(500)))
  expect(factory).toHaveBeenCalledOnce()
})

test('what is hashed at once is asked for before it is held twice, and let go as soon as it was copied', async () => {
  vi.stubGlobal('navigator', { userAgentData: {} })
  const bytes = counted(5000)
  const held = bytes.slice()
  const log: string[] = []
  const digest = await sha256Of(new Memory(held), {
    copying: {
      mayCopy: async () => void log.push('may copy'),
      copied: () => void log.push('copied'),
    },
  })
  expect(digest).toBe(oracle(bytes))
  expect(log).toEqual(['may copy', 'copied'])
  expect(held.buffer.byteLength).toBe(0)
})

test('pieces of a stream are let go of once they are hashed', async () => {
  vi.stubGlobal('navigator', { userAgentData: {} })
  const pieces = [counted(5000), counted(3000)]
  const source: Hashable = {
    size: 8000,
    read: () => Promise.reject(new Error('not at once')),
    async *stream() {
      for (const piece of pieces) yield toReader(piece)
    },
  }
  const due = oracle(Buffer.concat(pieces))
  expect(await sha256Of(source, { bufferLimit: 0 })).toBe(due)
  expect(pieces.map(({ buffer }) => buffer.byteLength)).toEqual([0, 0])
})

test('a page without crypto.subtle hashes all the same', async () => {
  vi.stubGlobal('crypto', {})
  expect(await sha256(ascii('abc'))).toBe(oracle(ascii('abc')))
  expect(await sha256Of(new Memory(ascii('abc')))).toBe(oracle(ascii('abc')))
})

test('a cancelled hash says so', async () => {
  const stop = new AbortController()
  const source = new Memory(counted(20_000))
  const hashing = sha256Of(source, { bufferLimit: 0, signal: stop.signal, onBytes: () => stop.abort() })
  await expect(hashing).rejects.toMatchObject({ fault: { code: 'cancelled' } })
  await expect(sha256Of(source, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    fault: { code: 'cancelled' },
  })
})

test('who may be asked to wait is asked before each piece, and before the platform takes a buffer', async () => {
  const bytes = counted(1000)
  let asked = 0
  const pause = (): Promise<void> | null => (asked++ % 2 === 0 ? Promise.resolve() : null)
  expect(await sha256Of(new Memory(bytes), { bufferLimit: 0, pause })).toBe(oracle(bytes))
  expect(asked).toBe(4)
  expect(await sha256Of(new Memory(bytes), { pause })).toBe(oracle(bytes))
  expect(asked).toBe(6)
})
