/**
 * The image notation: an image as text, so that a test shows what it is about.
 *
 *   image demo:1                        one image of the archive; without this line, one image without a tag
 *     platform linux/arm64/v8           linux/amd64 where it is not said
 *     config {"Cmd": ["/bin/sh"]}       merged into the config's "config"
 *   step CMD ["/bin/sh"]                a line of history that makes no layer
 *   layer COPY rootfs /                 a layer, and the line of history that made it
 *     d 755 0:0 etc/                    directory
 *     f 644 0:0 etc/motd "hello\n"      file; \n \t \" \\ and \xNN in quotes
 *     f         lib/big 5000 bytes      file with that many bytes, which repeat
 *     s         bin/sh -> busybox       symbolic link
 *     h         bin/ls => bin/busybox   hard link
 *     w         etc/motd                whiteout: etc/.wh.motd
 *     o         etc/                    opaque: etc/.wh..wh..opq
 *     c 666 0:0 dev/null 1,3            character device; b: block device
 *     p         run/pipe                fifo
 *
 * Mode and owner may be left out: 755 for directories, 644 for files, 777 for links; 0:0. Entries stand in the tar in
 * the order in which they are drawn, parents only where they are drawn. A path with spaces goes in quotes; a byte that
 * is not UTF-8 is written \xNN. Behind an entry: mtime=SECONDS, xattr:NAME=VALUE, uname=NAME, gname=NAME, each value
 * plain or quoted. A line that starts with # is a comment, as is what follows a # behind an entry; the words of a
 * layer or step are taken whole, since docker's own say "# buildkit" at their end.
 */
import { joinedBytes } from '../core/bytes/join'
import { bytesOfName, utf8 } from '../core/bytes/text'
import type { Bytes } from '../core/bytes/source'
import { TYPE, type PaxRecord, type TypeCode } from '../core/tar/entry'

export interface Notation {
  readonly images: readonly DrawnImage[]
}

export interface DrawnImage {
  /** null: an image without a name. */
  readonly tag: string | null
  readonly platform: string
  readonly config: { readonly [key: string]: unknown }
  readonly steps: readonly DrawnStep[]
  /** The steps that make a layer, base first. */
  readonly layers: readonly DrawnLayer[]
}

export interface DrawnStep {
  readonly step: string
  readonly layer: DrawnLayer | null
}

export interface DrawnLayer {
  readonly step: string
  readonly entries: readonly DrawnEntry[]
}

export interface DrawnEntry {
  readonly path: Bytes
  readonly type: TypeCode
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: number
  readonly content: Bytes
  readonly link: Bytes
  readonly major: number
  readonly minor: number
  readonly uname: string
  readonly gname: string
  readonly xattrs: readonly PaxRecord[]
}

/** Times where none is drawn: one moment for all, since a sample must be the same on every day. */
export const DRAWN_TIME = Date.UTC(2024, 0, 2, 3, 4, 5) / 1000

/** Throws an Error that names the line: a drawing is the program's own, so a wrong one is a bug and no Fault. */
export function parseNotation(text: string): Notation {
  const images: Writable[] = []
  const image = (): Writable => {
    if (images.length === 0)
      images.push({ tag: null, platform: 'linux/amd64', config: {}, steps: [], layers: [] })
    return images[images.length - 1]
  }
  let entries: DrawnEntry[] | null = null
  text.split('\n').forEach((raw, index) => {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) return
    const [, word, rest] = /^(\S+)\s*(.*)$/.exec(line) as RegExpExecArray
    try {
      switch (word) {
        case 'image':
          images.push({
            tag: uncommented(rest) || null,
            platform: 'linux/amd64',
            config: {},
            steps: [],
            layers: [],
          })
          entries = null
          break
        case 'platform':
          image().platform = rest
          break
        case 'config':
          image().config = { ...image().config, ...(JSON.parse(rest) as object) }
          break
        case 'step':
          image().steps.push({ step: rest, layer: null })
          break
        case 'layer': {
          const layer = { step: rest, entries: (entries = []) }
          image().layers.push(layer)
          image().steps.push({ step: rest, layer })
          break
        }
        default:
          if (!entries) throw new Error('an entry before the first layer')
          entries.push(parseEntry(word, rest))
      }
    } catch (thrown) {
      throw new Error(`line ${index + 1}, "${line}": ${(thrown as Error).message}`, { cause: thrown })
    }
  })
  return { images }
}

interface Writable {
  tag: string | null
  platform: string
  config: object & { readonly [key: string]: unknown }
  readonly steps: DrawnStep[]
  readonly layers: DrawnLayer[]
}

const LETTERS: { readonly [letter: string]: readonly [type: TypeCode, mode: number] } = {
  d: [TYPE.directory, 0o755],
  f: [TYPE.file, 0o644],
  s: [TYPE.symlink, 0o777],
  h: [TYPE.hardlink, 0o644],
  w: [TYPE.file, 0o644],
  o: [TYPE.file, 0o644],
  c: [TYPE.char, 0o644],
  b: [TYPE.block, 0o644],
  p: [TYPE.fifo, 0o644],
}

function parseEntry(letter: string, rest: string): DrawnEntry {
  const kind = LETTERS[letter]
  if (!kind) throw new Error(`no entry starts with "${letter}"`)
  const words = new Words(rest)
  const mode = words.take(/^[0-7]{3,4}(?=\s)/)
  const owner = words.take(/^\d+:\d+(?=\s)/)
  const [uid, gid] = (owner ?? '0:0').split(':').map(Number)
  const path = words.name()
  let content: Bytes = new Uint8Array(0)
  let link: Bytes = new Uint8Array(0)
  let [major, minor] = [0, 0]
  switch (letter) {
    case 'f':
      content = words.content()
      break
    case 's':
      words.need('->')
      link = words.name()
      break
    case 'h':
      words.need('=>')
      link = words.name()
      break
    case 'c':
    case 'b':
      ;[major, minor] = (words.take(/^\d+,\d+/) ?? '0,0').split(',').map(Number)
  }
  const suffixes = words.suffixes()
  return {
    path: letter === 'w' ? whiteout(path) : letter === 'o' ? opaque(path) : path,
    type: kind[0],
    mode: mode ? parseInt(mode, 8) : kind[1],
    uid,
    gid,
    mtime: suffixes.mtime ?? DRAWN_TIME,
    content,
    link,
    major,
    minor,
    uname: suffixes.uname ?? '',
    gname: suffixes.gname ?? '',
    xattrs: suffixes.xattrs,
  }
}

function whiteout(path: Bytes): Bytes {
  const bare = path[path.length - 1] === 0x2f ? path.subarray(0, -1) : path
  const at = bare.lastIndexOf(0x2f) + 1
  return joinedBytes([bare.subarray(0, at), utf8('.wh.'), bare.subarray(at)])
}

function opaque(path: Bytes): Bytes {
  const slash = path.length > 0 && path[path.length - 1] !== 0x2f ? utf8('/') : utf8('')
  return joinedBytes([path, slash, utf8('.wh..wh..opq')])
}

const uncommented = (text: string): string => text.replace(/(^|\s)# .*$/, '').trim()

/** The words of a line, taken one after the other. */
class Words {
  #rest: string
  constructor(text: string) {
    this.#rest = text
  }
  take(pattern: RegExp): string | null {
    const match = pattern.exec(this.#rest)
    if (!match) return null
    this.#rest = this.#rest.slice(match[0].length).trimStart()
    return match[0]
  }
  need(word: string): void {
    if (!this.#rest.startsWith(word)) throw new Error(`"${word}" is missing`)
    this.#rest = this.#rest.slice(word.length).trimStart()
  }
  quoted(): Bytes | null {
    const text = this.take(/^"(?:[^"\\]|\\.)*"/)
    return text === null ? null : unquote(text.slice(1, -1))
  }
  name(): Bytes {
    const quoted = this.quoted()
    if (quoted) return quoted
    const bare = this.take(/^\S+/)
    if (bare === null) throw new Error('a path is missing')
    return bytesOfName(bare)
  }
  content(): Bytes {
    const size = this.take(/^\d+ bytes\b/)
    return size === null ? (this.quoted() ?? new Uint8Array(0)) : filler(parseInt(size, 10))
  }
  suffixes(): { mtime?: number; uname?: string; gname?: string; xattrs: PaxRecord[] } {
    const found: { mtime?: number; uname?: string; gname?: string; xattrs: PaxRecord[] } = { xattrs: [] }
    for (;;) {
      const key = this.take(/^(?:mtime|uname|gname|xattr:[^=\s]+)=/)?.slice(0, -1)
      if (key === undefined) break
      const value = this.quoted() ?? bytesOfName(this.take(/^\S+/) ?? '')
      if (key === 'mtime') found.mtime = Number(new TextDecoder().decode(value))
      else if (key === 'uname' || key === 'gname') found[key] = new TextDecoder().decode(value)
      else found.xattrs.push({ key: `SCHILY.xattr.${key.slice('xattr:'.length)}`, value })
    }
    if (this.#rest !== '' && !this.#rest.startsWith('#')) throw new Error(`what is "${this.#rest}"?`)
    return found
  }
}

const ESCAPES: { readonly [letter: string]: string } = {
  n: '\n',
  t: '\t',
  r: '\r',
  '0': '\0',
  '"': '"',
  '\\': '\\',
}

function unquote(text: string): Bytes {
  const pieces = [...text.matchAll(/\\x([0-9a-fA-F]{2})|\\(.)|[^\\]+/gs)].map(([whole, hex, letter]) =>
    hex
      ? new Uint8Array([parseInt(hex, 16)])
      : utf8(letter === undefined ? whole : (ESCAPES[letter] ?? letter)),
  )
  return joinedBytes([...pieces])
}

/** Bytes that no compressor makes vanish and that are the same every time. */
function filler(size: number): Bytes {
  const out = new Uint8Array(size)
  for (let at = 0, state = 1; at < size; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    out[at] = state >>> 16
  }
  return out
}
