/**
 * Layers, each odd in one way that engines answer differently: what stands inside an image's tars, not around them. The
 * rules must foresee what every engine does with an image that has such a layer on a plain one.
 */
import { gzipSync } from 'node:zlib'
import { checksums, FIELD, writeOctal } from '../../src/core/tar/field'
import { TYPE, type PaxRecord, type TypeCode } from '../../src/core/tar/entry'
import { encodeHeader, END, paddingOf } from '../../src/core/tar/write'

type Bytes = Uint8Array

interface Fields {
  readonly mode?: number
  readonly uid?: number
  readonly mtime?: number
  readonly body?: string | Bytes
  readonly link?: string
  readonly major?: number
  readonly minor?: number
  readonly pax?: Readonly<Record<string, string | Bytes>>
  /** The last header block, changed before it gets its checksum. */
  readonly block?: (block: Bytes) => void
  /** Its checksum is left as it was. */
  readonly unsealed?: boolean
}

const bytesIn = (text: string | Bytes): Bytes =>
  typeof text === 'string' ? Buffer.from(text, 'latin1') : text

const MODES: { readonly [type: number]: number } = { [TYPE.directory]: 0o755, [TYPE.symlink]: 0o777 }

function entry(type: TypeCode, path: string, fields: Fields = {}): Bytes {
  const body = bytesIn(fields.body ?? '')
  const pax = Object.entries(fields.pax ?? {}).map(([key, value]): PaxRecord => ({
    key,
    value: bytesIn(value),
  }))
  const header = encodeHeader({
    path: bytesIn(path),
    type,
    mode: fields.mode ?? MODES[type] ?? 0o644,
    uid: fields.uid ?? 0,
    gid: 0,
    size: body.length,
    mtime: fields.mtime ?? 1_700_000_000,
    pax,
    ...(fields.link === undefined ? {} : { link: bytesIn(fields.link) }),
    ...(fields.major === undefined ? {} : { major: fields.major, minor: fields.minor ?? 0 }),
  })
  const block = header.subarray(-512)
  fields.block?.(block)
  if (fields.block && !fields.unsealed) {
    writeOctal(block, FIELD.checksum[0], 7, checksums(block, 0).unsigned)
    block[FIELD.checksum[0] + 7] = 0x20
  }
  return Buffer.concat([header, body, paddingOf(body.length)])
}

const f = (path: string, fields: Fields = { body: 'new' }): Bytes => entry(TYPE.file, path, fields)
const d = (path: string, fields: Fields = {}): Bytes => entry(TYPE.directory, path, fields)
const s = (path: string, link: string): Bytes => entry(TYPE.symlink, path, { link })
const h = (path: string, link: string): Bytes => entry(TYPE.hardlink, path, { link })
const c = (path: string, major: number, minor: number): Bytes => entry(TYPE.char, path, { major, minor })
const w = (path: string): Bytes => f(path, {})
const flagged = (flag: string, path: string, body = ''): Bytes =>
  f(path, { body, block: (block) => void (block[156] = flag.charCodeAt(0)) })

/** An extension header of any kind, whatever its body. */
const extension = (flag: string, body: string | Bytes): Bytes =>
  flagged(flag, 'ext', Buffer.from(bytesIn(body)).toString('latin1'))

const tar = (...parts: readonly Bytes[]): Bytes => Buffer.concat([...parts, END])
const field =
  ([at, length]: readonly [number, number], text: string | Bytes) =>
  (block: Bytes): void => {
    block.fill(0, at, at + length)
    block.set(bytesIn(text), at)
  }
const base256 = (value: bigint, length: number): Bytes => {
  const out = new Uint8Array(length)
  let left = value
  for (let i = length - 1; i >= 0; i--, left >>= 8n) out[i] = Number(left & 0xffn)
  out[0] |= 0x80
  return out
}

/** What every odd layer lies on. */
export const LOWER = tar(
  d('d'),
  f('d/one', { body: 'one' }),
  f('file', { body: 'file' }),
  s('link', 'd'),
  s('flink', 'file'),
  d('closed', { mode: 0o700, uid: 42 }),
  f('closed/x', { body: 'x' }),
)

const plain: readonly (readonly [string, Bytes])[] = [
  // Hard links
  ['hardlink-lower', tar(h('new', 'file'))],
  ['hardlink-lower-listed', tar(f('file'), h('new', 'file'))],
  ['hardlink-missing', tar(h('new', 'nowhere'))],
  ['hardlink-forward', tar(h('new', 'zz'), f('zz'))],
  ['hardlink-self', tar(h('new', 'new'))],
  ['hardlink-dotdot', tar(f('zz'), h('new', '../zz'))],
  ['hardlink-absolute', tar(f('zz'), h('new', '/zz'))],
  ['hardlink-dot', tar(f('zz'), h('new', './zz'))],
  ['hardlink-to-directory', tar(d('zz'), h('new', 'zz'))],
  ['hardlink-to-lower-directory', tar(h('new', 'd'))],
  ['hardlink-to-symlink', tar(s('zz', 'yy'), h('new', 'zz'))],
  ['hardlink-through-symlink', tar(d('zz'), f('zz/x'), s('yy', 'zz'), h('new', 'yy/x'))],
  ['hardlink-through-lower-symlink', tar(d('d'), f('d/x'), h('new', 'link/x'))],
  ['hardlink-below-file', tar(f('zz'), h('new', 'zz/x'))],
  ['hardlink-to-whiteout', tar(w('.wh.file'), h('new', 'file'))],
  ['hardlink-empty', tar(h('new', ''))],
  [
    'hardlink-with-size',
    tar(
      f('zz'),
      f('new', {
        body: 'abc',
        block: (block) => {
          block[156] = 0x31
          field(FIELD.link, 'zz')(block)
        },
      }),
    ),
  ],
  ['hardlink-twice', tar(f('zz'), h('new', 'zz'), h('new', 'zz'))],
  // Paths below what is no directory
  ['below-file', tar(f('x'), f('x/y'))],
  ['below-file-directory', tar(f('x'), d('x/y'))],
  ['below-lower-file', tar(f('file/y'))],
  ['below-lower-file-listed', tar(d('file'), f('file/y'))],
  ['below-lower-file-deep', tar(f('file/y/z'))],
  ['below-symlink-to-file', tar(f('x'), s('l', 'x'), f('l/y'))],
  ['below-lower-symlink-to-file', tar(f('flink/y'))],
  ['below-symlink-to-nothing', tar(s('l', 'nothing'), f('l/y'))],
  ['below-symlink', tar(d('x'), s('l', 'x'), f('l/y'))],
  ['below-symlink-absolute', tar(d('x'), s('l', '/x'), f('l/y'))],
  ['below-symlink-to-lower', tar(s('l', 'd'), f('l/y'))],
  ['below-lower-symlink', tar(f('link/y'))],
  ['below-symlink-loop', tar(s('l', 'l'), f('l/y'))],
  ['below-fifo', tar(entry(TYPE.fifo, 'x'), f('x/y'))],
  // Paths that lead out
  ['dotdot', tar(f('../x'))],
  ['dotdot-deep', tar(f('d/../../../x'))],
  ['dotdot-inside', tar(d('x'), f('x/../y'))],
  ['dotdot-directory', tar(d('..'))],
  ['symlink-out', tar(s('l', '../../../../x'))],
  ['symlink-out-below', tar(s('l', '../../../../tmp'), f('l/peel-odd'))],
  ['absolute', tar(f('/x'))],
  ['dot-slash', tar(d('./'), f('./x'))],
  ['slashes', tar(d('x//'), f('x//y'))],
  // The root
  ['root-entry', tar(d('./', { mode: 0o700 }))],
  ['root-dot-file', tar(f('.'))],
  ['root-symlink', tar(s('.', 'd'))],
  ['name-slash', tar(d('/'))],
  ['root-whiteout', tar(w('.wh..'))],
  // Twice
  ['twice-file', tar(f('x'), f('x', { body: 'other' }))],
  ['twice-directory', tar(d('x'), f('x/y'), d('x'))],
  ['twice-file-directory', tar(f('x'), d('x'), f('x/y'))],
  ['twice-directory-file', tar(d('x'), f('x'))],
  ['twice-full-directory-file', tar(d('x'), f('x/y'), f('x'))],
  ['twice-symlink', tar(s('x', 'd'), s('x', 'file'))],
  ['twice-symlink-directory', tar(d('y'), s('x', 'y'), d('x'), f('x/z'))],
  ['twice-directory-symlink', tar(d('y'), d('x'), s('x', 'y'))],
  ['twice-fifo', tar(entry(TYPE.fifo, 'x'), entry(TYPE.fifo, 'x'))],
  ['twice-char', tar(c('x', 1, 3), c('x', 1, 3))],
  ['twice-hardlinked', tar(f('x'), h('y', 'x'), f('x', { body: 'other' }))],
  // Whiteouts
  ['whiteout-bare', tar(w('.wh.'))],
  ['whiteout-bare-below', tar(d('d'), w('d/.wh.'))],
  ['whiteout-dot', tar(d('d'), w('d/.wh..'))],
  ['whiteout-dotdot', tar(d('d'), w('d/.wh...'))],
  ['whiteout-aufs', tar(w('.wh..wh.aufs'), d('.wh..wh.plnk'), f('.wh..wh.plnk/1.2'))],
  ['whiteout-aufs-below', tar(d('d'), w('d/.wh..wh.other'))],
  ['whiteout-aufs-hardlink', tar(d('.wh..wh.plnk'), f('.wh..wh.plnk/1.2'), h('new', '.wh..wh.plnk/1.2'))],
  ['whiteout-after-entry', tar(f('x'), w('.wh.x'))],
  ['whiteout-before-entry', tar(w('.wh.file'), f('file'))],
  ['whiteout-then-directory', tar(w('.wh.d'), d('d'), f('d/new'))],
  ['whiteout-nested', tar(w('.wh.d'), w('d/.wh.one'))],
  ['whiteout-nested-before', tar(d('d'), w('d/.wh.one'), w('.wh.d'))],
  ['whiteout-below-whiteout-entry', tar(w('.wh.d'), f('d/new'))],
  ['whiteout-twice', tar(w('.wh.file'), w('.wh.file'))],
  ['whiteout-of-nothing', tar(w('.wh.nothing'))],
  ['whiteout-below-nothing', tar(w('nothing/.wh.x'))],
  ['whiteout-below-file', tar(w('file/.wh.x'))],
  ['whiteout-below-new-file', tar(f('x'), w('x/.wh.y'))],
  ['whiteout-through-link', tar(w('link/.wh.one'))],
  ['whiteout-is-directory', tar(d('.wh.d'))],
  ['whiteout-is-directory-with-files', tar(d('.wh.d'), f('.wh.d/x'))],
  ['whiteout-is-symlink', tar(s('.wh.file', 'd'))],
  ['whiteout-is-hardlink', tar(f('x'), h('.wh.file', 'x'))],
  ['whiteout-with-contents', tar(f('.wh.file'))],
  ['whiteout-dotdot-path', tar(w('../.wh.file'))],
  ['whiteout-name-long', tar(w(`.wh.${'n'.repeat(252)}`))],
  ['opaque', tar(d('d'), w('d/.wh..wh..opq'), f('d/new'))],
  ['opaque-after', tar(d('d'), f('d/new'), w('d/.wh..wh..opq'))],
  ['opaque-root', tar(w('.wh..wh..opq'), f('new'))],
  ['opaque-unlisted', tar(w('d/.wh..wh..opq'))],
  ['opaque-nothing', tar(w('nothing/.wh..wh..opq'))],
  ['opaque-file', tar(w('file/.wh..wh..opq'))],
  ['opaque-new-file', tar(f('x'), w('x/.wh..wh..opq'))],
  ['opaque-through-link', tar(w('link/.wh..wh..opq'))],
  ['opaque-through-new-link', tar(d('d'), s('l', 'd'), w('l/.wh..wh..opq'))],
  ['opaque-is-directory', tar(d('d'), d('d/.wh..wh..opq'))],
  // Devices
  ['device-char', tar(c('null', 1, 3))],
  ['device-0-0', tar(c('file', 0, 0))],
  ['device-block', tar(entry(TYPE.block, 'x', { major: 7, minor: 0 }))],
  ['device-big', tar(c('x', 4095, 1048575))],
  ['device-too-big', tar(c('x', 2097151, 2097151))],
  ['fifo', tar(entry(TYPE.fifo, 'x'))],
  // Names
  ['name-255', tar(f('n'.repeat(255)))],
  ['name-256', tar(f('n'.repeat(256)))],
  ['name-256-directory', tar(d('n'.repeat(256)))],
  ['path-4090', tar(f(`${'d'.repeat(244)}/`.repeat(16) + 'n'.repeat(170)))],
  ['path-4200', tar(f(`${'d'.repeat(244)}/`.repeat(17) + 'n'.repeat(35)))],
  ['name-not-utf8', tar(f('caf\xe9'))],
  ['name-not-utf8-pax', tar(f('caf\xe9'.padEnd(120, 'x')))],
  ['name-newline', tar(f('a\nb'))],
  ['name-backslash', tar(f('a\\b'))],
  ['name-nul-pax', tar(f('x', { block: undefined, body: 'x' }), extension('x', '13 path=a\0bc\n'), f('y'))],
  ['name-empty-pax', tar(extension('x', '8 path=\n'), f('y'))],
  ['file-with-slash', tar(f('x/'))],
  ['old-directory', tar(flagged('\0', 'x/'), f('x/y'))],
  ['old-file', tar(flagged('\0', 'x', 'old'))],
  // Links
  ['symlink-empty', tar(s('l', ''))],
  ['symlink-4095', tar(s('l', 'x'.repeat(4095)))],
  ['symlink-4096', tar(s('l', 'x'.repeat(4096)))],
  ['symlink-over-directory', tar(s('d', 'file'))],
  // PAX
  ['pax-malformed', tar(extension('x', 'nonsense'), f('x'))],
  ['pax-length-wrong', tar(extension('x', '30 mtime=1\n'), f('x'))],
  ['pax-no-newline', tar(extension('x', '10 mtime=1'), f('x'))],
  ['pax-mtime-nonsense', tar(extension('x', '13 mtime=abc\n'), f('x'))],
  ['pax-size-nonsense', tar(extension('x', '12 size=abc\n'), f('x'))],
  ['pax-size-negative', tar(extension('x', '11 size=-1\n'), f('x'))],
  ['pax-uid-nonsense', tar(extension('x', '11 uid=abc\n'), f('x'))],
  ['pax-unknown-key', tar(f('x', { pax: { 'PEEL.odd': 'x' } }))],
  ['pax-key-empty', tar(extension('x', '6 =ab\n'), f('x'))],
  ['pax-twice', tar(extension('x', '11 mtime=1\n'), extension('x', '11 mtime=2\n'), f('x'))],
  ['pax-global', tar(extension('g', '20 comment=something\n'.replace('20', '21')), f('x'))],
  ['pax-global-path', tar(extension('g', '14 path=other\n'), f('x'))],
  ['pax-large', tar(extension('x', `1100008 ${'c'.repeat(8)}=${'x'.repeat(1099990)}\n`), f('x'))],
  ['pax-solaris', tar(extension('X', '11 mtime=1\n'), f('x'))],
  ['gnu-and-pax', tar(extension('x', '10 path=x\n'), extension('L', 'y'), f('z'))],
  ['gnu-long-twice', tar(extension('L', 'x'), extension('L', 'y'), f('z'))],
  ['xattr-user', tar(f('x', { pax: { 'SCHILY.xattr.user.a': 'b' } }))],
  ['xattr-user-symlink', tar(entry(TYPE.symlink, 'l', { link: 'x', pax: { 'SCHILY.xattr.user.a': 'b' } }))],
  ['xattr-user-fifo', tar(entry(TYPE.fifo, 'p', { pax: { 'SCHILY.xattr.user.a': 'b' } }))],
  ['xattr-no-space', tar(f('x', { pax: { 'SCHILY.xattr.nonsense': 'b' } }))],
  ['xattr-name-long', tar(f('x', { pax: { [`SCHILY.xattr.user.${'n'.repeat(260)}`]: 'b' } }))],
  ['xattr-large', tar(f('x', { pax: { 'SCHILY.xattr.user.a': 'b'.repeat(70_000) } }))],
  ['xattr-opaque', tar(d('d', { pax: { 'SCHILY.xattr.trusted.overlay.opaque': 'y' } }))],
  ['xattr-capability-bad', tar(f('x', { pax: { 'SCHILY.xattr.security.capability': 'bad' } }))],
  ['xattr-acl-bad', tar(f('x', { pax: { 'SCHILY.xattr.system.posix_acl_access': 'bad' } }))],
  ['xattr-selinux', tar(f('x', { pax: { 'SCHILY.xattr.security.selinux': 'system_u:object_r:bin_t:s0' } }))],
  // Sparse
  [
    'sparse-pax-1.0',
    tar(
      extension(
        'x',
        '22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n21 GNU.sparse.name=x\n26 GNU.sparse.realsize=10\n',
      ),
      f('GNUSparseFile.0/x', { body: `1\n0\n3\n`.padEnd(512, '\0') + 'abc' }),
    ),
  ],
  [
    'sparse-pax-0.1',
    tar(
      extension('x', '22 GNU.sparse.size=10\n26 GNU.sparse.numblocks=1\n22 GNU.sparse.map=0,3\n'),
      f('x', { body: 'abc' }),
    ),
  ],
  [
    'sparse-gnu',
    tar(
      f('x', {
        body: 'abc',
        block: (block) => {
          field([257, 8], 'ustar  \0')(block)
          block[156] = 0x53
          block.fill(0, 345, 500)
          field([386, 12], '00000000000')(block)
          field([398, 12], '00000000003')(block)
          field([483, 12], '00000000012')(block)
        },
      }),
    ),
  ],
  // Types
  ['type-7', tar(flagged('7', 'x', 'abc'))],
  ['type-V', tar(flagged('V', 'x'), f('y'))],
  ['type-M', tar(flagged('M', 'x', 'abc'), f('y'))],
  ['type-D', tar(flagged('D', 'x', 'abc'), f('y'))],
  ['type-A', tar(flagged('A', 'x', 'abc'), f('y'))],
  ['type-Z', tar(flagged('Z', 'x'))],
  ['type-s', tar(flagged('s', 'x'))],
  ['directory-with-size', tar(flagged('5', 'x/', 'abc'))],
  [
    'symlink-with-size',
    tar(entry(TYPE.symlink, 'x', { link: 'y', block: field(FIELD.size, '00000000003') }), f('z')),
  ],
  // Numbers
  ['mode-setuid', tar(f('x', { body: 'x', mode: 0o7777 }))],
  ['mode-with-type', tar(f('x', { body: 'x', block: field(FIELD.mode, '0100644') }))],
  ['mode-nonsense', tar(f('x', { body: 'x', block: field(FIELD.mode, 'abcdefg') }))],
  ['uid-2-31', tar(f('x', { body: 'x', uid: 2 ** 31 }))],
  ['uid-2-32-less-2', tar(f('x', { body: 'x', uid: 2 ** 32 - 2 }))],
  ['uid-2-32-less-1', tar(f('x', { body: 'x', uid: 2 ** 32 - 1 }))],
  ['uid-2-32', tar(f('x', { body: 'x', uid: 2 ** 32 }))],
  ['uid-2-40', tar(f('x', { body: 'x', uid: 2 ** 40 + 7 }))],
  ['uid-negative', tar(f('x', { body: 'x', block: field(FIELD.uid, base256(-1n, 8)) }))],
  ['mtime-negative', tar(f('x', { body: 'x', mtime: -1 }))],
  ['mtime-negative-far', tar(f('x', { body: 'x', mtime: -(2 ** 33) }))],
  ['mtime-2-31', tar(f('x', { body: 'x', mtime: 2 ** 31 }))],
  ['mtime-2-33', tar(f('x', { body: 'x', mtime: 2 ** 33 }))],
  ['mtime-2-34', tar(f('x', { body: 'x', mtime: 2 ** 34 }))],
  ['mtime-2-40', tar(f('x', { body: 'x', mtime: 2 ** 40 }))],
  ['mtime-zero', tar(f('x', { body: 'x', mtime: 0 }))],
  ['mtime-directory-far', tar(d('x', { mtime: 2 ** 40 }))],
  ['mtime-symlink-far', tar(entry(TYPE.symlink, 'x', { link: 'y', mtime: 2 ** 40 }))],
  ['mtime-base256', tar(f('x', { body: 'x', block: field(FIELD.mtime, base256(-5n, 12)) }))],
  ['atime-far', tar(f('x', { body: 'x', pax: { atime: '1099511627776' } }))],
  ['size-negative', tar(f('x', { body: 'x', block: field(FIELD.size, base256(-5n, 12)) }))],
  ['size-huge', tar(f('x', { body: 'x', block: field(FIELD.size, base256(1n << 50n, 12)) }))],
  // Damage
  ['checksum', tar(f('x'), f('y', { body: 'y', unsealed: true, block: (block) => void (block[0] = 0x7a) }))],
  ['checksum-first', tar(f('y', { body: 'y', unsealed: true, block: (block) => void (block[0] = 0x7a) }))],
  ['cut-in-body', f('x', { body: 'y'.repeat(3000) }).subarray(0, 1500)],
  ['cut-in-header', Buffer.concat([f('x'), f('y').subarray(0, 300)])],
  ['cut-in-padding', f('x').subarray(0, 520)],
  ['no-end', f('x')],
  ['one-zero-block', Buffer.concat([f('x'), new Uint8Array(512)])],
  ['lone-zero-block', Buffer.concat([f('x'), new Uint8Array(512), f('y'), END])],
  ['rest-behind-end', Buffer.concat([f('x'), END, Buffer.from('rest'.repeat(500))])],
  ['empty', new Uint8Array(0)],
  ['end-only', END],
  ['zero-block-only', new Uint8Array(512)],
  ['text', Buffer.from('This is no tar.\n')],
  ['text-long', Buffer.from('This is no tar.\n'.repeat(200))],
]

export interface OddLayer {
  readonly plain: Bytes
  /** As it lies in the archive, where that is not the plain tar. */
  readonly stored?: Bytes
}

/** By name: what is odd. */
export function oddLayers(): ReadonlyMap<string, OddLayer> {
  const all = new Map<string, OddLayer>(plain.map(([name, bytes]) => [name, { plain: bytes }]))
  const noise = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * i * 7) & 0xff))
  const changed = (packed: Bytes): Bytes =>
    packed.map((byte, i) => (i === packed.length - 6 ? byte ^ 1 : byte))
  const stored: readonly (readonly [string, (packed: Bytes, good: Bytes) => Bytes])[] = [
    ['gzip-good', (packed) => packed],
    ['gzip-cut', (packed) => packed.subarray(0, packed.length >> 1)],
    ['gzip-cut-in-trailer', (packed) => packed.subarray(0, -3)],
    ['gzip-crc', changed],
    ['gzip-zeros-behind', (packed) => Buffer.concat([packed, new Uint8Array(1024)])],
    ['gzip-rest-behind', (packed) => Buffer.concat([packed, Buffer.from('rest behind it')])],
    [
      'gzip-members',
      (_, good) => Buffer.concat([gzipSync(good.subarray(0, 700)), gzipSync(good.subarray(700))]),
    ],
    ['gzip-empty-member', (packed) => Buffer.concat([packed, gzipSync(new Uint8Array(0))])],
  ]
  for (const [name, store] of stored) {
    // Each with a diff_id of its own: an engine does not read again a layer that it has.
    const good = tar(f('x', { body: name }), f('y', { body: noise }))
    all.set(name, { plain: good, stored: store(gzipSync(good), good) })
  }
  all.set('gzip-empty', { plain: new Uint8Array(0), stored: gzipSync(new Uint8Array(0)) })
  all.set('gzip-of-text', { plain: Buffer.from('This is no tar.\n'), stored: gzipSync('This is no tar.\n') })
  return all
}
