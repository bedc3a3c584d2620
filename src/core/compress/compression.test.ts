import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { ascii, hasTool, tool } from './compress.fixture'
import { sniffCompression } from './compression'

test('gzip is told by its magic number', () => {
  expect(sniffCompression(gzipSync(''))).toBe('gzip')
})

for (const name of ['zstd', 'xz', 'bzip2', 'lz4'] as const)
  // npm test installs zstd; the others are on most machines, and without one there is nobody to write what is to be told.
  test.skipIf(!hasTool(name))(`${name} is told by its magic number`, () => {
    expect(sniffCompression(tool(name, ['-c'], ascii('x')) ?? new Uint8Array())).toBe(name)
  })

test('zstd that begins with a skippable frame is zstd', () => {
  for (let nibble = 0; nibble < 16; nibble++)
    expect(sniffCompression(Uint8Array.of(0x50 + nibble, 0x2a, 0x4d, 0x18))).toBe('zstd')
  expect(sniffCompression(Uint8Array.of(0x60, 0x2a, 0x4d, 0x18))).toBe('none')
})

test('a tar, a piece of a magic number and nothing at all are not compressed', () => {
  for (const head of [
    ascii('etc/motd\0\0\0'),
    Uint8Array.of(0x1f),
    Uint8Array.of(0x28, 0xb5, 0x2f),
    new Uint8Array(),
  ])
    expect(sniffCompression(head)).toBe('none')
})
