/** What is wrapped around a tar, told by its first bytes: names and media types lie too often to be asked. */

export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2' | 'lz4'

/** How many bytes `sniffCompression` looks at. */
export const SNIFF_LENGTH = 6

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
]

/** The compression of bytes that start with `head`; 'none' where no magic number fits, as for a plain tar or nothing at all. */
export function sniffCompression(head: Uint8Array): Compression {
  const found = magics.find(([, magic]) => magic.every((byte, index) => head[index] === byte))
  if (found) return found[0]
  return startsSkippableFrame(head) ? 'zstd' : 'none'
}

/** 0x184D2A50 to 0x184D2A5F (RFC 8878, 3.1.2): zstd data may begin with a frame that holds no data. */
function startsSkippableFrame(head: Uint8Array): boolean {
  return (head[0] & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18
}
