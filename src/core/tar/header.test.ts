/** What encodeHeader writes, read back by our scanner, and by GNU tar, bsdtar and Python, without a warning. */
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { bytesOfName, nameText } from '../bytes/text'
import { MemorySource } from '../bytes/source'
import { Notices } from '../fault/notice'
import { TYPE, type PaxRecord, type TypeCode } from './entry'
import { SourceInput } from './input'
import { decodePax, encodePax } from './pax'
import { scanTar } from './scan'
import {
  bsdtarOf,
  bytesOf,
  differences,
  differencesToMtree,
  END_BLOCKS,
  folder,
  gnuTarOf,
  joined,
  latin,
  pythonOf,
  scanOf,
  witnesses,
} from './tar.fixture'
import { encodeHeader, paddingOf, type EntryFields } from './write'

const place = folder()
afterAll(() => place.remove())

const bytes = (constraints: fc.IntArrayConstraints): fc.Arbitrary<Uint8Array> => fc.uint8Array(constraints)

/** Paths of any bytes and of every length around the limits of ustar, with slashes where they like. */
const path = fc
  .oneof(
    bytes({ minLength: 1, maxLength: 12 }),
    fc
      .tuple(
        fc.constantFrom(98, 99, 100, 101, 154, 155, 156, 157, 254, 255, 256, 257, 4000),
        fc.array(fc.nat(4000), { maxLength: 8 }),
        fc.constantFrom(0x61, 0xe9),
      )
      .map(([length, slashes, fill]) => {
        const out = new Uint8Array(length).fill(fill)
        for (const at of slashes) out[at % length] = 0x2f
        return out
      }),
    bytes({ minLength: 1, maxLength: 400 }),
  )
  // A slash at the end makes a directory of it; that is another test.
  .map((name) => (name[name.length - 1] === 0x2f ? Uint8Array.from([...name, 0x78]) : name))

const id = fc.oneof(
  fc.constantFrom(0, 1, 0o7777777, 0o7777777 + 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
)
const time = fc.oneof(
  fc.constantFrom(
    0,
    -1,
    -0.5,
    0.000_000_1,
    1.000_000_001,
    2 ** 33,
    2 ** 33 - 1,
    -(2 ** 40),
    1700000000.123456,
  ),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.double({ min: -1e10, max: 1e10, noNaN: true }).filter((seconds) => Math.abs(seconds) > 1e-9),
)
const key = fc.oneof(
  fc.constantFrom(
    'SCHILY.xattr.user.note',
    'SCHILY.xattr.security.capability',
    'atime',
    'LIBARCHIVE.xattr.user.x',
    'VENDOR.key',
  ),
  bytes({ minLength: 1, maxLength: 20 })
    .filter((raw) => !raw.includes(0x3d) && !raw.includes(0))
    .map((raw) => `SCHILY.xattr.user.${nameText(raw)}`),
)
const record = fc
  .tuple(key, bytes({ minLength: 1, maxLength: 1200 }))
  .map(([name, value]): PaxRecord => ({ key: name, value }))
const name = fc.oneof(
  fc.constant(''),
  fc.constantFrom('root', 'x'.repeat(31), 'x'.repeat(32), 'größe', 'bad\\xff'),
  fc.string({ maxLength: 8 }).map((text) => nameText(new TextEncoder().encode(text))),
)

const fields = fc
  .record({
    path,
    type: fc.constantFrom<TypeCode>(
      TYPE.file,
      TYPE.directory,
      TYPE.symlink,
      TYPE.hardlink,
      TYPE.char,
      TYPE.block,
      TYPE.fifo,
    ),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: id,
    gid: id,
    size: fc.oneof(fc.constantFrom(0, 1, 511, 512, 0o77777777777, 0o77777777777 + 1, 2 ** 40), fc.nat(1e6)),
    mtime: time,
    link: fc.oneof(path, bytes({ minLength: 1, maxLength: 120 })),
    uname: name,
    gname: name,
    major: fc.constantFrom(0, 1, 8, 0o7777777, 0o7777777 + 1),
    minor: fc.constantFrom(0, 3, 255, 2 ** 31),
    pax: fc.uniqueArray(record, { maxLength: 4, selector: (one) => one.key }),
  })
  .map(
    (
      all,
    ): EntryFields & {
      link: Uint8Array
      pax: PaxRecord[]
      major: number
      minor: number
      uname: string
      gname: string
    } => {
      const isLink = all.type === TYPE.symlink || all.type === TYPE.hardlink
      return {
        ...all,
        size: all.type === TYPE.file ? all.size : 0,
        link: isLink ? all.link : new Uint8Array(0),
      }
    },
  )

describe('encodeHeader', () => {
  test('is read back with every field as it was: any bytes, lengths, ids, times and records', async () => {
    await fc.assert(
      fc.asyncProperty(fields, async (all) => {
        const header = encodeHeader(all)
        // Only the header is at hand: bodies of terabytes are promised by it, not written. Of another entry's start nothing is asked.
        const seen = await firstEntry(header)
        expect(latin(seen.path)).toBe(latin(all.path) + (all.type === TYPE.directory ? '/' : ''))
        expect(latin(seen.link)).toBe(latin(all.link))
        expect(latin(seen.uname)).toBe(latin(bytesOfName(all.uname)))
        expect(latin(seen.gname)).toBe(latin(bytesOfName(all.gname)))
        const { type, mode, uid, gid, size, mtime } = all
        expect({ ...seen, path: 0, link: 0, uname: 0, gname: 0, pax: 0 }).toEqual({
          type,
          mode,
          uid,
          gid,
          size,
          mtime,
          path: 0,
          link: 0,
          uname: 0,
          gname: 0,
          pax: 0,
          ...(type === TYPE.char || type === TYPE.block
            ? { major: all.major, minor: all.minor }
            : { major: 0, minor: 0 }),
        })
        for (const { key: wanted, value } of all.pax) {
          const found = seen.pax.find((one) => one.key === wanted)
          expect(found && latin(found.value), wanted).toBe(latin(value))
        }
        // The same again: headers do not depend on the order in which records were given.
        expect(latin(encodeHeader({ ...all, pax: [...all.pax].reverse() }))).toBe(latin(header))
      }),
      { numRuns: 1500 },
    )
  })

  test('records are what they were, in their order', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), (records) => {
        expect(decodePax(encodePax(records), 0).map(({ key: k, value }) => [k, latin(value)])).toEqual(
          records.map(({ key: k, value }) => [k, latin(value)]),
        )
      }),
      { numRuns: 300 },
    )
    // Lengths that count their own digits, around each power of ten.
    for (const length of [1, 2, 3, 4, 5, 84, 85, 86, 87, 980, 981, 982, 983, 9976, 9977, 9978])
      expect(
        decodePax(encodePax([{ key: 'k', value: new Uint8Array(length).fill(10) }]), 0)[0].value.length,
      ).toBe(length)
  })

  test('is read by GNU tar, bsdtar and Python alike, and none of them warns', async () => {
    // What the three have no word for is left out: NULs, fractions before 1970 ("-1.25" is 1.25 s before it to POSIX, Go
    // and Python; GNU tar lists, and bsdtar reads, another second), ids beyond 32 bits, names that are no UTF-8 (bsdtar), unknown records (GNU tar warns of them).
    const plain = fc
      .record({
        path: fc.oneof(
          fc
            .tuple(
              fc.constantFrom(1, 99, 100, 101, 155, 156, 255, 256, 257, 900),
              fc.array(fc.nat(900), { maxLength: 9 }),
            )
            .map(([length, slashes]) => {
              const out = new Uint8Array(length).fill(0x61)
              for (const at of slashes) if (at % 3 === 1) out[at % length] = 0x2f
              for (let at = 200; at < length; at += 200) out[at] = 0x2f // No part longer than file systems take: mtree refuses it.
              out[0] = 0x61
              if (out[length - 1] === 0x2f) out[length - 1] = 0x62
              return out
            }),
          fc
            .stringMatching(/^[a-z ☺é'"$]{1,20}$/)
            .map((text) => new Uint8Array(new TextEncoder().encode(`x${text}x`))),
        ),
        type: fc.constantFrom<TypeCode>(
          TYPE.file,
          TYPE.directory,
          TYPE.symlink,
          TYPE.hardlink,
          TYPE.char,
          TYPE.block,
          TYPE.fifo,
        ),
        mode: fc.integer({ min: 0, max: 0o7777 }),
        uid: fc.constantFrom(0, 1000, 0o7777777, 0o7777777 + 1, 2 ** 32 - 2),
        gid: fc.constantFrom(0, 1000, 0o7777777 + 1),
        size: fc.constantFrom(0, 5, 512, 700),
        mtime: fc.constantFrom(0, 1, 1700000000, 1700000000.25, 2 ** 33, -1, -86400),
        link: fc.constantFrom('t', 'x'.repeat(100), 'y'.repeat(101), 'z/'.repeat(300) + 'z').map(bytesOf),
        uname: fc.constantFrom('', 'root', 'x'.repeat(40)),
        gname: fc.constantFrom('', 'wheel'),
        major: fc.constantFrom(0, 8),
        minor: fc.constantFrom(1, 255),
        pax: fc.constantFrom<PaxRecord[]>(
          [],
          [{ key: 'SCHILY.xattr.user.note', value: bytesOf('a=b\0c') }],
          [{ key: 'atime', value: bytesOf('1700000000.125') }],
        ),
      })
      .map((all) => ({
        ...all,
        size: all.type === TYPE.file ? all.size : 0,
        link: all.type === TYPE.symlink || all.type === TYPE.hardlink ? all.link : new Uint8Array(0),
      }))
    const entries = fc
      .sample(plain, { numRuns: 400, seed: 42 })
      .map((all, i) => ({ ...all, path: joined(bytesOf(`${i}-`), all.path) }))
    const tar = joined(
      ...entries.flatMap((all) => [
        encodeHeader(all),
        new Uint8Array(all.size).fill(0x2e),
        paddingOf(all.size),
      ]),
      END_BLOCKS,
    )
    const file = place.file('written.tar', tar)
    const ours = await scanOf(tar)
    expect(ours.fault).toBeNull()
    expect(ours.notices).toEqual([])
    expect(
      ours.entries.map(({ path: p, mode, uid, gid, size, mtime }) => ({
        p: p.replace(/\/$/, ''),
        mode,
        uid,
        gid,
        size,
        mtime,
      })),
    ).toEqual(
      entries.map(({ path: p, mode, uid, gid, size, mtime }) => ({
        p: latin(p),
        mode,
        uid,
        gid,
        size,
        mtime,
      })),
    )
    if (witnesses.tar) {
      const { entries: theirs, error } = gnuTarOf(file)
      expect(error).toBe('')
      expect(differences(ours.entries, theirs)).toEqual([])
    }
    if (witnesses.python) {
      const { entries: theirs, error } = pythonOf([file]).get(file)!
      expect(error).toBe('')
      expect(differences(ours.entries, theirs)).toEqual([])
    }
    if (witnesses.bsdtar) {
      const { entries: theirs, error } = bsdtarOf(file)
      expect(error).toBe('')
      expect(differencesToMtree(ours.entries, theirs)).toEqual([])
    }
  })
})

interface First {
  path: Uint8Array
  link: Uint8Array
  uname: Uint8Array
  gname: Uint8Array
  pax: readonly PaxRecord[]
  [field: string]: unknown
}

/** The first entry of bytes that may end behind its header. */
async function firstEntry(header: Uint8Array): Promise<First> {
  let first: First | null = null
  await scanTar(
    new SourceInput(new MemorySource(Uint8Array.from(header))),
    ({ path: p, link, uname, gname, pax, type, mode, uid, gid, size, mtime, major, minor }) => {
      first = {
        path: p.slice(),
        link: link.slice(),
        uname: uname.slice(),
        gname: gname.slice(),
        pax: pax ?? [],
        type,
        mode,
        uid,
        gid,
        size,
        mtime,
        major,
        minor,
      }
    },
    new Notices(),
  ).catch(() => undefined) // "truncated": the body is not there.
  if (!first) throw new Error('no entry was seen')
  return first
}
