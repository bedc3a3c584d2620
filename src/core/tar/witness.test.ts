/** Tars that GNU tar, bsdtar and Python write here and now, in every dialect they know: our reading against theirs. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  bsdtarOf,
  bytesOf,
  differences,
  differencesToMtree,
  folder,
  gnuTarOf,
  has,
  inPieces,
  pythonOf,
  scanOf,
  witnesses,
  type Told,
} from './tar.fixture'

const place = folder()
afterAll(() => place.remove())

const LONG = [99, 100, 101, 154, 155, 156, 255]

/** A tree with all that file systems and writers stumble over; sparse files have 3 and 30 islands of data. */
function plant(): void {
  const at = (...names: string[]): string => join(place.path, 'tree', ...names)
  mkdirSync(at('empty'), { recursive: true })
  writeFileSync(at('file'), 'hello\n')
  writeFileSync(at('empty file'), '')
  writeFileSync(at('block'), new Uint8Array(512).fill(7))
  writeFileSync(at('more'), new Uint8Array(513).fill(8))
  writeFileSync(at('quote"back\\slash\nnewline'), 'odd')
  writeFileSync(Buffer.from(`${at('')}latin-\xe9`, 'latin1'), 'not utf-8')
  writeFileSync(at('größe-☺'), 'utf-8')
  linkSync(at('file'), at('second name'))
  symlinkSync('file', at('link'))
  symlinkSync(`${'../'.repeat(40)}far/${'away/'.repeat(20)}`, at('long link'))
  for (const length of LONG) {
    const name = 'n'.repeat(Math.min(length, 255))
    writeFileSync(at(name), `${length}`)
    linkSync(at(name), at(`${name.slice(0, 250)}-h`))
  }
  let deep = at()
  for (let depth = 0; depth < 12; depth++) mkdirSync((deep = join(deep, 'a-directory-with-a-name')))
  writeFileSync(join(deep, 'leaf'), 'deep')
  spawnSync('mkfifo', [at('fifo')])
  spawnSync('chmod', ['4755', at('file')])
  spawnSync('chmod', ['1777', at('empty')])
  utimesSync(at('block'), 1e9, 1234567890.123456)
  utimesSync(at('more'), 1e9, -86400.5)
  for (const [name, islands] of [
    ['sparse3', 3],
    ['sparse30', 30],
  ] as const) {
    const file = openSync(at(name), 'w')
    for (let i = 0; i < islands; i++) writeSync(file, `island ${i}`, i * 65536 + 8192)
    ftruncateSync(file, islands * 65536 + 100_000)
    closeSync(file)
  }
}

const GNU = [
  ['--format=v7'],
  ['--format=oldgnu'],
  ['--format=gnu'],
  ['--format=ustar'],
  ['--format=pax'],
  ['--format=pax', '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime'],
  ['--format=oldgnu', '--sparse'],
  ['--format=gnu', '--sparse'],
  ['--format=pax', '--sparse', '--sparse-version=0.0'],
  ['--format=pax', '--sparse', '--sparse-version=0.1'],
  ['--format=pax', '--sparse', '--sparse-version=1.0'],
  ['--format=gnu', '--owner=big:3000000000', '--group=bigger:4294967294'],
  ['--format=pax', '--owner=big:3000000000', '--group=bigger:4294967294'],
  ['--format=gnu', '--mtime=@-1000000000'],
  ['--format=pax', '--mtime=@99999999999'],
  ['--format=gnu', '--blocking-factor=1'],
]
const BSD = ['v7', 'ustar', 'gnutar', 'pax', 'pax,xattrheader=ALL']

/** Entries that no file system here has: devices, ids and sizes of any kind, records with raw bytes. */
const PYTHON = `
import sys, tarfile, io
for form, name in ((tarfile.USTAR_FORMAT, 'ustar'), (tarfile.GNU_FORMAT, 'gnu'), (tarfile.PAX_FORMAT, 'pax')):
  with tarfile.open(f'{sys.argv[1]}/python-{name}.tar', 'w', format=form, encoding='utf-8', errors='surrogateescape') as tar:
    def add(name, **fields):
      body = fields.pop('body', b'')
      info = tarfile.TarInfo(name)
      info.size = len(body)
      for key, value in fields.items(): setattr(info, key, value)
      tar.addfile(info, io.BytesIO(body))
    add('dev/null', type=tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666)
    add('dev/sda', type=tarfile.BLKTYPE, devmajor=8, devminor=0, mode=0o660, gid=6, gname='disk')
    add('fifo', type=tarfile.FIFOTYPE, mode=0o600)
    add('sticky', type=tarfile.DIRTYPE, mode=0o1777)
    add('suid', mode=0o6755, body=b'#!', uid=0o7777777, gid=0o7777777, uname='someone', gname='some')
    add('link', type=tarfile.SYMTYPE, linkname='x' * 100)
    add('hard', type=tarfile.LNKTYPE, linkname='suid')
    add('p' * 80 + '/' + 'q' * 90, body=b'prefix')
    add('latin-\\udce9', body=b'raw')
    if form != tarfile.USTAR_FORMAT:
      add('long/' + 'n' * 300, body=b'long')
      add('longer', type=tarfile.SYMTYPE, linkname='t' * 4000)
      add('ids', uid=2**31, gid=2**32-2, mtime=-5, body=b'')
      add('late', mtime=2**33)
    if form == tarfile.PAX_FORMAT:
      add('fraction', mtime=1700000000.25)
      add('attributes', pax_headers={'SCHILY.xattr.user.note': 'a=b\\x00c', 'SCHILY.xattr.security.capability': '\\x01\\x00\\x00\\x02\\udcff', 'comment': 'x'})
      add('latin-long-\\udce9' + 'n' * 200, body=b'raw and long')
`

const made: string[] = []
const skipped: string[] = []
let python: ReadonlyMap<string, Told>

beforeAll(() => {
  plant()
  const env = { ...process.env, LC_ALL: 'C.UTF-8' }
  if (witnesses.tar)
    GNU.forEach((args, i) => {
      const path = join(place.path, `gnu-${i}.tar`)
      spawnSync(
        'tar',
        ['--create', ...args, '--directory', join(place.path, 'tree'), '--file', path, '--sort=name', '.'],
        { env: { ...env, LC_ALL: 'C' } },
      )
      made.push(path)
    })
  if (witnesses.bsdtar)
    for (const format of BSD) {
      const path = join(place.path, `bsd-${format.replace(/\W/g, '-')}.tar`)
      spawnSync(
        'bsdtar',
        ['-cf', path, `--format=${format.split(',')[0]}`, '-C', join(place.path, 'tree'), '.'],
        { env },
      )
      made.push(path)
    }
  if (witnesses.python) {
    execFileSync('python3', ['-c', PYTHON, place.path])
    for (const name of ['ustar', 'gnu', 'pax']) made.push(join(place.path, `python-${name}.tar`))
  }
  python = pythonOf(made)
  if (!has('tar')) skipped.push('tar')
}, 120_000)

const read = (path: string): ReturnType<typeof bytesOf> => new Uint8Array(readFileSync(path))

describe('what other tools write', () => {
  test.skipIf(!witnesses.tar)('GNU tar, in sixteen ways', async () => {
    for (const [i, args] of GNU.entries()) {
      const path = join(place.path, `gnu-${i}.tar`)
      const { entries, fault } = await scanOf(read(path))
      const words = args.join(' ')
      expect(fault, words).toBeNull()
      expect(differences(entries, gnuTarOf(path).entries), `${words}, as GNU tar lists it`).toEqual([])
      expect(differences(entries, python.get(path)!.entries), `${words}, as Python does`).toEqual([])
      // bsdtar cuts v7 times before 1970 to 0 and does not take names that are no UTF-8 in PAX; the rest it reads.
      const third = witnesses.bsdtar ? bsdtarOf(path) : null
      if (third?.error === '')
        expect(differencesToMtree(entries, third.entries), `${words}, as bsdtar does`).toEqual([])
      expect((await scanOf(read(path), inPieces(read(path), 1000))).entries).toEqual(entries)
    }
    const sparse = await scanOf(read(join(place.path, 'gnu-10.tar')))
    expect(sparse.entries.filter((entry) => entry.sparse).map(({ path, size }) => [path, size])).toEqual([
      ['./sparse3', 296_608],
      ['./sparse30', 2_066_080],
    ])
  })

  test.skipIf(!witnesses.bsdtar)('bsdtar, in five formats', async () => {
    for (const format of BSD) {
      const path = join(place.path, `bsd-${format.replace(/\W/g, '-')}.tar`)
      const { entries, fault } = await scanOf(read(path))
      expect(fault, format).toBeNull()
      expect(entries.length, format).toBeGreaterThan(format === 'v7' ? 15 : 20)
      if (witnesses.tar)
        expect(differences(entries, gnuTarOf(path).entries), `${format}, as GNU tar lists it`).toEqual([])
      expect(differences(entries, python.get(path)!.entries), `${format}, as Python does`).toEqual([])
    }
  })

  test.skipIf(!witnesses.python)('Python, with devices, big ids, old times and raw attributes', async () => {
    for (const name of ['ustar', 'gnu', 'pax']) {
      const path = join(place.path, `python-${name}.tar`)
      const { entries, fault } = await scanOf(read(path))
      expect(fault).toBeNull()
      expect(differences(entries, python.get(path)!.entries), name).toEqual([])
      if (witnesses.tar)
        expect(differences(entries, gnuTarOf(path).entries), `${name}, as GNU tar lists it`).toEqual([])
    }
    const { entries } = await scanOf(read(join(place.path, 'python-pax.tar')))
    const pax = entries.find(({ path }) => path === 'attributes')?.pax
    expect(pax).toMatchObject({
      'SCHILY.xattr.user.note': 'a=b\0c',
      'SCHILY.xattr.security.capability': '\x01\0\0\x02\xff',
    })
  })
})
