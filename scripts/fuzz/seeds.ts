/** What is mutated: drawn archives, the small ones of the corpus, and streams made of them. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Bytes } from '../../src/core/bytes/source'
import { sniffCompression } from '../../src/core/compress/compression'
import { buildArchive, type Shape } from '../../src/testkit/archive'
import { corpus } from '../../src/testkit/corpus'
import { samples } from '../../src/testkit/samples'
import { joined } from './mutations'

export interface Seeds {
  readonly archives: readonly Bytes[]
  readonly tars: readonly Bytes[]
  readonly streams: readonly Bytes[]
  readonly drawn: readonly Bytes[]
}

/** Does not compress. */
const noise = createHash('shake256', { outputLength: 100_000 }).update('noise').digest()

export function allSeeds(): Seeds {
  const archives = seeds()
  const tars = archives.filter((bytes) => sniffCompression(bytes) === 'none')
  const streams = tars.slice(0, 20).flatMap((bytes) => [
    new Uint8Array(gzipSync(bytes)),
    new Uint8Array(gzipSync(bytes, { level: 1, memLevel: 1 })),
    // Long enough for blocks to be copied, and with some that are not compressed.
    new Uint8Array(gzipSync(joined(...Array.from({ length: 40 }, () => bytes), noise, bytes, noise))),
    joined(gzipSync(bytes.subarray(0, 600)), gzipSync(bytes.subarray(600)), new Uint8Array(64)),
  ])
  try {
    for (const bytes of tars.slice(0, 10))
      streams.push(new Uint8Array(execFileSync('zstd', ['-q', '-c'], { input: bytes })))
  } catch {
    console.warn('SKIPPED: zstd is not installed; its streams are not mutated.')
  }
  const drawn = samples.filter(({ name }) => name !== 'demo').map(({ drawing }) => buildArchive(drawing))
  return { archives, tars, streams, drawn }
}

/** Small archives: drawn ones in every shape, and the small ones of the corpus with its oddities of tar. */
function seeds(): Bytes[] {
  const compression = { suffix: '+gzip', compress: (tar: Bytes): Bytes => new Uint8Array(gzipSync(tar)) }
  const drawn = samples
    .filter(({ name }) => name !== 'demo') // large, and nothing in it that the others lack
    .flatMap(({ drawing }) => [
      ...(['docker', 'docker20', 'oci'] satisfies Shape[]).map((shape) => buildArchive(drawing, { shape })),
      buildArchive(drawing, { shape: 'oci', compression }),
      new Uint8Array(gzipSync(buildArchive(drawing))),
    ])
  const real = (corpus ? ['real', 'tar/go-archive-tar', 'tar/tar-rs'] : [])
    .flatMap((folder) =>
      readdirSync(join(corpus as string, folder)).map((name) => join(corpus as string, folder, name)),
    )
    .filter((path) => statSync(path).size < 100_000)
    .sort()
    .map((path) => new Uint8Array(readFileSync(path)))
  return [...drawn, ...real]
}
