/** Numbers of headers, read digit by digit here; and headers read as words, beside the same headers read as bytes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemorySource, type Bytes } from '../bytes/source'
import { Notices } from '../fault/notice'
import { checksums, FIELD, readNumber, writeOctal } from './field'
import { SourceInput } from './input'
import { scanTar } from './scan'
import { bytesOf, joined } from './tar.fixture'

/** A character that a field may hold, digits more often than what is none. */
const character = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...'01234567') },
  { weight: 2, arbitrary: fc.constantFrom(' ', '\0') },
  { weight: 1, arbitrary: fc.constantFrom('8', '/', '-', 'a', '\x7f') },
)
const field = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: character, minLength: length, maxLength: length })

/** As Go's archive/tar reads it (parseOctal): spaces and NULs around it taken off, and what stands before a NUL in it. */
function octal(text: string): number {
  const [digits] = text.replace(/^[ \0]+|[ \0]+$/g, '').split('\0')
  return /^[0-7]*$/.test(digits) ? Number(`0o0${digits}`) : NaN
}

test.each([8, 12])('a field of %d bytes is what its digits say', (length) => {
  fc.assert(
    fc.property(field(length), (text) => {
      expect(readNumber(bytesOf(`77${text}77`), 2, length)).toBe(octal(text))
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['all digits, and no end', '12345670', 0o12345670],
  ['the largest of seven', '7777777\0', 0o7777777],
  ['the largest of eleven', '77777777777\0', 0o77777777777],
  ['a space at the end', '77777777777 ', 0o77777777777],
  ['six digits, NUL, space', '000644\0 ', 0o644],
  ['an eight among them', '0000084\0', NaN],
])('%s', (_, text, value) => {
  expect(readNumber(bytesOf(text), 0, text.length)).toBe(value)
})

const number = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('0000644\0', '0000755\0', '0001750\0', '000755 \0') },
  { weight: 1, arbitrary: field(8) },
)
const name = fc.string({
  unit: fc.constantFrom('a', 'é', '/', '.'),
  minLength: 1,
  maxLength: 100,
})
const header = fc
  .record({ name, mode: number, uid: number, gid: number, size: fc.constantFrom(0, 5) })
  .map((fields): Bytes => {
    const block = new Uint8Array(512)
    const put = ([at, length]: readonly [number, number], text: string): void =>
      block.set(bytesOf(text).subarray(0, length), at)
    put(FIELD.name, Buffer.from(fields.name).toString('latin1'))
    put(FIELD.mode, fields.mode)
    put(FIELD.uid, fields.uid)
    put(FIELD.gid, fields.gid)
    put(FIELD.magic, 'ustar\x0000')
    block[FIELD.flag[0]] = 0x30
    writeOctal(block, FIELD.size[0], 12, fields.size)
    writeOctal(block, FIELD.checksum[0], 8, checksums(block, 0).unsigned)
    return fields.size === 0 ? block : joined(block, new Uint8Array(512))
  })

async function seen(tar: Bytes): Promise<unknown> {
  const notices = new Notices()
  const rows: unknown[] = []
  await scanTar(
    new SourceInput(new MemorySource(tar)),
    ({ path, mode, uid, gid, type, headerAt }) =>
      rows.push([Buffer.from(path).toString('hex'), mode, uid, gid, type, headerAt]),
    notices,
  )
  return { rows, notices: notices.list, counts: [...notices.counts] }
}

test('headers that lie on words and headers that do not are the same to the scanner, and what is no number is said each time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(header, { minLength: 1, maxLength: 30 }), async (blocks) => {
      const tar = joined(...blocks, new Uint8Array(1024))
      const onWords = await seen(tar)
      const between = new Uint8Array(tar.length + 1)
      between.set(tar, 1)
      expect(onWords).toEqual(await seen(between.subarray(1)))
    }),
    { numRuns: 300 },
  )
  const bad = bytesOf('8888888\0')
  const block = new Uint8Array(512)
  block.set(bytesOf('a'))
  block.set(bad, FIELD.uid[0])
  block[FIELD.flag[0]] = 0x30
  writeOctal(block, FIELD.checksum[0], 8, checksums(block, 0).unsigned)
  const { counts } = (await seen(
    joined(...Array.from({ length: 300 }, () => block), new Uint8Array(1024)),
  )) as { counts: [string, number][] }
  expect(counts).toEqual([['tar-number', 300]])
})
