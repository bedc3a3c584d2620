/** Archives, headers, streams and documents with something wrong in them. */
import { tarOf } from '../../src/testkit/archive'
import type { Bytes } from '../../src/core/bytes/source'
import type { Chance } from './chance'

const BYTES = [0x00, 0xff, 0x80, 0x7f, 0x20, 0x2f, 0x2e, 0x30, 0x37, 0x22, 0x7b]
const WORDS = [
  'null',
  '-1',
  '1e999',
  '""',
  '[]',
  '{}',
  '"sha256:"',
  '"../../etc/passwd"',
  '99999999999999999999',
  'true',
]
const FLAGS = '01234567xgLKSDVMNA\0 Z'

/** One to four mutations of any kind. */
export function mutate(bytes: Bytes, pick: Chance): Bytes {
  let out = bytes.slice()
  for (let times = 1 + pick(4); times > 0 && out.length > 0; times--)
    out = MUTATIONS[pick(MUTATIONS.length)](out, pick)
  return out
}

const blockAt = (bytes: Bytes, pick: Chance): number => 512 * pick(Math.max(1, bytes.length >> 9))

const MUTATIONS: readonly ((bytes: Bytes, pick: Chance) => Bytes)[] = [
  (bytes, pick) => set(bytes, pick(bytes.length), bytes[pick(bytes.length)] ^ (1 << pick(8))),
  (bytes, pick) => set(bytes, pick(bytes.length), BYTES[pick(BYTES.length)]),
  (bytes, pick) => bytes.slice(0, pick(bytes.length)),
  (bytes, pick) => {
    const [from, to] = [blockAt(bytes, pick), blockAt(bytes, pick)] // one block over another
    bytes.copyWithin(to, from, Math.min(from + 512, bytes.length))
    return bytes
  },
  (bytes, pick) => {
    const at = blockAt(bytes, pick) // a block less
    return joined(bytes.subarray(0, at), bytes.subarray(at + 512))
  },
  (bytes, pick) => {
    const at = blockAt(bytes, pick) // a block twice
    return joined(bytes.subarray(0, at + 512), bytes.subarray(at))
  },
  header, // Twice and thrice: a header that is still sealed reaches the code behind the checksum.
  header,
  header,
  document,
  document,
]

function set(bytes: Bytes, at: number, value: number): Bytes {
  bytes[at] = value
  return bytes
}

export function joined(...parts: readonly Uint8Array[]): Bytes {
  return new Uint8Array(Buffer.concat(parts))
}

/** One field of a tar header, and the checksum made right again. */
export function header(bytes: Bytes, pick: Chance): Bytes {
  const headers: number[] = []
  for (let at = 0; at + 512 <= bytes.length; at += 512)
    if (bytes[at + 257] === 0x75 && bytes[at + 258] === 0x73) headers.push(at)
  if (headers.length === 0) return bytes
  const at = headers[pick(headers.length)]
  const fields = [
    [0, 100],
    [100, 8],
    [108, 8],
    [116, 8],
    [124, 12],
    [136, 12],
    [156, 1],
    [157, 100],
    [329, 8],
    [345, 155],
  ]
  const [from, length] = fields[pick(fields.length)]
  if (length === 1) bytes[at + from] = FLAGS.charCodeAt(pick(FLAGS.length))
  else if (length > 12)
    for (let i = 0; i < 3; i++) bytes[at + from + pick(length)] = BYTES[pick(BYTES.length)]
  else {
    const numbers = [
      '0',
      '7'.repeat(length - 1),
      '-1',
      '',
      ' 12 ',
      '9',
      String(pick(5000)),
      '\x80\0\0\0\0\0\0\x01',
      '\xff'.repeat(length),
    ]
    const text = numbers[pick(numbers.length)].padEnd(length, '\0').slice(0, length)
    for (let i = 0; i < length; i++) bytes[at + from + i] = text.charCodeAt(i)
  }
  let sum = 0
  for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 0x20 : bytes[at + i]
  const sealed = `${sum.toString(8).padStart(6, '0')}\0 `
  for (let i = 0; i < 8; i++) bytes[at + 148 + i] = sealed.charCodeAt(i)
  return bytes
}

/** One value in a JSON document or a PAX record, in place: its length stays, so that the tar around it stays whole. */
function document(bytes: Bytes, pick: Chance): Bytes {
  const quotes: number[] = []
  for (let at = 0; at < bytes.length - 40; at++) if (bytes[at] === 0x3a || bytes[at] === 0x3d) quotes.push(at)
  if (quotes.length === 0) return bytes
  const at = quotes[pick(quotes.length)] + 1
  const word = WORDS[pick(WORDS.length)]
  for (let i = 0; i < word.length && at + i < bytes.length; i++) bytes[at + i] = word.charCodeAt(i)
  return bytes
}

/** A document with one value, key or bracket of it in another place, of any length. */
function restructured(text: string, pick: Chance): string {
  const spots = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[[\]{}]|true|false|null/g)]
  if (spots.length === 0) return text
  const [one, other] = [spots[pick(spots.length)], spots[pick(spots.length)]]
  const words = [
    WORDS[pick(WORDS.length)],
    other[0],
    '',
    `${one[0]},${one[0]}`,
    `{"${'x'.repeat(pick(50))}":${one[0]}}`,
    '['.repeat(pick(2000)),
    `"sha256:${'0'.repeat(64)}"`,
  ]
  return text.slice(0, one.index) + words[pick(words.length)] + text.slice(one.index + one[0].length)
}

/** One JSON member of a drawn archive restructured, the tar laid out again around it. */
export function withDocument(archive: Bytes, pick: Chance): Bytes {
  const members: [path: string, body: Bytes][] = []
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0;) {
    const text = (from: number, length: number): string =>
      Buffer.from(archive.subarray(at + from, at + from + length))
        .toString('latin1')
        .split('\0')[0]
    const size = parseInt(text(124, 12), 8)
    members.push([text(0, 100), archive.slice(at + 512, at + 512 + size)])
    at += 512 + Math.ceil(size / 512) * 512
  }
  const documents = members.filter(([, body]) => body[0] === 0x7b || body[0] === 0x5b)
  const chosen = documents[pick(documents.length)]
  let text = Buffer.from(chosen[1]).toString('utf8')
  for (let times = 1 + pick(3); times > 0; times--) text = restructured(text, pick)
  chosen[1] = new Uint8Array(Buffer.from(text))
  return tarOf(members)
}
