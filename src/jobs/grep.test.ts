/** Looking through contents: where a match is, on which line, and across the seams of what is read at a time. */
import { describe, expect, test } from 'vitest'
import { MemorySource } from '../core/bytes/source'
import { utf8 } from '../core/bytes/text'
import { grep, type GrepQuery } from './grep'

const text = 'first line\nSecond grün\nthird: secret=42\n'
const plain: GrepQuery = { text: '', regex: false, matchCase: false }

async function hitsIn(content: string | Uint8Array<ArrayBuffer>, query: Partial<GrepQuery>) {
  const bytes = typeof content === 'string' ? utf8(content) : content
  const { hits, found } = await grep(new MemorySource(bytes), [{ at: 0, size: bytes.length }], {
    ...plain,
    ...query,
  })
  return {
    found,
    hits: hits.map(({ at, line, before, match, after }) => ({ at, line, before, match, after })),
  }
}

describe('text', () => {
  test('in either case, with line and surroundings', async () => {
    expect(await hitsIn(text, { text: 'SECRET' })).toEqual({
      found: 1,
      hits: [{ at: 31, line: 3, before: 'third: ', match: 'secret', after: '=42' }],
    })
    expect((await hitsIn(text, { text: 'SECRET', matchCase: true })).found).toBe(0)
    expect((await hitsIn(text, { text: 'grün' })).hits[0]).toMatchObject({ line: 2, match: 'grün' })
  })
  test('in what is no text, by its byte', async () => {
    expect((await hitsIn(new Uint8Array([0, 1, 0x61, 0x62, 2]), { text: 'ab' })).hits[0]).toMatchObject({
      at: 2,
      line: null,
    })
  })
  test('never across two files that lie side by side', async () => {
    const files = [
      { at: 0, size: 3 },
      { at: 3, size: 3 },
    ]
    expect((await grep(new MemorySource(utf8('abcdef')), files, { ...plain, text: 'cd' })).found).toBe(0)
    expect(
      (await grep(new MemorySource(utf8('abcdef')), files, { ...plain, text: 'de' })).hits[0],
    ).toMatchObject({
      file: 1,
      at: 0,
    })
  })
  test('across the seam of two pieces, once, on the right line', async () => {
    const size = 4 * 1024 * 1024
    for (const at of [size - 3, size - 4096, size - 4099]) {
      const bytes = new Uint8Array(size + 10_000).fill(0x0a)
      bytes.set(utf8('needle'), at)
      expect(await hitsIn(bytes, { text: 'needle' })).toMatchObject({
        found: 1,
        hits: [{ at, line: at + 1 }],
      })
    }
  })
  test('many in one file are counted, and some of them told', async () => {
    const { found, hits } = await hitsIn('x\n'.repeat(1000), { text: 'x' })
    expect(found).toBe(1000)
    expect(hits).toHaveLength(20)
  })
})

describe('regular expressions', () => {
  test('by bytes, lines and UTF-8', async () => {
    expect((await hitsIn(text, { text: '^s\\w+ gr(ü|u)n$', regex: true })).hits).toEqual([
      { at: 11, line: 2, before: '', match: 'Second grün', after: '' },
    ])
    expect((await hitsIn(text, { text: 'secret=(\\d+)', regex: true })).hits[0].match).toBe('secret=42')
  })
  test('nothing is found nowhere, and does not go on for ever', async () => {
    expect((await hitsIn(text, { text: 'q*', regex: true })).found).toBe(0)
  })
  test('what is none is refused', async () => {
    await expect(hitsIn(text, { text: '(', regex: true })).rejects.toThrow(/Not a regular expression/)
  })
})
