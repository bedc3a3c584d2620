/** zlib where it is right, our own walker where it is not: together they are the walker. */
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { JoinedSource, MemorySource, type Bytes, type ByteSource } from '../core/bytes/source'
import { walkGzip } from '../core/compress/gzip'
import { gunzip, inflate } from '../core/compress/inflate'
import { setNativeGunzip } from '../core/compress/native'
import { faultOf, ImageError } from '../core/fault/fault'
import { gunzipByZlib } from './gunzip'

beforeAll(() => setNativeGunzip(gunzipByZlib))
afterAll(() => setNativeGunzip(null))

const gz = (bytes: Uint8Array): Bytes => new Uint8Array(gzipSync(bytes))
const joined = (parts: readonly Bytes[]): ByteSource =>
  new JoinedSource(parts.map((part) => new MemorySource(part)))

/** The plain bytes, or the fault's code, words and place. */
async function outcome(chunks: AsyncIterable<Bytes>): Promise<unknown> {
  const parts: Bytes[] = []
  try {
    for await (const chunk of chunks) parts.push(chunk.slice())
    return Buffer.concat(parts).toString('hex')
  } catch (thrown) {
    const { code, message, where } = faultOf(thrown)
    return { code, message, where }
  }
}

const member = fc.uint8Array({ maxLength: 3000 }).map(gz)
const behind = fc.oneof(
  fc.constant(new Uint8Array(0)),
  fc.constant(new Uint8Array(700)),
  fc.uint8Array({ minLength: 1, maxLength: 20 }),
)

test('members, padding, junk and cuts: the same bytes, or the same fault at the same place', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(member, { minLength: 1, maxLength: 3 }),
      behind,
      fc.option(fc.nat()),
      async (members, rest, cut) => {
        const parts = [...members, Uint8Array.from(rest)]
        const whole = new Uint8Array(Buffer.concat(parts))
        const stored = cut === null ? whole : whole.subarray(0, 1 + (cut % whole.length))
        expect(await outcome(gunzip(joined([stored])))).toEqual(await outcome(walkGzip(joined([stored]))))
      },
    ),
    { numRuns: 150 },
  )
})

test('a byte turned around is found, and where', async () => {
  const stored = gz(Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) >> 3))
  for (const at of [0, 3, 200, stored.length >> 1, stored.length - 6, stored.length - 2]) {
    const damaged = stored.slice()
    damaged[at] ^= 0x55
    expect(await outcome(gunzip(joined([damaged])))).toEqual(await outcome(walkGzip(joined([damaged]))))
  }
})

test('what the source throws is thrown, and a bomb is refused before it is whole', async () => {
  const stored = gz(new Uint8Array(50_000_000))
  class Changed extends MemorySource {
    override stream(): AsyncIterable<Bytes> {
      return (async function* () {
        yield stored.subarray(0, 1000)
        throw new ImageError('source-changed', 'The file changed.')
      })()
    }
  }
  expect(await outcome(gunzip(new Changed(stored)))).toMatchObject({ code: 'source-changed' })
  let most = 0
  const bomb = inflate(joined([stored]), 'gzip', { limit: 5_000_000 })
  await expect(
    (async () => {
      for await (const chunk of bomb) most += chunk.length
    })(),
  ).rejects.toMatchObject({ fault: { code: 'too-large' } })
  expect(most).toBeLessThanOrEqual(5_000_000)
})

test('who stops early leaves nothing running', async () => {
  const stored = gz(new Uint8Array(20_000_000))
  for await (const chunk of gunzipByZlib(joined([stored]))) {
    expect(chunk.length).toBeGreaterThan(0)
    break
  }
})
