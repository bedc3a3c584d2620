import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { letGo } from '../core/memory/let-go'
import { FileSource } from './file-source'

const folder = mkdtempSync(join(tmpdir(), 'peel-file-source-'))
afterAll(() => rmSync(folder, { recursive: true }))

const MiB = 1024 * 1024
/** Nine pieces, of which no two are alike. */
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

test('a piece that is let go is filled again, and one that is not stays as it is', async () => {
  const kept: [number, Uint8Array][] = []
  const buffers = new Set<ArrayBuffer>()
  let at = 0
  for await (const piece of FileSource.open(file('again')).stream()) {
    expect(Buffer.compare(piece, bytes.subarray(at, at + piece.length))).toBe(0)
    buffers.add(piece.buffer)
    if (at % (3 * MiB) === 0) kept.push([at, piece])
    else letGo(piece)
    at += piece.length
  }
  expect(at).toBe(9 * MiB)
  for (const [from, piece] of kept)
    expect(Buffer.compare(piece, bytes.subarray(from, from + piece.length))).toBe(0)
  // Three are kept, one is looked at, and one comes behind it.
  expect(buffers.size).toBe(5)
})

test('a file that becomes shorter while it is read is a fault, for who reads so far only', async () => {
  const path = file('shrinking')
  const source = FileSource.open(path)
  truncateSync(path, 1.25 * MiB)
  await expect(async () => {
    for await (const piece of source.stream()) expect(piece.length).toBe(MiB)
  }).rejects.toMatchObject({ fault: { code: 'truncated' } })
  // The second piece is on its way, and fails, when the first one is enough.
  for await (const piece of source.stream()) {
    expect(piece.length).toBe(MiB)
    break
  }
  await new Promise((resolve) => setTimeout(resolve, 50)) // A rejection that nobody takes fails the run.
})
