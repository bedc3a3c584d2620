import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { FileSource } from './file-source'

const folder = mkdtempSync(join(tmpdir(), 'peel-file-source-'))
afterAll(() => rmSync(folder, { recursive: true }))

const MiB = 1024 * 1024
/** Nine megabytes, so three pieces, of which no two are alike. */
const bytes = Buffer.concat(Array.from({ length: 9 }, (_, i) => Buffer.alloc(MiB, i)))
function file(name: string): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

test.each([
  ['whole', 0, 9 * MiB],
  ['a slice', 3 * MiB + 7, 5 * MiB],
  ['nothing', MiB, 0],
])('a stream is the bytes in order: %s', async (name, at, length) => {
  const pieces: Uint8Array[] = []
  for await (const piece of FileSource.open(file(name)).slice(at, length).stream()) pieces.push(piece)
  expect(Buffer.concat(pieces).equals(bytes.subarray(at, at + length))).toBe(true)
})

test('a file that becomes shorter while it is read is a fault, for who reads so far only', async () => {
  const path = file('shrinking')
  const source = FileSource.open(path)
  truncateSync(path, 5 * MiB)
  await expect(async () => {
    for await (const piece of source.stream()) expect(piece.length).toBe(4 * MiB)
  }).rejects.toMatchObject({ fault: { code: 'truncated' } })
  // The second piece is on its way, and fails, when the first one is enough.
  for await (const piece of source.stream()) {
    expect(piece.length).toBe(4 * MiB)
    break
  }
  await new Promise((resolve) => setTimeout(resolve, 50)) // A rejection that nobody takes fails the run.
})
