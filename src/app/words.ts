/** Numbers, times and modes in the words of docker, ls and tar. */
import type { EntryType } from '../../workers/api'

export { sizeWords } from '../core/bytes/size'

/** "96.3%"; a hundred only where it is one. */
export function percent(share: number): string {
  return share === 1 ? '100%' : `${Math.min(99.9, Math.round(share * 1000) / 10)}%`
}

const grouped = new Intl.NumberFormat('en')

/** "7,797,760 bytes": for the title of a size. */
export function exactBytes(bytes: number): string {
  return `${grouped.format(bytes)} ${bytes === 1 ? 'byte' : 'bytes'}`
}

/** "1 file", "1,204 files". */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${grouped.format(n)} ${n === 1 ? one : many}`
}

/** "layer 2"; "base layer 0" of the new base that an image was put onto: those have the numbers behind its own `layers`. */
export function layerWords(layer: number, layers: number): string {
  if (layer < 0) return 'your changes'
  return layer < layers ? `layer ${layer}` : `base layer ${layer - layers}`
}

/** The same as a mark in a narrow column: "2", "b0", "you". */
export function layerMark(layer: number, layers: number): string {
  if (layer < 0) return 'you'
  return layer < layers ? String(layer) : `b${layer - layers}`
}

/** "0755", with the bits for set-user-ID, set-group-ID and sticky in front. */
export function octalMode(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}

const typeLetters: Record<EntryType, string> = {
  file: '-',
  hardlink: '-',
  directory: 'd',
  symlink: 'l',
  char: 'c',
  block: 'b',
  fifo: 'p',
  other: '?',
}

/** "drwxr-xr-x", as `ls -l` writes it. */
export function modeLetters(mode: number, type: EntryType): string {
  const bits = [...'rwxrwxrwx'].map((letter, index) => (mode & (0o400 >> index) ? letter : '-'))
  for (const [bit, index, letter] of [
    [0o4000, 2, 's'],
    [0o2000, 5, 's'],
    [0o1000, 8, 't'],
  ] as const)
    if (mode & bit) bits[index] = bits[index] === 'x' ? letter : letter.toUpperCase()
  return typeLetters[type] + bits.join('')
}

/** "2024-09-06 11:20" in UTC, from seconds since the epoch. */
export function timeWords(seconds: number): string {
  return exactTime(seconds).slice(0, 16)
}

/** "2024-09-06 11:20:07 UTC". */
export function exactTime(seconds: number): string {
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime())) return 'beyond any calendar'
  return date
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
}

/** The same for the times of a config, which are RFC 3339 text; text that is none stays as it is. */
export function stampWords(stamp: string): string {
  const time = Date.parse(stamp)
  return stamp === '' ? '' : Number.isNaN(time) ? stamp : timeWords(time / 1000)
}

/** "3 minutes ago". */
export function ago(then: number, now: number): string {
  const seconds = Math.max(0, (now - then) / 1000)
  const steps = [
    [60, 1, 'second'],
    [3600, 60, 'minute'],
    [86_400, 3600, 'hour'],
    [Infinity, 86_400, 'day'],
  ] as const
  if (seconds < 10) return 'just now'
  const [, size, unit] = steps.find(([limit]) => seconds < limit) ?? steps[3]
  return `${count(Math.floor(seconds / size), unit)} ago`
}

/** How long is left, by the pace so far; "" while that would be a guess. Times in milliseconds. */
export function timeLeft(elapsed: number, done: number, left: number): string {
  if (elapsed < 1500 || done <= 0 || left <= 0) return ''
  const seconds = Math.ceil((elapsed / done) * left) / 1000
  if (seconds < 90)
    return `about ${Math.max(1, seconds < 10 ? Math.round(seconds) : Math.ceil(seconds / 5) * 5)} s left`
  return seconds < 5400
    ? `about ${Math.round(seconds / 60)} min left`
    : `about ${Math.round(seconds / 3600)} h left`
}

/**
 * Text out of an image, made safe to read: controls and bidirectional overrides become escapes, so that a name cannot pretend to be
 * another one ("gpj.exe" behind U+202E).
 */
export function plain(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => {
      const code = character.codePointAt(0) ?? 0
      return code < 0x100
        ? `\\x${code.toString(16).padStart(2, '0')}`
        : `\\u${code.toString(16).padStart(4, '0')}`
    },
  )
}

/** Last name of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The directory that holds a path: "/" for those at the top. */
export function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

/** `name` inside `directory`. */
export function joined(directory: string, name: string): string {
  return directory === '/' || directory === '' ? `/${name}` : `${directory}/${name}`
}
