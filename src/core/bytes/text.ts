/** Names out of an archive are bytes. Text for people is made here, and made back into the same bytes. */
import type { Bytes } from './source'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

export function utf8(text: string): Bytes {
  return encoder.encode(text) as Bytes
}

/** UTF-8 text, or null where the bytes are none. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes)
  } catch {
    return null
  }
}

/**
 * Bytes of a name as text: UTF-8 as it is, any other byte as `\xNN`, control characters as `\xNN` and a backslash as
 * `\\`, so that no two names look the same and `bytesOfName` finds the way back.
 */
export function nameText(bytes: Uint8Array): string {
  // Plain ASCII, nearly every name there is, without asking a decoder.
  let plain = bytes.length < 256
  for (let i = 0; plain && i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte < 0x20 || byte > 0x7e || byte === 0x5c) plain = false
  }
  if (plain) return String.fromCharCode.apply(null, bytes as unknown as number[])
  const whole = decodeUtf8(bytes)
  return whole === null ? piecewise(bytes) : escapeControls(whole)
}

function escapeControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f\\]/g, (c) => (c === '\\' ? '\\\\' : `\\x${hex(c.charCodeAt(0))}`))
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

function piecewise(bytes: Uint8Array): string {
  let out = ''
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at)
    const text = length > 0 ? decodeUtf8(bytes.subarray(at, at + length)) : null
    if (text === null) out += `\\x${hex(bytes[at++])}`
    else {
      out += escapeControls(text)
      at += length
    }
  }
  return out
}

/** Length of the UTF-8 sequence that the byte at `at` announces; 0 where none can start or it does not fit. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]
  const length = lead < 0x80 ? 1 : lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0
  return lead < 0xf8 && at + length <= bytes.length ? length : 0
}

/** The bytes that `nameText` was given. A backslash that starts no escape stands for itself. */
export function bytesOfName(text: string): Bytes {
  if (!text.includes('\\')) return utf8(text)
  const pieces: number[] = []
  const pattern = /\\x([0-9a-f]{2})|\\\\|[^\\]+|\\/gi
  for (const match of text.matchAll(pattern)) {
    if (match[1] !== undefined) pieces.push(parseInt(match[1], 16))
    else if (match[0] === '\\\\') pieces.push(0x5c)
    else pieces.push(...utf8(match[0]))
  }
  return new Uint8Array(pieces)
}

/** Text of an ASCII-like field up to its first NUL; bytes that are not UTF-8 escaped. */
export function fieldText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return nameText(end < 0 ? bytes : bytes.subarray(0, end))
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

export function base64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return btoa(text)
}
