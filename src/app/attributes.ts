/** Mode, owner, time and extended attributes as people type them, and the edit that they amount to. */
import type { MetaEdit } from '../../workers/api'
import { utf8 } from '../core/bytes/text'
import { CAPABILITY_XATTR, capabilityBytes } from '../core/layer/capability'
import { octalMode } from './words'

export interface Attributes {
  /** Octal digits. */
  readonly mode: string
  readonly uid: string
  readonly gid: string
  /** A date in UTC, or seconds. */
  readonly mtime: string
  /** In the words of `Details.xattrs`. */
  readonly xattrs: readonly { readonly name: string; readonly value: string }[]
}

export const MODE_BITS = [
  { bit: 0o4000, words: 'set-user-ID' },
  { bit: 0o2000, words: 'set-group-ID' },
  { bit: 0o1000, words: 'sticky' },
] as const

/** The mode with a bit set or taken away; text that is no mode stays. */
export function withBit(mode: string, bit: number, set: boolean): string {
  if (!isMode(mode)) return mode
  const bits = parseInt(mode, 8)
  return octalMode(set ? bits | bit : bits & ~bit)
}

export const hasBit = (mode: string, bit: number): boolean => isMode(mode) && (parseInt(mode, 8) & bit) !== 0

const isMode = (text: string): boolean => /^[0-7]{1,5}$/.test(text) && parseInt(text, 8) <= 0o7777

/** "2024-09-06T11:20:07Z", with fractions where there are some. */
export function timeText(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) || !Number.isInteger(seconds)
    ? String(seconds)
    : date.toISOString().replace('.000Z', 'Z')
}

/** What differs between two states of the fields; a text says what is wrong. Fields that are empty now stay as they are. */
export function attributesEdit(was: Attributes, now: Attributes): MetaEdit | string {
  const edit: { -readonly [Key in keyof MetaEdit]: MetaEdit[Key] } = {}
  if (now.mode !== was.mode && now.mode !== '') {
    if (!isMode(now.mode)) return 'A mode is octal digits, 0644 or 4755.'
    edit.mode = parseInt(now.mode, 8)
  }
  for (const key of ['uid', 'gid'] as const) {
    if (now[key] === was[key] || now[key] === '') continue
    if (!/^\d{1,10}$/.test(now[key]))
      return 'Owner and group are numbers: an image has its own names for them.'
    edit[key] = Number(now[key])
  }
  if (now.mtime !== was.mtime && now.mtime !== '') {
    const seconds = /^-?\d{1,12}(\.\d+)?$/.test(now.mtime) ? Number(now.mtime) : Date.parse(now.mtime) / 1000
    if (Number.isNaN(seconds)) return 'A time is written as 2026-11-22T10:30:00Z, or in seconds since 1970.'
    edit.mtime = seconds
  }
  try {
    const xattrs = xattrEdits(was.xattrs, now.xattrs)
    if (Object.keys(xattrs).length > 0) edit.xattrs = xattrs
  } catch (thrown) {
    return (thrown as Error).message
  }
  return edit
}

type Pairs = Attributes['xattrs']

function xattrEdits(was: Pairs, now: Pairs): { [name: string]: string | null } {
  const edits: { [name: string]: string | null } = {}
  for (const { name } of was) if (!now.some((pair) => pair.name === name)) edits[name] = null
  for (const { name, value } of now) {
    const before = was.find((pair) => pair.name === name)
    if (before?.value !== value) edits[name] = base64(xattrBytes(name, value))
  }
  return edits
}

/** Capabilities in their words, hex behind "0x", else the text itself. Throws for what is none of them. */
export function xattrBytes(name: string, value: string): Uint8Array {
  if (!value.startsWith('0x')) return name === CAPABILITY_XATTR ? capabilityBytes(value.trim()) : utf8(value)
  const digits = value.slice(2).replaceAll(/\s/g, '')
  if (!/^([0-9a-f]{2})*$/i.test(digits))
    throw new Error(`The value of ${name} is no hex: pairs of 0-9 and a-f.`)
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16))
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}
