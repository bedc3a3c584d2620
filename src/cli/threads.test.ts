import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { JoinedSource, MemorySource } from '../core/bytes/source'
import { FileSource } from './file-source'
import { threads } from './threads'

const folder = mkdtempSync(join(tmpdir(), 'peel-threads-'))
afterAll(() => rmSync(folder, { recursive: true }))

const bytes = Buffer.concat(Array.from({ length: 20 }, (_, i) => Buffer.alloc(1024 * 1024 + 1, i)))
const digest = (of: Uint8Array): string => `sha256:${createHash('sha256').update(of).digest('hex')}`
function file(name: string): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

test('digests are those of the bytes, on a thread or not', async () => {
  const whole = FileSource.open(file('whole'))
  for (const [at, length] of [
    [0, bytes.length],
    [1001, bytes.length - 2002],
    [7, 100],
  ]) {
    let seen = 0
    const onBytes = (count: number): void => void (seen = count)
    expect(await threads.digest(whole.slice(at, length), { onBytes })).toBe(
      digest(bytes.subarray(at, at + length)),
    )
    expect(seen).toBe(length)
  }
  expect(await threads.digest(new MemorySource(new Uint8Array(bytes)))).toBe(digest(bytes))
})

test('what lies in several files is digested in their order', async () => {
  const [one, two] = [FileSource.open(file('one')), FileSource.open(file('two'))]
  const parts = [one.slice(5, 18_000_000), new JoinedSource([two.slice(0, 77), two.slice(1000, 9_000_000)])]
  const due = [bytes.subarray(5, 18_000_005), bytes.subarray(0, 77), bytes.subarray(1000, 9_001_000)]
  expect(await threads.digest(new JoinedSource(parts))).toBe(digest(Buffer.concat(due)))
  // Some of it in memory, as headers are that are written anew.
  const mixed = new JoinedSource([...parts, new MemorySource(new Uint8Array([1, 2, 3]))])
  expect(await threads.digest(mixed)).toBe(digest(Buffer.concat([...due, Buffer.from([1, 2, 3])])))
})

test('a file that became shorter is a fault by name', async () => {
  const path = file('shrinking')
  const source = FileSource.open(path)
  truncateSync(path, bytes.length - 1)
  await expect(threads.digest(source)).rejects.toMatchObject({ fault: { code: 'truncated' } })
  const joined = new JoinedSource([source, FileSource.open(file('whole too'))])
  await expect(threads.digest(joined)).rejects.toMatchObject({ fault: { code: 'truncated' } })
})

test('what is cancelled ends', async () => {
  const cancel = new AbortController()
  const digesting = threads.digest(FileSource.open(file('cancelled')), { signal: cancel.signal })
  cancel.abort()
  await expect(digesting).rejects.toMatchObject({ fault: { code: 'cancelled' } })
})
