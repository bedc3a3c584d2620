import { expect, test } from 'vitest'
import { hexLines, lineEndOf, pictureType, textOf } from './hex'

test('bytes read as hexdump -C prints them', () => {
  const bytes = Uint8Array.from([...'\x7fELF\x02\x01\x01', ...'0123456789abc'].map((c) => c.charCodeAt(0)))
  expect(hexLines(bytes).split('\n')).toEqual([
    '00000000  7f 45 4c 46 02 01 01 30  31 32 33 34 35 36 37 38  |.ELF...012345678|',
    '00000010  39 61 62 63                                       |9abc|',
  ])
  expect(hexLines(new Uint8Array())).toBe('')
})

test('where there is little room, eight bytes make a line', () => {
  const bytes = Uint8Array.from([...'0123456789'].map((c) => c.charCodeAt(0)))
  expect(hexLines(bytes, 16, 8).split('\n')).toEqual([
    '00000010  30 31 32 33 34 35 36 37  |01234567|',
    '00000018  38 39                    |89|',
  ])
})

test('pictures are known by their first bytes, and an SVG is none', () => {
  expect(pictureType(Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))).toBe('image/png')
  expect(pictureType(new TextEncoder().encode('GIF89a'))).toBe('image/gif')
  expect(pictureType(new TextEncoder().encode('RIFF....WEBPVP8 '))).toBe('image/webp')
  expect(pictureType(new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>'))).toBeNull()
})

test('text keeps its byte order mark, and a slice may end within a character', () => {
  const bytes = new TextEncoder().encode('\ufeffgrün')
  expect(textOf(bytes, true)).toBe('\ufeffgrün')
  expect(textOf(bytes.subarray(0, bytes.length - 2), false)).toBe('\ufeffgr')
  expect(textOf(bytes.subarray(0, bytes.length - 2), true)).toBeNull()
})

test('a file with only CRLF is split by CRLF; a mixed one keeps each end as it is', () => {
  expect(lineEndOf('a\r\nb\r\n')).toBe('\r\n')
  expect(lineEndOf('a\r\nb\n')).toBe('\n')
  expect(lineEndOf('a\nb')).toBe('\n')
  expect(lineEndOf('')).toBe('\n')
})
