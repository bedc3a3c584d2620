/** Bytes as `hexdump -C` prints them. */

/** "00000010  7f 45 4c 46 …  |.ELF…|", one line for each sixteen bytes, or eight where there is little room. `from`: where the first one stands in the file. */
export function hexLines(bytes: Uint8Array, from = 0, perLine: 8 | 16 = 16): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += perLine)
    lines.push(hexLine(bytes.subarray(at, at + perLine), from + at, perLine))
  return lines.join('\n')
}

function hexLine(bytes: Uint8Array, at: number, perLine: number): string {
  let hex = ''
  let text = ''
  for (let i = 0; i < perLine; i++) {
    if (i === 8) hex += ' '
    hex += i < bytes.length ? `${bytes[i].toString(16).padStart(2, '0')} ` : '   '
    if (i < bytes.length) text += bytes[i] >= 0x20 && bytes[i] < 0x7f ? String.fromCharCode(bytes[i]) : '.'
  }
  return `${at.toString(16).padStart(8, '0')}  ${hex} |${text}|`
}

export type PictureType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'

/** Bitmaps only: an SVG is a document that can run scripts, and is shown as text. */
export function pictureType(bytes: Uint8Array): PictureType | null {
  const starts = (...magic: number[]) => magic.every((byte, i) => bytes[i] === byte)
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png'
  if (starts(0xff, 0xd8, 0xff)) return 'image/jpeg'
  if (starts(0x47, 0x49, 0x46, 0x38)) return 'image/gif'
  const webp = bytes[8] === 0x57 && bytes[9] === 0x45 && bytes[10] === 0x42 && bytes[11] === 0x50
  return starts(0x52, 0x49, 0x46, 0x46) && webp ? 'image/webp' : null
}

/** What `listing` of the engine can look into: a tar, a zip, or what gzip or zstd made. */
export function isArchive(bytes: Uint8Array): boolean {
  const has = (at: number, text: string) =>
    [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0))
  return has(257, 'ustar') || has(0, 'PK\x03\x04') || has(0, '\x1f\x8b') || has(0, '\x28\xb5\x2f\xfd')
}

/**
 * Bytes as text, with a byte order mark and every line end kept, so that saving what was opened changes nothing. `whole` is false for
 * the beginning of a longer file: half a character at its end is then left off.
 */
export function textOf(bytes: Uint8Array, whole: boolean): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: !whole })
  } catch {
    return null
  }
}

/** The line end that CodeMirror must split and join by for a file to come out as it went in. */
export function lineEndOf(text: string): '\n' | '\r\n' {
  return /\r\n/.test(text) && !/(^|[^\r])\n/.test(text) ? '\r\n' : '\n'
}
