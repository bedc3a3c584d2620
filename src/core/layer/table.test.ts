/** What goes into a table comes out of it, however odd: columns are packed for what is usual, and must hold all else. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BLOCK, TYPE, type ScannedEntry } from '../tar/entry'
import { TableBuilder } from './builder'
import { plain } from './layer.fixture'
import {
  bodyAtOf,
  buffersOf,
  directoryRuns,
  headerAtOf,
  linkBytesOf,
  mtimeOf,
  ownerOf,
  pathBytesOf,
  scannedAt,
  sizeOf,
} from './rows'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const word = fc.constantFrom('', '/', '//', './', '../', 'etc/', 'etc', 'a', 'b/', '.', '..', '\xff', '\0')
const path = fc
  .array(word, { maxLength: 5 })
  .map((words) => Uint8Array.from(Buffer.from(words.join(''), 'latin1')))
const blocks = fc.oneof(fc.nat(1000), fc.constantFrom(2 ** 23, 2 ** 32 - 1, 2 ** 32, 2 ** 33, 2 ** 43))
const number = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, -1, 1.5, -0.25, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -(2 ** 40)),
)
const entry: fc.Arbitrary<ScannedEntry> = fc
  .record({
    path,
    header: blocks,
    behind: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constantFrom(-7, 0, 254, 255, 256, 2 ** 32)),
    size: number.map(Math.abs),
    mtime: number,
    uid: number,
    gid: number,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uname: fc.constantFrom('', 'root', 'r\\oot', 'ü'),
    gname: fc.constantFrom('', 'root', 'ot'),
    type: fc.constantFrom(TYPE.file, TYPE.directory, TYPE.symlink, TYPE.hardlink),
    link: path,
  })
  .map(({ header, behind, uname, gname, ...rest }) => ({
    ...plain,
    ...rest,
    headerAt: header * BLOCK,
    bodyAt: (header + behind) * BLOCK,
    uname: bytes(uname),
    gname: bytes(gname),
  }))

function tableOf(entries: readonly ScannedEntry[]): ReturnType<TableBuilder['finish']> {
  const builder = new TableBuilder()
  for (const one of entries) builder.add(one)
  return builder.finish(0)
}

const isLink = ({ type }: ScannedEntry): boolean => type === TYPE.symlink || type === TYPE.hardlink

test('every row comes back as it was found', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 300 }), (entries) => {
      const table = tableOf(entries)
      expect(table.length).toBe(entries.length)
      entries.forEach((one, row) => {
        expect(pathBytesOf(table, row)).toEqual(one.path)
        expect(headerAtOf(table, row)).toBe(one.headerAt)
        expect(bodyAtOf(table, row)).toBe(one.bodyAt)
        expect(sizeOf(table, row)).toBe(one.size)
        expect(mtimeOf(table, row)).toBe(one.mtime)
        expect(linkBytesOf(table, row)).toEqual(isLink(one) ? one.link : new Uint8Array(0))
        const { mode, uid, gid } = ownerOf(table, row)
        expect([mode, uid, gid]).toEqual([one.mode, one.uid, one.gid])
      })
      expect(tableOf(entries.map((_, row) => scannedAt(table, row)))).toEqual(table)
    }),
  )
})

test('rows that follow each other in one directory are one run', () => {
  const paths = ['etc/', 'etc/motd', 'etc/fstab', 'bin/sh', 'etc/hosts', 'README']
  const table = tableOf(paths.map((one) => ({ ...plain, path: bytes(one) })))
  const runs = [...directoryRuns(table)].map(({ dir, from, to }) => [new TextDecoder().decode(dir), from, to])
  expect(runs).toEqual([
    ['', 0, 1],
    ['etc/', 1, 3],
    ['bin/', 3, 4],
    ['etc/', 4, 5],
    ['', 5, 6],
  ])
  expect(table.dirs.end).toHaveLength(3)
})

test('handed to another thread by its buffers it is the same table, and nothing of its columns stays behind', () => {
  const table = tableOf([plain, { ...plain, type: TYPE.symlink, link: bytes('target'), path: bytes('b/c') }])
  const same = structuredClone(table)
  const moved = structuredClone(table, { transfer: buffersOf(table) })
  expect(moved).toEqual(same)
  const left = [
    table.type,
    table.names.bytes,
    table.names.end,
    table.links.bytes,
    table.size.column,
    table.owner,
  ]
  expect(left.map(({ byteLength }) => byteLength)).toEqual([0, 0, 0, 0, 0, 0])
})

test('a layer whose numbers are all large takes no more than doubles for them', () => {
  const entries = Array.from({ length: 5000 }, (_, i) => ({ ...plain, mtime: i + 0.5, size: 2 ** 33 + i }))
  const { mtime, size } = tableOf(entries)
  expect([mtime.beyond.size, size.beyond.size]).toEqual([0, 0])
  expect(size.column[4999]).toBe(2 ** 33 + 4999)
})

test('more owners than eight or sixteen bits can tell apart stay apart', () => {
  const table = tableOf(Array.from({ length: 70_000 }, (_, uid) => ({ ...plain, uid })))
  const rows = [0, 255, 256, 65_535, 65_536, 69_999]
  expect(rows.map((row) => ownerOf(table, row).uid)).toEqual(rows)
  const few = tableOf(Array.from({ length: 300 }, (_, i) => ({ ...plain, uid: i % 256 })))
  const more = tableOf(Array.from({ length: 300 }, (_, i) => ({ ...plain, uid: i % 257 })))
  expect([few, more].map(({ owner }) => owner.BYTES_PER_ELEMENT)).toEqual([1, 2])
  expect([...few.owner, ...more.owner].map((at, i) => (i < 300 ? few : more).owners[at].uid)).toEqual([
    ...Array.from({ length: 300 }, (_, i) => i % 256),
    ...Array.from({ length: 300 }, (_, i) => i % 257),
  ])
})
