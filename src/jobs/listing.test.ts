/** Archives within an image, listed. */
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { MemorySource } from '../core/bytes/source'
import { buildLayer } from '../testkit/archive'
import { parseNotation } from '../testkit/notation'
import { listingOf } from './listing'

const tar = buildLayer(
  parseNotation(`layer
    d a/
    f a/b "hello"
    s a/c -> b
    f big 100000 bytes`).images[0].layers[0],
)
const entries = [
  { path: 'a/', type: 'directory', bytes: 0, link: '' },
  { path: 'a/b', type: 'file', bytes: 5, link: '' },
  { path: 'a/c', type: 'symlink', bytes: 0, link: 'b' },
  { path: 'big', type: 'file', bytes: 100_000, link: '' },
]
const listed = (bytes: Uint8Array, name = 'x') => listingOf(new MemorySource(new Uint8Array(bytes)), name)

test('a tar, plain or compressed', async () => {
  expect(await listed(tar)).toEqual({ format: 'tar', total: 4, entries })
  expect(await listed(gzipSync(tar))).toEqual({ format: 'tar, gzip', total: 4, entries })
})

test('a compressed file that is no tar: its name without the ending, and what it would weigh', async () => {
  expect(await listed(gzipSync('hello\n'.repeat(1000)), 'notes.txt.gz')).toEqual({
    format: 'gzip',
    total: 1,
    entries: [{ path: 'notes.txt', type: 'file', bytes: 6000, link: '' }],
  })
})

test('what is no archive is refused', async () => {
  await expect(listed(new TextEncoder().encode('words'))).rejects.toThrow(/no tar, zip or compressed file/)
  await expect(listed(new Uint8Array(0))).rejects.toThrow(/no tar, zip/)
})

test('one that is damaged says so', async () => {
  const zipped = gzipSync(tar)
  await expect(listed(zipped.subarray(0, zipped.length - 20))).rejects.toThrow()
})
