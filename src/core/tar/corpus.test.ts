/** Every tar of the corpus: what our scanner sees, what expected.json says, and what other tools see today. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { corpusFile, expectedOf } from '../../testkit/corpus'
import {
  bare,
  bsdtarOf,
  differences,
  differencesToMtree,
  gnuContentsOf,
  gnuTarOf,
  inPieces,
  pythonOf,
  scanOf,
  witnesses,
  type Scan,
  type Told,
} from './tar.fixture'

type PlainEntry = [
  path: string,
  type: string,
  size: number,
  mode: number,
  uid: number,
  gid: number,
  mtime: number,
  link: string,
]
interface Expected {
  readonly error?: string
  readonly plain?: {
    readonly counts: Record<string, number>
    readonly pax_keys?: Record<string, number>
    readonly xattrs?: readonly [string, string][]
  }
  readonly plain_entries?: readonly PlainEntry[]
}
const tars = [...expectedOf()].filter(([name]) => name.startsWith('tar/')) as unknown as readonly [
  string,
  Expected,
][]

/** Tars that engines refuse too; Go's own tests say so for those of its archive. */
const REFUSED: Record<string, string> = {
  'go-archive-tar/issue10968.tar': 'bad-header',
  'go-archive-tar/issue11169.tar': 'bad-pax',
  'go-archive-tar/issue12435.tar': 'bad-header',
  'go-archive-tar/neg-size.tar': 'bad-header',
  'go-archive-tar/pax-bad-hdr-file.tar': 'bad-pax', // Python reads on as if the damaged record were not there.
  'go-archive-tar/pax-bad-mtime-file.tar': 'bad-pax', // GNU tar, bsdtar and Python show another time; Go refuses.
  'go-archive-tar/pax-path-hdr.tar': 'truncated',
  'go-archive-tar/writer-big.tar': 'truncated', // Headers of 16 GiB files, without the files.
  'go-archive-tar/writer-big-long.tar': 'truncated',
}

/** Where a tool sees something else, why we do not follow it. Checked both ways: the difference must be there. */
const DISAGREE: Record<string, Partial<Record<'gnu' | 'bsdtar' | 'python', string>>> = {
  'go-archive-tar/gnu-incremental.tar': {
    gnu: 'shows type D, a list of names, as a directory; Go has no such type',
    bsdtar: 'the same',
    python: 'reads the times that old GNU headers keep behind the name as a prefix',
  },
  'go-archive-tar/gnu-multi-hdrs.tar': {
    python: 'takes the first of two long names; Go, GNU tar and bsdtar the second',
  },
  'go-archive-tar/pax-multi-hdrs.tar': {
    python: 'takes the first of two PAX headers',
    bsdtar: 'refuses two',
  },
  'go-archive-tar/hdr-only.tar': {
    gnu: 'steps over bodies that links and devices cannot have; Go (isHeaderOnly) and Python do not',
    python: 'shows the size that stands in such a header',
  },
  'go-archive-tar/invalid-go17.tar': { gnu: 'knows nothing of what Go wrote before 1.8', bsdtar: 'the same' },
  'go-archive-tar/nil-uid.tar': {
    bsdtar: 'reads the size field past its NUL, as 2176; Go, GNU tar and Python as 14',
  },
  'go-archive-tar/pax-global-records.tar': {
    gnu: 'takes an empty record for an empty name; Go for none',
    bsdtar: 'applies no global record; neither does Go, and a notice says so',
    python: 'as GNU tar',
  },
  'go-archive-tar/pax-nil-sparse-data.tar': { python: 'does not read sparse files whose map has empty runs' },
  'go-archive-tar/pax-nil-sparse-hole.tar': { python: 'the same' },
  'go-archive-tar/pax-sparse-big.tar': { python: 'does not take GNU.sparse.realsize' },
  'go-archive-tar/pax-nul-path.tar': {
    gnu: 'cuts the path at its NUL; Go refuses it, which a notice says',
    bsdtar: 'the same',
  },
  'go-archive-tar/pax-nul-xattrs.tar': {
    bsdtar: 'refuses a key with a NUL, as Go does, which a notice says',
  },
}

/** Contents of gigabytes of zeros: sizes are compared, digests would take minutes. */
const HUGE = /big\.tar|sparse-large\.tar|gnu-incremental\.tar/

const paths = tars.map(([name]) => corpusFile(name))
let python: ReadonlyMap<string, Told> | undefined
const pythonSees = (path: string): Told | undefined => (python ??= pythonOf(paths)).get(path)

test('tars that are read side by side are what each is alone', async () => {
  const all = paths.filter((path) => !HUGE.test(path)).map((path) => new Uint8Array(readFileSync(path)))
  const alone: Scan[] = []
  for (const bytes of all) alone.push(await scanOf(bytes, inPieces(bytes, 700)))
  expect(await Promise.all(all.map((bytes) => scanOf(bytes, inPieces(bytes, 700))))).toEqual(alone)
})

describe.each(tars)('%s', (name, want) => {
  const short = name.replace(/^tar\//, '')
  const path = corpusFile(name)
  const bytes = new Uint8Array(readFileSync(path))

  if (REFUSED[short]) {
    test('is a fault with a place, as for engines', async () => {
      const { fault } = await scanOf(bytes)
      expect(fault).toMatchObject({ code: REFUSED[short], where: { at: expect.any(Number) as number } })
      expect((await scanOf(bytes, inPieces(bytes, 700))).fault).toEqual(fault)
    })
    return
  }

  test('is what expected.json says, in one piece and in many', async () => {
    const { entries, fault } = await scanOf(bytes)
    expect(fault).toBeNull()
    expect((await scanOf(bytes, inPieces(bytes, 700))).entries).toEqual(entries)
    if (want.plain) expect(entries.length).toBe(want.plain.counts.entries)
    for (const [entry, key] of want.plain?.xattrs ?? []) {
      const seen = entries.find((one) => bare(one.path) === bare(entry))
      expect(Object.keys(seen?.pax ?? {})).toContain(key.replace('\0', '\\x00'))
    }
    if (DISAGREE[short]?.python) return // expected.json was made with Python.
    const listed = (want.plain_entries ?? []).map(([p, type, size, mode, uid, gid, mtime, link]) => ({
      path: Buffer.from(
        p.replace(/[\udc80-\udcff]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xdc00)),
        /[\udc80-\udcff]/.test(p) ? 'latin1' : 'utf8',
      ).toString('latin1'),
      type: { dir: 'directory' }[type] ?? type,
      size,
      mode: mode & 0o7777,
      uid,
      gid,
      mtime,
      link,
    }))
    // Times are whole seconds there.
    expect(
      differences(
        entries.map((entry) => ({ ...entry, sha256: undefined, mtime: Math.trunc(entry.mtime) })),
        listed,
      ),
    ).toEqual([])
  })

  test('is what GNU tar, bsdtar and Python see', async () => {
    const { entries } = await scanOf(bytes)
    const told: Record<string, string[]> = {}
    if (witnesses.tar) told.gnu = differences(entries, gnuTarOf(path).entries)
    if (witnesses.bsdtar && !HUGE.test(name))
      told.bsdtar = differencesToMtree(entries, bsdtarOf(path).entries)
    const third = pythonSees(path)
    if (third) told.python = differences(entries, third.entries)
    for (const [tool, lines] of Object.entries(told)) {
      const why = DISAGREE[short]?.[tool as 'gnu']
      if (why) expect(lines, `${tool} agrees now; it was thought that it ${why}`).not.toEqual([])
      else expect(lines, tool).toEqual([])
    }
  })

  // Into a pipe, GNU tar leaves out the hole at the end of a sparse file (Go's reader says so, too): Python is the witness there.
  if (witnesses.tar && !HUGE.test(name) && !/sparse-formats/.test(name) && !DISAGREE[short]?.gnu)
    test('holds the bytes that GNU tar extracts', async () => {
      const contents = createHash('sha256')
      await scanOf(bytes, undefined, (content) => contents.update(content))
      expect(contents.digest('hex')).toBe(gnuContentsOf(path))
    })
})

test('the corpus has tars of both kinds', () => {
  if (tars.length === 0) return
  expect(tars.length).toBe(61)
  expect(Object.keys(REFUSED).every((name) => tars.some(([there]) => there === `tar/${name}`))).toBe(true)
})
