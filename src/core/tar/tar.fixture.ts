/** What our scanner sees in a tar, and what GNU tar, bsdtar and Python's tarfile see, in one form; for the tests of this folder. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { MemorySource, type Bytes } from '../bytes/source'
import { ImageError, type Fault } from '../fault/fault'
import { Notices } from '../fault/notice'
import { toReader } from '../memory/let-go'
import { TYPE, type PaxRecord } from './entry'
import { checksums } from './field'
import { SourceInput, StreamInput, type TarInput } from './input'
import { scanTar, type ScanEnd } from './scan'

/** One entry. Names are bytes, one character each (latin1), so that no decoder stands between what is compared. */
export interface Seen {
  path: string
  type: string
  size: number
  mode: number
  uid: number
  gid: number
  mtime: number
  link: string
  major?: number
  minor?: number
  /** Of regular files up to 64 MiB, holes filled with zeros. */
  sha256?: string
  sparse?: true
  pax?: Record<string, string>
}

export interface Scan {
  readonly entries: Seen[]
  readonly notices: readonly string[]
  readonly fault: Fault | null
  readonly end: ScanEnd | null
}

export const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
export const bytesOf = (text: string): Bytes => new Uint8Array(Buffer.from(text, 'latin1'))
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const NAMES = Object.fromEntries(Object.entries(TYPE).map(([name, code]) => [code, name]))
const MOST_CONTENT = 64 << 20

/** Our own reading; a fault is part of the answer. */
export async function scanOf(
  tar: Bytes,
  input: TarInput = new SourceInput(new MemorySource(tar)),
  onContent: (content: Uint8Array) => void = () => {},
): Promise<Scan> {
  const notices = new Notices()
  const entries: Seen[] = []
  let fault: Fault | null = null
  let end: ScanEnd | null = null
  try {
    end = await scanTar(
      input,
      (entry) => {
        const { type, size, sparse, stored, bodyAt } = entry
        const seen: Seen = {
          path: latin(entry.path),
          type: NAMES[type],
          size,
          mode: entry.mode,
          uid: entry.uid,
          gid: entry.gid,
          mtime: entry.mtime,
          link: latin(entry.link),
        }
        if (type === TYPE.char || type === TYPE.block)
          Object.assign(seen, { major: entry.major, minor: entry.minor })
        if (type === TYPE.file && size <= MOST_CONTENT && bodyAt + stored <= tar.length) {
          const content = new Uint8Array(size)
          const runs = sparse ? [...sparse.runs] : [0, size]
          for (let i = 0, from = sparse?.storedAt ?? bodyAt; i < runs.length; from += runs[i + 1], i += 2)
            content.set(tar.subarray(from, from + runs[i + 1]), runs[i])
          seen.sha256 = sha256(content)
          onContent(content)
        }
        if (sparse) seen.sparse = true
        if (entry.pax) seen.pax = Object.fromEntries(entry.pax.map(({ key, value }) => [key, latin(value)]))
        entries.push(seen)
      },
      notices,
    )
  } catch (thrown) {
    if (!(thrown instanceof ImageError)) throw thrown
    fault = thrown.fault
  }
  return { entries, notices: notices.list.map(({ code }) => code), fault, end }
}

/** The same from a stream that comes in small pieces, each freed once it is passed: every header is met across a border sooner or later. */
export function inPieces(tar: Bytes, size: number): TarInput {
  vi.stubGlobal('navigator', { userAgentData: {} }) // As in Chromium, where pieces are freed.
  async function* pieces(): AsyncIterable<Bytes> {
    for (let at = 0; at < tar.length; at += size) yield toReader(tar.slice(at, at + size))
  }
  return new StreamInput(pieces())
}

// ---------------------------------------------------------------- witnesses

export const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0
export const witnesses = { tar: has('tar'), bsdtar: has('bsdtar'), python: has('python3') }
for (const [name, there] of Object.entries(witnesses))
  if (!there)
    console.warn(`\nSKIPPED: ${name} is not installed; what it says of tars is not compared here.\n`)

/** A folder for the length of a test file; call `remove` at its end. */
export function folder(): {
  readonly path: string
  file(name: string, bytes: Uint8Array): string
  remove(): void
} {
  const path = mkdtempSync(join(tmpdir(), 'peel-tar-'))
  return {
    path,
    file(name, bytes) {
      writeFileSync(join(path, name), bytes)
      return join(path, name)
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

export interface Told {
  readonly entries: Seen[]
  /** What it complained about; empty where all was well. */
  readonly error: string
}

const PYTHON = `
import sys, json, tarfile, hashlib
def raw(s): return s.encode('utf-8', 'surrogateescape').decode('latin1')
TYPES = {b'0': 'file', b'\\0': 'file', b'7': 'file', b'S': 'file', b'1': 'hardlink', b'2': 'symlink', b'3': 'char', b'4': 'block', b'5': 'directory', b'6': 'fifo'}
out = {}
for name in sys.argv[1:]:
  entries, error = [], ''
  try:
    with tarfile.open(name, 'r:', encoding='utf-8', errors='surrogateescape') as tar:
      for m in tar:
        e = dict(path=raw(m.name), type=TYPES.get(m.type, 'other'), size=m.size, mode=m.mode & 0o7777, uid=m.uid, gid=m.gid, mtime=m.mtime, link=raw(m.linkname),
          pax={raw(k): raw(v) for k, v in m.pax_headers.items()})
        if e['type'] in ('char', 'block'): e.update(major=m.devmajor, minor=m.devminor)
        entries.append(e)
        if e['type'] == 'file' and m.size <= ${MOST_CONTENT}: e['sha256'] = hashlib.sha256(tar.extractfile(m).read()).hexdigest()
  except Exception as x: error = type(x).__name__ + ': ' + str(x)
  out[name] = dict(entries=entries, error=error)
print(json.dumps(out))`

/** What Python's tarfile sees, of many files at once: starting it costs more than reading them. */
export function pythonOf(paths: readonly string[]): ReadonlyMap<string, Told> {
  if (!witnesses.python) return new Map()
  const text = execFileSync('python3', ['-c', PYTHON, ...paths], { encoding: 'utf8', maxBuffer: 1 << 28 })
  return new Map(Object.entries(JSON.parse(text) as Record<string, Told>))
}

const LETTERS: Record<string, string> = {
  '-': 'file',
  h: 'hardlink',
  l: 'symlink',
  c: 'char',
  b: 'block',
  d: 'directory',
  p: 'fifo',
  C: 'file',
}

function modeOf(text: string): number {
  let mode = 0
  for (let i = 0; i < 9; i++) if (!/[-ST]/.test(text[i])) mode |= 0o400 >> i
  if (/[sS]/.test(text[2])) mode |= 0o4000
  if (/[sS]/.test(text[5])) mode |= 0o2000
  if (/[tT]/.test(text[8])) mode |= 0o1000
  return mode
}

const C_ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' }

/** A name as GNU tar quotes it for C, octal escapes included. */
function fromC(text: string): string {
  return text.replace(/\\([0-7]{3})|\\(.)/g, (_, octal?: string, letter?: string) =>
    octal ? String.fromCharCode(parseInt(octal, 8)) : (C_ESCAPES[letter!] ?? letter!),
  )
}

const LINE =
  /^(.)(\S{9})\s+(-?\d+)\/(-?\d+)\s+(\d+)(?:,(\d+))?\s+(-?\d+-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)?\s+"((?:[^"\\]|\\.)*)"(?: (?:link to|->) "((?:[^"\\]|\\.)*)")?/

/** What GNU tar lists. */
export function gnuTarOf(path: string): Told {
  const { stdout, stderr } = spawnSync(
    'tar',
    ['--list', '--verbose', '--numeric-owner', '--full-time', '--utc', '--quoting-style=c', '--file', path],
    { env: { ...process.env, LC_ALL: 'C' }, maxBuffer: 1 << 28 },
  )
  const entries: Seen[] = []
  for (const line of stdout.toString('latin1').split('\n')) {
    const match = LINE.exec(line)
    if (!match) continue
    const [, letter, mode, uid, gid, size, minor, date, fraction, name, link] = match
    const type = LETTERS[letter] ?? 'other'
    const isDevice = minor !== undefined
    entries.push({
      path: fromC(name),
      type,
      size: isDevice ? 0 : Number(size),
      mode: modeOf(mode),
      uid: Number(uid),
      gid: Number(gid),
      mtime: Date.parse(`${date.replace(' ', 'T')}Z`) / 1000 + Number(fraction ?? 0),
      link: fromC(link ?? ''),
      ...(isDevice ? { major: Number(size), minor: Number(minor) } : {}),
    })
  }
  return { entries, error: stderr.toString('latin1').trim() }
}

/** SHA-256 of all contents that GNU tar extracts, one behind the other. */
export function gnuContentsOf(path: string): string {
  const { stdout } = spawnSync('tar', ['--extract', '--to-stdout', '--file', path], {
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: 1 << 28,
  })
  return sha256(stdout)
}

const MTREE_TYPES: Record<string, string> = {
  file: 'file',
  dir: 'directory',
  link: 'symlink',
  char: 'char',
  block: 'block',
  fifo: 'fifo',
}
const MTREE =
  'mtree:!all,mtree:type,mtree:size,mtree:mode,mtree:uid,mtree:gid,mtree:time,mtree:link,mtree:sha256,mtree:device'

const fromMtree = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))

/** What bsdtar sees, sorted by it and each path once; hard links look like files without contents there, and are left out. */
export function bsdtarOf(path: string): Told {
  const { stdout, stderr } = spawnSync(
    'bsdtar',
    ['-cf', '-', '--format=mtree', `--options=${MTREE}`, `@${path}`],
    {
      env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
      maxBuffer: 1 << 28,
    },
  )
  const entries: Seen[] = []
  for (const line of stdout
    .toString('latin1')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')) {
    if (!line.startsWith('.') && !line.startsWith('/')) continue
    const [name, ...words] = line.split(/\s+/).filter(Boolean)
    const value = new Map(
      words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
    )
    const [seconds, nanos] = (value.get('time') ?? '0.0').split('.').map(Number)
    const device = value.get('device')?.split(',').slice(-2).map(Number)
    entries.push({
      path: fromMtree(name),
      type: MTREE_TYPES[value.get('type') ?? ''] ?? 'other',
      size: Number(value.get('size') ?? 0),
      mode: parseInt(value.get('mode') ?? '0', 8),
      uid: Number(value.get('uid') ?? 0),
      gid: Number(value.get('gid') ?? 0),
      mtime: seconds + nanos / 1e9,
      link: fromMtree(value.get('link') ?? ''),
      ...(value.has('sha256digest') ? { sha256: value.get('sha256digest') } : {}),
      ...(device ? { major: device[0], minor: device[1] } : {}),
    })
  }
  return { entries, error: stderr.toString('utf8').trim() }
}

/** "./a//b/" and "/a/b" as "a/b": tools disagree only about how they show them. */
export const bare = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/') || '.'

/** Fields in which two readings differ, one line each. Only fields that both give are compared. */
export function differences(ours: readonly Seen[], theirs: readonly Seen[]): string[] {
  const lines: string[] = []
  if (ours.length !== theirs.length) lines.push(`${ours.length} entries, they see ${theirs.length}`)
  ours.slice(0, theirs.length).forEach((one, i) => {
    const other = theirs[i]
    const say = (field: string, a: unknown, b: unknown): void =>
      void lines.push(
        `${one.path.slice(0, 40)}: ${field} ${JSON.stringify(a)}, they see ${JSON.stringify(b)}`,
      )
    if (bare(one.path) !== bare(other.path)) say('path', one.path, other.path)
    for (const field of ['type', 'size', 'mode', 'uid', 'gid', 'link', 'major', 'minor', 'sha256'] as const)
      if (one[field] !== undefined && other[field] !== undefined && one[field] !== other[field])
        say(field, one[field], other[field])
    if (!(Math.abs(one.mtime - other.mtime) < 1e-6)) say('mtime', one.mtime, other.mtime)
  })
  return lines
}

/**
 * Differences to what bsdtar's mtree lists: each path once, sorted; hard links look like files there, and its digest
 * of a sparse file leaves the holes out.
 */
export function differencesToMtree(ours: readonly Seen[], theirs: readonly Seen[]): string[] {
  const last = new Map<string, Seen>()
  for (const entry of ours) last.set(bare(entry.path), entry.sparse ? { ...entry, sha256: undefined } : entry)
  const links = new Set(ours.filter(({ type }) => type === 'hardlink').map(({ path }) => bare(path)))
  const without = (entries: readonly Seen[]): Seen[] =>
    sortedByPath(entries.filter(({ path }) => !links.has(bare(path))))
  return differences(without([...last.values()]), without(theirs))
}

const sortedByPath = (entries: readonly Seen[]): Seen[] =>
  [...entries].sort((a, b) => (bare(a.path) < bare(b.path) ? -1 : 1))

// ---------------------------------------------------------------- tars by hand

/** Fields of a header given as text, as they stand in the block. */
export interface RawHeader {
  readonly name?: string
  readonly mode?: string
  readonly uid?: string
  readonly gid?: string
  readonly size?: string | number
  readonly mtime?: string
  readonly flag?: string
  readonly link?: string
  readonly magic?: string
  readonly uname?: string
  readonly gname?: string
  readonly major?: string
  readonly minor?: string
  readonly prefix?: string
  /** Text at any offset, last. */
  readonly at?: Readonly<Record<number, string>>
  readonly checksum?: string
}

/** One block with that in it, sealed with the right checksum unless one is given. */
export function rawHeader(fields: RawHeader): Bytes {
  const block = new Uint8Array(512)
  const put = (at: number, length: number, text: string): void =>
    block.set(bytesOf(text.slice(0, length)), at)
  put(0, 100, fields.name ?? 'file')
  put(100, 8, fields.mode ?? '0000644\0')
  put(108, 8, fields.uid ?? '0000000\0')
  put(116, 8, fields.gid ?? '0000000\0')
  put(
    124,
    12,
    typeof fields.size === 'string' ? fields.size : `${(fields.size ?? 0).toString(8).padStart(11, '0')}\0`,
  )
  put(136, 12, fields.mtime ?? '00000000000\0')
  put(156, 1, fields.flag ?? '0')
  put(157, 100, fields.link ?? '')
  put(257, 8, fields.magic ?? 'ustar\x0000')
  put(265, 32, fields.uname ?? '')
  put(297, 32, fields.gname ?? '')
  put(329, 8, fields.major ?? '')
  put(337, 8, fields.minor ?? '')
  put(345, 155, fields.prefix ?? '')
  for (const [at, text] of Object.entries(fields.at ?? {})) put(Number(at), 512, text)
  put(148, 8, fields.checksum ?? `${checksums(block, 0).unsigned.toString(8).padStart(6, '0')}\0 `)
  return block
}

/** A header with a body behind it, padded; its size field says how long the body is, unless it is given. */
export function rawEntry(fields: RawHeader, body: Uint8Array | string = ''): Bytes {
  const bytes = typeof body === 'string' ? bytesOf(body) : body
  return joined(rawHeader({ size: bytes.length, ...fields }), bytes, new Uint8Array(-bytes.length & 511))
}

export const joined = (...parts: readonly Uint8Array[]): Bytes => new Uint8Array(Buffer.concat(parts))
export const END_BLOCKS: Bytes = new Uint8Array(1024)

/** PAX records as text: each "key=value" with its length before it. */
export function rawRecords(records: Readonly<Record<string, string>> | readonly PaxRecord[]): Bytes {
  const pairs: readonly (readonly [string, string])[] = Array.isArray(records)
    ? (records as readonly PaxRecord[]).map(({ key, value }) => [key, latin(value)] as const)
    : Object.entries(records as Record<string, string>)
  return bytesOf(
    pairs
      .map(([key, value]) => {
        const rest = ` ${key}=${value}\n`
        let length = rest.length
        while (length !== rest.length + String(length).length) length = rest.length + String(length).length
        return `${length}${rest}`
      })
      .join(''),
  )
}

export const paxHeader = (
  records: Readonly<Record<string, string>>,
  flag = 'x',
  fields: RawHeader = {},
): Bytes => rawEntry({ name: 'PaxHeaders/x', flag, ...fields }, rawRecords(records))
