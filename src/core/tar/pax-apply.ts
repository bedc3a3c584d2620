/** PAX records put on the entry that they are about: its own, and those of global headers before it. */
import { nameText } from '../bytes/text'
import { ImageError } from '../fault/fault'
import type { Notices } from '../fault/notice'
import type { PaxRecord, ScannedEntry } from './entry'
import { parsePaxInteger, parsePaxTime } from './pax'

/** Records of both headers on the entry: the global ones first, the entry's own win. An empty value leaves the header's field (Go: mergePAX). */
export function applyPax(
  entry: ScannedEntry,
  globals: readonly PaxRecord[],
  own: readonly PaxRecord[],
  at: number,
  notices: Notices,
): void {
  for (const record of globals) applyRecord(entry, record, at)
  for (const record of own) applyRecord(entry, record, at)
  const ownKeys = new Set(own.map(({ key }) => key))
  entry.pax = [...globals.filter(({ key }) => !ownKeys.has(key)), ...own]
  if (own.some(({ key }) => key.includes('\\x00')))
    notices.add(
      'warning',
      'tar-nul-in-key',
      'The name of a PAX record holds a NUL byte; engines refuse such a layer.',
      { at, path: nameText(entry.path) },
    )
  if (entry.path.includes(0) || entry.link.includes(0))
    notices.add('warning', 'tar-nul-in-path', 'A path holds a NUL byte; engines refuse such a layer.', {
      at,
      path: nameText(entry.path),
    })
}

function applyRecord(entry: ScannedEntry, { key, value }: PaxRecord, at: number): void {
  if (value.length === 0) return
  switch (key) {
    case 'path':
      entry.path = value
      break
    case 'linkpath':
      entry.link = value
      break
    case 'uname':
      entry.uname = value
      break
    case 'gname':
      entry.gname = value
      break
    case 'size':
      entry.size = wholeNumber(value, key, at, 0)
      break
    case 'uid':
      entry.uid = wholeNumber(value, key, at, -Infinity)
      break
    case 'gid':
      entry.gid = wholeNumber(value, key, at, -Infinity)
      break
    case 'SCHILY.devmajor':
      entry.major = wholeNumber(value, key, at, 0)
      break
    case 'SCHILY.devminor':
      entry.minor = wholeNumber(value, key, at, 0)
      break
    case 'mtime': {
      const time = parsePaxTime(latin(value))
      if (Number.isNaN(time))
        throw new ImageError('bad-pax', `The PAX time "${latin(value).slice(0, 40)}" is not a number.`, {
          at,
        })
      entry.mtime = time
      break
    }
  }
}

function wholeNumber(value: Uint8Array, key: string, at: number, least: number): number {
  const number = parsePaxInteger(latin(value))
  if (number >= least) return number
  throw new ImageError(
    'bad-pax',
    `The PAX record ${key} holds "${latin(value).slice(0, 40)}", which is not a number.`,
    { at },
  )
}

/** A number's text, whole: half of one would be another number, and another place for the next header. */
function latin(value: Uint8Array): string {
  return value.length > 400 ? '' : String.fromCharCode(...value)
}

/** What a global header may set: attributes that every entry has. Nothing of where a body ends (size, GNU.sparse.*). */
const GLOBAL_KEYS = new Set(['path', 'linkpath', 'uname', 'gname', 'uid', 'gid', 'mtime'])

/** The records that are in force behind another global header. */
export function mergeGlobals(
  globals: readonly PaxRecord[],
  more: readonly PaxRecord[],
  at: number,
  notices: Notices,
): PaxRecord[] {
  const kept = more.filter(({ key }) => GLOBAL_KEYS.has(key))
  const keys = [...new Set(more.map(({ key }) => key))].filter((key) => key !== 'comment')
  const applied = keys.filter((key) => GLOBAL_KEYS.has(key))
  const left = keys.filter((key) => !GLOBAL_KEYS.has(key))
  if (applied.length > 0)
    notices.add(
      'warning',
      'tar-global-header',
      `A global PAX header sets ${applied.join(', ')} for all entries that follow: GNU tar does so, Docker does not.`,
      { at },
    )
  if (more.length > 0 && keys.length === 0)
    notices.add('info', 'tar-global-comment', 'A global PAX header with a comment: umoci fails on it.', {
      at,
    })
  if (left.length > 0)
    notices.add(
      left.some((key) => key === 'size' || key.startsWith('GNU.sparse.')) ? 'warning' : 'info',
      'tar-global-ignored',
      `A global PAX header holds ${left.slice(0, 5).join(', ').slice(0, 200)}, which is not applied here, nor by Docker.`,
      { at },
    )
  const last = new Map([...globals, ...kept].map((record) => [record.key, record]))
  return [...last.values()]
}
