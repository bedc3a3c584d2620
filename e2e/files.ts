/** Files that journeys open and leave: archives of the corpus, drawn ones, and what the page exported. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'playwright/test'
import { buildArchive, type ArchiveOptions } from '../src/testkit/archive'
import { corpus, corpusFile, root, unzstd } from '../src/testkit/corpus'

export const dist = join(root, 'dist')
/** The whole app in one file (npm run build:single). */
export const oneFile = join(root, 'dist-single/peel.html')
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

/** Three layers, a secret in the lowest. */
export const many = `
image many:1
  config {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]}
layer ADD base
  d etc/
  f etc/motd "hello\\n"
  f etc/secret "hunter2"
  d bin/
  f 755 bin/sh 4000 bytes
layer RUN more
  d etc/
  f etc/more "more"
layer RUN last
  d etc/
  f etc/last "last"
step CMD sh`

export const sha256OfFile = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex')

export { basename }

/** A tar without the members that a pattern names: what a download that went wrong leaves. */
export function withoutMembers(tar: Uint8Array, pattern: RegExp): Buffer {
  const kept: Uint8Array[] = []
  for (const { name, from, to } of membersOf(tar)) if (!pattern.test(name)) kept.push(tar.subarray(from, to))
  return Buffer.concat([...kept, new Uint8Array(1024)])
}

/** A tar with one byte of the biggest member that a pattern names turned around, far behind its header. */
export function damaged(tar: Uint8Array, pattern: RegExp): Buffer {
  const hit = membersOf(tar)
    .filter(({ name }) => pattern.test(name))
    .sort((a, b) => b.to - b.from - (a.to - a.from))[0]
  const bytes = Buffer.from(tar)
  bytes[hit.from + 512 + 512 + 3] ^= 0x01 // In the first file of the layer: behind two headers.
  return bytes
}

function membersOf(tar: Uint8Array): { name: string; from: number; to: number }[] {
  const text = (from: number, length: number) =>
    Buffer.from(tar.subarray(from, from + length))
      .toString('latin1')
      .replace(/\0.*$/s, '')
  const members = []
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const size = parseInt(text(at + 124, 12).trim() || '0', 8)
    const to = at + 512 + Math.ceil(size / 512) * 512
    members.push({ name: text(at, 100), from: at, to })
    at = to
  }
  return members
}
