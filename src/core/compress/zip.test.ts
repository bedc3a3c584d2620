/** Zip archives that Python's zipfile wrote, listed. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { MemorySource } from '../bytes/source'
import { listZip } from './zip'

/** What a Python script writes to its standard output. */
const python = (script: string): MemorySource =>
  new MemorySource(new Uint8Array(execFileSync('python3', ['-c', script], { maxBuffer: 64e6 })))

const zipped = (body: string): MemorySource =>
  python(`
import io, sys, zipfile
b = io.BytesIO()
z = zipfile.ZipFile(b, 'w', zipfile.ZIP_DEFLATED)
${body}
z.close()
sys.stdout.buffer.write(b.getvalue())`)

test('names, sizes and directories; a comment at the end is no obstacle', async () => {
  const source = zipped(`
z.writestr('a/', '')
z.writestr('a/b.txt', 'x' * 1000)
z.writestr('ü.txt', 'y')
z.comment = b'PK and so on' * 100`)
  expect(await listZip(source, 100)).toEqual({
    total: 3,
    entries: [
      { path: 'a/', directory: true, bytes: 0 },
      { path: 'a/b.txt', directory: false, bytes: 1000 },
      { path: 'ü.txt', directory: false, bytes: 1 },
    ],
  })
})

test('more than 65,535 entries are counted by the wide record', async () => {
  const listing = await listZip(zipped(`for i in range(70000): z.writestr('f%d' % i, '')`), 10)
  expect(listing.total).toBe(70_000)
  expect(listing.entries).toHaveLength(10)
})

test('a size beyond 4 GiB stands in the extra field', async () => {
  const source = zipped(`
i = zipfile.ZipInfo('big')
z.writestr(i, 'x')
i.file_size = i.compress_size = 5 * 2 ** 30`)
  expect((await listZip(source, 10)).entries).toEqual([{ path: 'big', directory: false, bytes: 5 * 2 ** 30 }])
})

test('one that was cut off, or has a place beyond its end, is refused', async () => {
  const whole = zipped(`z.writestr('a', 'x' * 100)`)
  const bytes = await whole.read(0, whole.size)
  await expect(listZip(new MemorySource(bytes.slice(0, 60)), 10)).rejects.toThrow(/damaged or cut off/)
  const wrong = bytes.slice()
  wrong.fill(0xee, bytes.length - 8, bytes.length - 3)
  await expect(listZip(new MemorySource(wrong), 10)).rejects.toThrow(/damaged or cut off/)
})
