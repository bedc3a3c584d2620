/** Small things that say they are big: refused with a fault that says how to go on, or read in bounded memory, and always left when asked. */
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { JoinedSource, MemorySource, ZeroSource, type ByteSource, type Bytes } from '../core/bytes/source'
import { utf8 } from '../core/bytes/text'
import { plainLimit } from '../core/compress/inflate'
import { faultIn } from '../core/fault/fault.fixture'
import { TableBuilder } from '../core/layer/builder'
import { tableOf, unionOfTars } from '../core/rootfs/rootfs.fixture'
import { unite } from '../core/rootfs/union'
import { TYPE } from '../core/tar/entry'
import { encodePax } from '../core/tar/pax'
import { encodeHeader, END, paddingOf } from '../core/tar/write'
import { buildArchive, tarOf } from '../testkit/archive'
import { openArchiveIn, openSource } from './open'
import { scanStored } from './scan'

const MIB = 1024 * 1024
const gzip = (bytes: Uint8Array): Bytes => new Uint8Array(gzipSync(bytes))
/** The same bytes again and again, without holding them more than once. */
const repeated = (bytes: Bytes, times: number): ByteSource =>
  new JoinedSource(Array.from({ length: times }, () => new MemorySource(bytes)))
const header = (path: string, size = 0, type: 0 | 1 = TYPE.file): Bytes =>
  encodeHeader({ path: utf8(path), type, mode: 0o755, uid: 0, gid: 0, size, mtime: 0 })

/** A zstd frame of blocks that each say "128 KiB of zeros" in four bytes (RFC 8878, 3.1.1.2). */
function zstdOfZeros(blocks: number): Bytes {
  const frame = new Uint8Array(6 + 4 * blocks)
  frame.set([0x28, 0xb5, 0x2f, 0xfd, 0, 0x50])
  for (let i = 0; i < blocks; i++) {
    const word = (131072 << 3) | 2 | (i === blocks - 1 ? 1 : 0)
    frame.set([word & 255, (word >> 8) & 255, word >> 16, 0], 6 + 4 * i)
  }
  return frame
}

describe('what inflates to 100 GB of zeros', () => {
  const gzipBomb = repeated(gzip(new Uint8Array(16 * MIB)), 6400)
  const zstdBomb = repeated(zstdOfZeros(8192), 100)

  test.each([
    ['gzip', gzipBomb],
    ['zstd', zstdBomb],
  ] as const)('%s: is refused, with a way to go on', async (compression, bomb) => {
    expect(bomb.size).toBeLessThan(plainLimit(0) / 16)
    const fault = await faultIn(scanStored(bomb, compression, { mostPlain: 64 * MIB }))
    expect(fault.code).toBe('too-large')
    expect(fault.message).toContain('inflate it outside and open the result')
    expect((await faultIn(openSource(bomb, { mostPlain: 64 * MIB }))).code).toBe('too-large')
  })

  test.each([
    ['gzip', gzipBomb],
    ['zstd', zstdBomb],
  ] as const)('%s: is left when asked', async (compression, bomb) => {
    const stop = new AbortController()
    let seen = 0
    const job = scanStored(bomb, compression, {
      signal: stop.signal,
      onBytes: (done) => {
        seen = done
        if (done > 8 * MIB) stop.abort()
      },
    })
    expect((await faultIn(job)).code).toBe('cancelled')
    expect(seen).toBeLessThan(64 * MIB)
  })

  test('ordinary data of any size is not taken for one', () => {
    expect(plainLimit(1)).toBe(2 * 1024 ** 3)
    expect(plainLimit(10e9)).toBe(200e9)
  })
})

describe('many of a thing', () => {
  test('200,000 entries in a megabyte are read', async () => {
    const some = new Uint8Array(
      Buffer.concat(Array.from({ length: 1000 }, (_, i) => header(`dir-${i % 10}/file-${i}`))),
    )
    const { table, plainBytes } = await scanStored(repeated(gzip(some), 200), 'gzip')
    expect(table.length).toBe(200_000)
    expect(plainBytes).toBe(200_000 * 512)
    expect(unite([table]).length).toBe(1 + 10 + 1000)
  })

  test('100,000 siblings of names alike take no more than linear time', async () => {
    const names = Array.from({ length: 100_000 }, (_, i) => header(String(i).padStart(8, '0')))
    const table = await tableOf(new Uint8Array(Buffer.concat([...names, END])))
    const start = performance.now()
    expect(unite([table]).length).toBe(100_001)
    expect(performance.now() - start).toBeLessThan(3000)
  })

  test('10,000 nested directories, each listed', async () => {
    const parts = Array.from({ length: 10_000 }, (_, i) => header('d/'.repeat(i + 1), 0, TYPE.directory))
    const { tree, notices } = await unionOfTars([new Uint8Array(Buffer.concat([...parts, END]))])
    expect(tree.length).toBe(10_001)
    expect(notices.every(({ code }) => code === 'path-too-long')).toBe(true)
  })

  test('500 layers with 500 lines of history', async () => {
    const drawing = `image many:1\n${'layer RUN true\n  f a "x"\n'.repeat(500)}`
    const archive = await openArchiveIn(new MemorySource(buildArchive(drawing)))
    expect(archive.images[0].steps.length).toBe(500)
    expect(archive.notices.filter(({ severity }) => severity === 'error')).toEqual([])
  })

  test('names of gigabytes are a fault', () => {
    const builder = new TableBuilder()
    const path = new Uint8Array(16 * MIB).fill(0x61)
    const entry = {
      path,
      link: new Uint8Array(0),
      pax: null,
      sparse: null,
      uname: new Uint8Array(0),
      gname: new Uint8Array(0),
      headerAt: 0,
      bodyAt: 0,
      size: 0,
      stored: 0,
      type: TYPE.file,
      flag: 0x30,
      mode: 0,
      uid: 0,
      gid: 0,
      mtime: 0,
      major: 0,
      minor: 0,
    }
    expect(() => {
      for (let i = 0; i < 100; i++) builder.add(entry)
    }).toThrow('The names and attributes of this layer are more than')
    expect(builder.length).toBeLessThan(17)
  })

  test('millions of PAX records before one file are a fault', async () => {
    const body = new Uint8Array(
      Buffer.concat(Array.from({ length: 200_000 }, () => encodePax([{ key: 'a', value: utf8('b') }]))),
    )
    const pax = header('x', body.length)
    pax[156] = 0x78
    let sum = 0
    for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 0x20 : pax[i]
    pax.set(utf8(`${sum.toString(8).padStart(6, '0')}\0 `), 148)
    expect(
      (await faultIn(tableOf(new Uint8Array(Buffer.concat([pax, body, paddingOf(body.length)]))))).code,
    ).toBe('too-large')
  })
})

describe('documents', () => {
  const huge = (name: string): ByteSource[] => [
    new MemorySource(header(name, 1024 ** 3)),
    new ZeroSource(1024 ** 3),
  ]

  test('a gigabyte of manifest.json is refused without being read', async () => {
    const fault = await faultIn(
      openArchiveIn(new JoinedSource([...huge('manifest.json'), new MemorySource(END)])),
    )
    expect(fault).toMatchObject({ code: 'too-large', where: { member: 'manifest.json' } })
  })

  test('beside another description it hides nothing', async () => {
    const archive = await openArchiveIn(
      new JoinedSource([
        ...huge('index.json'),
        new MemorySource(tarOf([['blobs/x', new Uint8Array(0)]]).slice(0, 512)),
        new MemorySource(buildArchive('layer\n f a', { shape: 'docker20' })),
      ]),
    )
    expect(archive.images.length).toBe(1)
    expect(archive.notices.map(({ code }) => code)).toContain('description-broken')
  })
})
