import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { JoinedSource, MemorySource, readAll, type ByteSource } from '../bytes/source'
import { utf8 } from '../bytes/text'
import { crc32 } from '../compress/crc32'
import { fileMember, type ArchiveMember } from './archive'
import { zipParts } from './zip'

const crcOf = async (source: ByteSource): Promise<number> => crc32(await readAll(source, 1e9))
const members: ArchiveMember[] = [
  { path: 'metadata/', source: null },
  fileMember('metadata/config.json', new MemorySource(utf8('{"a":1}'))),
  fileMember('LAYER_0.tar', new MemorySource(new Uint8Array(100_000).fill(7))),
  fileMember('empty', null),
]

/** What Python's zipfile finds: names, sizes, and whether every CRC is right. */
function pythonSays(bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'zip-'))
  try {
    writeFileSync(join(folder, 'x.zip'), bytes)
    return execFileSync(
      'python3',
      [
        '-c',
        'import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nprint(z.testzip())\nfor i in z.infolist(): print(i.filename,i.file_size,oct(i.external_attr>>16),i.date_time[0])',
        join(folder, 'x.zip'),
      ],
      { encoding: 'utf8' },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('Python finds every member, whole; the same members give the same bytes', async () => {
  const zip = await readAll(new JoinedSource(await zipParts(members, crcOf)), 1e9)
  expect(pythonSays(zip).trim().split('\n')).toEqual([
    'None',
    'metadata/ 0 0o40755 1980',
    'metadata/config.json 7 0o100644 1980',
    'LAYER_0.tar 100000 0o100644 1980',
    'empty 0 0o100644 1980',
  ])
  expect(await readAll(new JoinedSource(await zipParts(members, crcOf)), 1e9)).toEqual(zip)
})

test('members beyond 4 GiB have their sizes and places in ZIP64 fields', async () => {
  const GIB = 2 ** 30
  const big = { ...new MemorySource(new Uint8Array(0)), size: 5 * GIB } as unknown as ByteSource
  const parts = await zipParts([fileMember('big', big), fileMember('after', null)], async () => 1)
  const bytes = async (part: ByteSource): Promise<DataView> =>
    new DataView((await readAll(part, 1000)).buffer as ArrayBuffer)
  const local = await bytes(parts[0])
  expect(local.getUint32(18, true)).toBe(0xffffffff)
  expect(local.getBigUint64(30 + 3 + 4, true)).toBe(BigInt(5 * GIB))
  const [, , , first, second, end] = parts
  expect((await bytes(first)).getBigUint64(46 + 3 + 4, true)).toBe(BigInt(5 * GIB))
  const secondAt = parts[0].size + 5 * GIB
  expect((await bytes(second)).getBigUint64(46 + 5 + 4, true)).toBe(BigInt(secondAt))
  const last = await bytes(end)
  const centralAt = secondAt + parts[2].size
  expect(last.getUint32(0, true)).toBe(0x06064b50)
  expect(last.getBigUint64(48, true)).toBe(BigInt(centralAt))
  expect(last.getBigUint64(56 + 8, true)).toBe(BigInt(centralAt + first.size + second.size))
  expect(last.getUint32(76, true)).toBe(0x06054b50)
})
