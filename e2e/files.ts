/** Files that journeys open and leave: archives of the corpus, drawn ones, and what the page exported. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'playwright/test'
import { buildArchive, type ArchiveOptions } from '../src/testkit/archive'
import { corpus, corpusFile, root, unzstd } from '../src/testkit/corpus'

export const dist = join(root, 'dist')
/** The real engines run what is left here (npm run engines). */
export const exportsFolder = join(root, 'test-results/exports')

/** Path of a corpus archive, unpacked if it is .zst; without the corpus the test is skipped, and says so. */
export function real(name: string): string {
  test.skip(!corpus, 'the corpus of real archives is not there')
  return name.endsWith('.zst') ? unzstd(name) : corpusFile(name)
}

/** A file with these bytes in the folder of this test. */
export function fileWith(name: string, bytes: Uint8Array | string): string {
  const path = test.info().outputPath(name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
  return path
}

/** An archive drawn in the image notation, as a file. */
export function drawnArchive(
  drawing: string,
  options: ArchiveOptions & { readonly name?: string } = {},
): string {
  return fileWith(options.name ?? 'drawn.tar', buildArchive(drawing, options))
}

export const sha256OfFile = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex')

export { basename }
