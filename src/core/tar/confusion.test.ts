/**
 * Headers that mislead: where a reader takes the wrong size for the wrong header, bytes of one file become entries of
 * their own (CVE-2025-62518, CVE-2026-53655). And the rest of what tars by hand can hold.
 */
import { describe, expect, test } from 'vitest'
import {
  END_BLOCKS,
  inPieces,
  joined,
  latin,
  paxHeader,
  rawEntry,
  rawHeader,
  rawRecords,
  scanOf,
  type Scan,
} from './tar.fixture'

const INNER = joined(rawEntry({ name: 'smuggled' }, 'evil'), rawEntry({ name: 'smuggled2' }, 'evil'))

/** Scanned whole and in pieces, which must not differ. */
async function scan(...parts: Uint8Array[]): Promise<Scan> {
  const tar = joined(...parts)
  const whole = await scanOf(tar)
  const pieces = await scanOf(tar, inPieces(tar, 512 - 7))
  expect({ ...pieces }).toEqual({ ...whole })
  return whole
}
const names = ({ entries }: Scan): string[] => entries.map(({ path }) => path)

describe('a nested tar stays the contents of its file', () => {
  test('a PAX size where the header says 0 (CVE-2025-62518)', async () => {
    const outer = joined(
      paxHeader({ size: String(INNER.length) }),
      rawHeader({ name: 'inner.tar', size: 0 }),
      INNER,
    )
    const seen = await scan(outer, rawEntry({ name: 'after' }), END_BLOCKS)
    expect(names(seen)).toEqual(['inner.tar', 'after'])
    expect(seen.entries[0].size).toBe(INNER.length)
  })

  test('a PAX size applies to the file, not to a long name, link or further header in between', async () => {
    for (const between of [
      rawEntry({ name: '././@LongLink', flag: 'L' }, 'inner.tar\0'),
      rawEntry({ name: '././@LongLink', flag: 'K' }, 'target\0'),
      paxHeader({ comment: 'x' }, 'g'),
    ]) {
      const seen = await scan(
        paxHeader({ size: String(INNER.length) }),
        between,
        rawHeader({ name: 'inner.tar', size: 0 }),
        INNER,
        rawEntry({ name: 'after' }),
        END_BLOCKS,
      )
      expect(names(seen)).toEqual(['inner.tar', 'after'])
    }
  })

  test('a PAX size applies to the next file only', async () => {
    const seen = await scan(
      paxHeader({ size: '4' }),
      rawHeader({ name: 'one', size: 0 }),
      rawEntry({}, 'four').subarray(512),
      rawEntry({ name: 'two' }, INNER),
      END_BLOCKS,
    )
    expect(seen.entries.map(({ path, size }) => [path, size])).toEqual([
      ['one', 4],
      ['two', INNER.length],
    ])
  })

  test('a size smaller than the header’s, and one with many leading zeros', async () => {
    const seen = await scan(
      paxHeader({ size: `${'0'.repeat(80)}4` }),
      rawHeader({ name: 'one', size: 10_000 }),
      rawEntry({}, 'four').subarray(512),
      rawEntry({ name: 'two' }),
      END_BLOCKS,
    )
    expect(names(seen)).toEqual(['one', 'two'])
  })

  test('a global size, or a global sparse map, applies to nothing; it is said', async () => {
    const seen = await scan(
      paxHeader({ size: '1024', 'GNU.sparse.map': '0,1024', 'GNU.sparse.size': '1024' }, 'g'),
      rawEntry({ name: 'one' }, 'four'),
      rawEntry({ name: 'two' }),
      END_BLOCKS,
    )
    expect(seen.entries.map(({ path, size }) => [path, size])).toEqual([
      ['one', 4],
      ['two', 0],
    ])
    expect(seen.notices).toEqual(['tar-global-ignored'])
  })

  test('a file whose name ends in a slash keeps its body (Go, GNU tar)', async () => {
    const seen = await scan(rawEntry({ name: 'folder/' }, INNER), rawEntry({ name: 'after' }), END_BLOCKS)
    expect(names(seen)).toEqual(['folder/', 'after'])
    expect(seen.notices).toEqual(['tar-slash-file'])
  })

  test('links, directories and devices have no body, whatever size they claim (Go: isHeaderOnly); it is said', async () => {
    for (const flag of ['1', '2', '3', '4', '5', '6']) {
      const seen = await scan(
        rawHeader({ name: 'x', flag, size: 512, link: 'y' }),
        rawEntry({ name: 'after' }),
        END_BLOCKS,
      )
      expect(names(seen), flag).toEqual(['x', 'after'])
      expect(seen.notices, flag).toEqual(['tar-size-without-body'])
    }
  })

  test('an unknown type has a body, as in Go; it is said', async () => {
    const seen = await scan(
      rawEntry({ name: 'volume', flag: 'Q' }, INNER),
      rawEntry({ name: 'after' }),
      END_BLOCKS,
    )
    expect(names(seen)).toEqual(['volume', 'after'])
    expect(seen.notices).toEqual(['tar-type'])
  })

  test.each(['-1', '1e3', '4 ', '', '0x10', '4\0', '9'.repeat(40), '0'.repeat(500) + '4'])(
    'a PAX size of "%s" is a fault or none',
    async (size) => {
      const seen = await scan(paxHeader({ size }), rawEntry({ name: 'one' }, 'four'), END_BLOCKS)
      if (size === '') expect(names(seen)).toEqual(['one'])
      else expect(seen.fault).toMatchObject({ code: 'bad-pax', where: { at: 1024 } })
    },
  )

  test.each([
    '-0000000001\0',
    '        8   ',
    '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
    '\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
  ])('a size field of %j is no size', async (size) => {
    expect((await scan(rawHeader({ size }), END_BLOCKS)).fault).toMatchObject({
      code: 'bad-header',
      where: { at: 0 },
    })
  })
})

describe('two headers of one kind', () => {
  test('the later one counts, as for Go, GNU tar and bsdtar, and it is said', async () => {
    const seen = await scan(
      paxHeader({ path: 'first', size: '9' }),
      paxHeader({ path: 'second' }),
      rawEntry({ name: 'x' }, 'four'),
      END_BLOCKS,
    )
    expect(names(seen)).toEqual(['second'])
    expect(seen.notices).toEqual(['tar-header-twice'])
  })

  test('a GNU long name counts more than a PAX path, as in Go, and it is said', async () => {
    const seen = await scan(
      paxHeader({ path: 'pax' }),
      rawEntry({ name: '././@LongLink', flag: 'L' }, 'gnu\0'),
      rawEntry({ name: 'x' }),
      END_BLOCKS,
    )
    expect(names(seen)).toEqual(['gnu'])
    expect(seen.notices).toEqual(['tar-mixed-headers'])
  })

  test('a header with nothing behind it is a fault', async () => {
    expect((await scan(paxHeader({ path: 'x' }), END_BLOCKS)).fault?.code).toBe('truncated')
    expect((await scan(rawEntry({ flag: 'L' }, 'x\0'))).fault?.code).toBe('truncated')
  })
})

describe('sizes beyond 4 GiB', () => {
  const GIB = 2 ** 30
  test.each<[string, Uint8Array]>([
    ['octal, 8 GiB less one', rawHeader({ size: '77777777777\0' })],
    ['eleven digits and no NUL', rawHeader({ size: '777777777777' })],
    ['base-256', rawHeader({ size: '\x80\0\0\0\0\0\0\x05\0\0\0\x01' })],
    ['PAX', joined(paxHeader({ size: String(20 * GIB + 1) }), rawHeader({ size: 0 }))],
  ])('%s', async (_, header) => {
    const due = [8 * GIB - 1, 64 * GIB - 1, 20 * GIB + 1, 20 * GIB + 1]
    const { fault, entries } = await scanOf(joined(header))
    expect(due).toContain(entries[0].size)
    expect(fault).toMatchObject({ code: 'truncated' })
    expect(fault?.message).toContain(String(entries[0].size))
  })

  test('times and ids in base-256, negative ones too', async () => {
    const seen = await scan(
      rawHeader({
        mtime: '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe',
        uid: '\x80\0\0\0\x80\0\0\0',
        gid: '\x80\0\0\x01\0\0\0\0',
      }),
      END_BLOCKS,
    )
    expect(seen.entries[0]).toMatchObject({ mtime: -2, uid: 2 ** 31, gid: 2 ** 32 })
  })
})

describe('sparse maps', () => {
  const map = (flat: number[]): string => {
    const text = `${flat.length / 2}\n${flat.join('\n')}\n`
    return text.padEnd(Math.ceil(text.length / 512) * 512, '\0')
  }
  const sparse10 = (flat: number[], data: string, size: number): Uint8Array =>
    joined(
      paxHeader({
        'GNU.sparse.major': '1',
        'GNU.sparse.minor': '0',
        'GNU.sparse.name': 'x',
        'GNU.sparse.realsize': String(size),
      }),
      rawEntry({ name: 'GNUSparseFile.0/x' }, map(flat) + data),
    )

  test('a map of the whole body, and one over several blocks', async () => {
    const seen = await scan(
      sparse10([0, 4], 'data', 10),
      sparse10(Array.from({ length: 200 }, (_, i) => [i * 10, 1]).flat(), 'd'.repeat(200), 5000),
      END_BLOCKS,
    )
    expect(seen.fault).toBeNull()
    expect(seen.entries.map(({ path, size }) => [path, size])).toEqual([
      ['x', 10],
      ['x', 5000],
    ])
  })

  test.each<[string, Uint8Array]>([
    ['runs overlap', sparse10([0, 4, 2, 4], 'datadata', 10)],
    ['runs out of order', sparse10([6, 4, 0, 4], 'datadata', 10)],
    ['a run behind the end', sparse10([8, 4], 'data', 10)],
    ['more than is stored', sparse10([0, 5], 'data', 10)],
    ['less than is stored', sparse10([0, 3], 'data', 10)],
    ['a run of more than can be', sparse10([0, 2 ** 52], 'data', 2 ** 53 - 1)],
    [
      'no count',
      joined(
        paxHeader({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '1' }),
        rawEntry({}, 'x'.repeat(1024)),
      ),
    ],
    [
      'a count that never comes to its end',
      joined(
        paxHeader({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '1' }),
        rawEntry({}, '999999\n0\n'),
      ),
    ],
    [
      'no real size',
      joined(paxHeader({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0' }), rawEntry({}, '0\n')),
    ],
    [
      'an odd 0.1 map',
      joined(paxHeader({ 'GNU.sparse.map': '0,1,2', 'GNU.sparse.size': '9' }), rawEntry({}, 'x')),
    ],
    [
      'text in a 0.1 map',
      joined(paxHeader({ 'GNU.sparse.map': '0,a', 'GNU.sparse.size': '9' }), rawEntry({}, 'x')),
    ],
    [
      'an old map that overlaps',
      rawEntry(
        {
          flag: 'S',
          magic: 'ustar  \0',
          at: { 386: '00000000000\x0000000000004\x0000000000002\x0000000000004\0', 483: '00000000100\0' },
        },
        'datadata',
      ),
    ],
  ])('%s is a fault', async (_, parts) => {
    expect((await scan(parts, END_BLOCKS)).fault).toMatchObject({
      code: expect.stringMatching(/bad-sparse|bad-pax/) as string,
    })
  })
})

describe('the end of a tar', () => {
  const file = rawEntry({ name: 'a' }, 'x')
  test.each<[string, Uint8Array[], string, string[]]>([
    ['two zero blocks', [END_BLOCKS], 'marker', []],
    ['and garbage behind', [END_BLOCKS, rawEntry({ name: 'ghost' })], 'marker', []],
    ['one zero block', [new Uint8Array(512)], 'lone-zero', []],
    [
      'one zero block and an entry',
      [new Uint8Array(512), rawEntry({ name: 'ghost' })],
      'lone-zero',
      ['tar-lone-zero'],
    ],
    ['nothing', [], 'missing', ['tar-no-end']],
    ['half a block of zeros', [new Uint8Array(100)], 'missing', ['tar-no-end']],
  ])('%s', async (_, rest, end, notices) => {
    const seen = await scan(file, ...rest)
    expect(names(seen)).toEqual(['a'])
    expect(seen.end?.end).toBe(end)
    expect(seen.notices).toEqual(notices)
  })

  test('the last body may lack its padding, and no byte of its own', async () => {
    expect(names(await scan(file.subarray(0, 513)))).toEqual(['a'])
    expect((await scan(file.subarray(0, 512))).fault).toMatchObject({ code: 'truncated', where: { at: 512 } })
    expect((await scan(file, rawHeader({ name: 'b' }).subarray(0, 300))).fault).toMatchObject({
      code: 'truncated',
      where: { at: 1024 },
    })
  })

  test('an empty tar, and no bytes at all', async () => {
    expect(await scan(END_BLOCKS)).toMatchObject({ entries: [], fault: null })
    expect(await scan(new Uint8Array(0))).toMatchObject({ entries: [], fault: null })
  })

  test('what is no header is a fault with its place', async () => {
    expect((await scan(file, new Uint8Array(512).fill(1))).fault).toMatchObject({
      code: 'bad-header',
      where: { at: 1024 },
    })
    expect((await scan(file, rawHeader({ checksum: '0000001\0' }))).fault).toMatchObject({
      code: 'bad-header',
      where: { at: 1024 },
    })
  })
})

describe('PAX records', () => {
  test.each<[string, string]>([
    ['a length too short', '5 a=bcd\n'],
    ['a length beyond the body', '99 a=b\n'],
    ['no length', 'a=b\n'],
    ['no equals sign', '7 abcd\n'],
    ['no key', '6 =bc\n'],
    ['no newline', '6 a=bc'],
    ['a length of nothing', '0 a=b\n'],
  ])('%s is a fault', async (_, body) => {
    expect((await scan(rawEntry({ flag: 'x' }, body), rawEntry({}), END_BLOCKS)).fault?.code).toBe('bad-pax')
  })

  test('keys and values of any bytes; an empty value leaves what the header has', async () => {
    const seen = await scan(
      rawEntry(
        { flag: 'x' },
        rawRecords({
          'SCHILY.xattr.user.\xff\xfe': 'a=b\n\0c',
          path: '',
          uid: '-2',
          uname: 'x'.repeat(40),
          mtime: '-1.25',
        }),
      ),
      rawEntry({ name: 'kept' }),
      END_BLOCKS,
    )
    expect(seen.entries[0]).toMatchObject({
      path: 'kept',
      uid: -2,
      mtime: -1.25,
      pax: { 'SCHILY.xattr.user.\\xff\\xfe': 'a=b\n\0c' },
    })
  })

  test('a global path, as GNU tar has it, until it is set again; it is said', async () => {
    const seen = await scan(
      paxHeader({ uid: '7', mtime: '5' }, 'g'),
      rawEntry({ name: 'a' }),
      paxHeader({ uid: '8' }),
      rawEntry({ name: 'b' }),
      paxHeader({ uid: '9' }, 'g'),
      rawEntry({ name: 'c' }),
      END_BLOCKS,
    )
    expect(seen.entries.map(({ path, uid, mtime }) => [path, uid, mtime])).toEqual([
      ['a', 7, 5],
      ['b', 8, 5],
      ['c', 9, 5],
    ])
    expect(seen.notices).toEqual(['tar-global-header', 'tar-global-header'])
  })

  test('a comment for all, as git archive writes it, is nothing to anyone but umoci', async () => {
    const { notices } = await scan(paxHeader({ comment: 'abc' }, 'g'), rawEntry({}), END_BLOCKS)
    expect(notices).toEqual(['tar-global-comment'])
  })

  test('a body of more than 16 MiB is a fault, and it is not read', async () => {
    expect((await scan(rawHeader({ flag: 'x', size: 2 ** 31 }))).fault).toMatchObject({
      code: 'too-large',
      where: { at: 0 },
    })
  })
})

describe('names', () => {
  test('v7, ustar with a prefix, star with times behind a shorter one', async () => {
    const star = { 345: 'p'.repeat(131), 476: '00000000001\x0000000000002\0', 508: 'tar\0' }
    const seen = await scan(
      rawEntry({ name: 'v7', magic: '' }),
      rawEntry({ name: 'n'.repeat(100), prefix: 'p'.repeat(155) }),
      rawEntry({ name: 'star', at: star }),
      rawEntry({ name: 'old/', flag: '\0', magic: '' }),
      END_BLOCKS,
    )
    expect(names(seen)).toEqual([
      'v7',
      `${'p'.repeat(155)}/${'n'.repeat(100)}`,
      `${'p'.repeat(131)}/star`,
      'old/',
    ])
    expect(seen.entries[3].type).toBe('directory')
  })

  test('"./", absolute, doubled slashes, dots and an empty name stay as they are written', async () => {
    const odd = [
      './a',
      '/etc/passwd',
      'a//b',
      'a/../b',
      '..',
      '',
      '.wh.',
      'with\nnewline',
      latin(Uint8Array.of(0xff, 0xfe)),
    ]
    expect(names(await scan(...odd.map((name) => rawEntry({ name })), END_BLOCKS))).toEqual(odd)
  })
})
