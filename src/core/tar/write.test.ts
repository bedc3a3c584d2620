import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8 } from '../bytes/text'
import { TYPE, type TypeCode } from './entry'
import { encodeHeader, headerSize, type EntryFields } from './write'

const bytes = fc.oneof(
  fc.string({ maxLength: 20 }).map(utf8),
  fc.uint8Array({ maxLength: 130 }),
  fc.integer({ min: 95, max: 104 }).map((length) => new Uint8Array(length).fill(0x61)),
)
const name = fc.oneof(
  { arbitrary: fc.constantFrom('', 'root', '_apt'), weight: 8 },
  fc.constantFrom('döner', 'a\\x00b', '\\xff'),
  fc.integer({ min: 29, max: 34 }).map((length) => 'u'.repeat(length)),
)
// Mostly what fits, or an entry would hardly ever be odd in one place only.
const number = fc.oneof(
  { arbitrary: fc.nat(70_000), weight: 20 },
  fc.constantFrom(0o7777777, 0o10000000, 0o77777777777, 0o100000000000, -1, 1.5, 1e21),
)
const whole = number.map(Math.floor)

const fields: fc.Arbitrary<EntryFields> = fc.record(
  {
    path: bytes,
    type: fc.constantFrom(...(Object.values(TYPE) as TypeCode[])),
    mode: fc.nat(0o7777),
    uid: whole,
    gid: whole,
    size: whole.map(Math.abs),
    mtime: number,
    link: bytes,
    uname: name,
    gname: name,
    major: fc.nat(1e6),
    minor: fc.nat(1e6),
    pax: fc.constantFrom([], [{ key: 'SCHILY.xattr.user.a', value: utf8('1') }]),
  },
  { requiredKeys: ['path', 'type', 'mode', 'uid', 'gid', 'size', 'mtime'] },
)

test('the size of a header is what it is when it is written', () => {
  fc.assert(
    fc.property(fields, (some) => {
      expect(headerSize(some)).toBe(encodeHeader(some).length)
    }),
    { numRuns: 3000 },
  )
})
