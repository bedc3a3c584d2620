/**
 * Archives made by real tools, which lie beside the repository (or where PEEL_CORPUS points) and not in it. Without
 * them, tests say so and are skipped; in CI they must be there. The one file of the testkit that knows Node.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, linkSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Upwards to the package, and not so many steps from here: scripts that use this are bundled into another folder. */
function rootOfRepository(from: string): string {
  return existsSync(join(from, 'package.json')) ? from : rootOfRepository(dirname(from))
}

export const root = rootOfRepository(dirname(fileURLToPath(import.meta.url)))

const folder = resolve(root, process.env.PEEL_CORPUS ?? '../shared/corpus')

/** Where the corpus lies, or null. Tests that need it stand in `describeOnCorpus` or `testOnCorpus` (corpus.fixture.ts). */
export const corpus: string | null = existsSync(join(folder, 'expected.json')) ? folder : null

if (!corpus) {
  const words = 'No corpus of real archives: neither PEEL_CORPUS nor ../shared/corpus has an expected.json.'
  if (process.env.CI) throw new Error(`${words} In CI it must be there.`)
  console.warn(`\nSKIPPED: ${words} What needs real archives is not tested here.\n`)
}

/** Path of an archive of the corpus, e.g. "built/alpine-3.20-docker28-save.tar". Throws where it is not there. */
export function corpusFile(name: string): string {
  const path = join(folder, name)
  if (!existsSync(path)) throw new Error(`The corpus has no ${name}.`)
  return path
}

/** What independent tools found in an archive; the fields are those that its README explains. */
export type Expected = { readonly [field: string]: unknown }

/** Facts by archive, from expected.json. */
export function expectedOf(): ReadonlyMap<string, Expected> {
  if (!corpus) return new Map()
  const document = JSON.parse(readFileSync(join(corpus, 'expected.json'), 'utf8')) as {
    readonly [key: string]: Expected
  }
  return new Map(Object.entries(document))
}

/** A .zst file of the corpus unpacked, into a folder that git ignores; done once. */
export const unzstd = (name: string): string => unpacked(name, /\.zst$/, 'zstd', ['-q', '-d', '-c'])

/** A .gz file of the corpus unpacked likewise. */
export const gunzip = (name: string): string => unpacked(name, /\.t?gz$/, 'gzip', ['-d', '-c'])

function unpacked(name: string, ending: RegExp, program: string, args: readonly string[]): string {
  const out = join(root, '.cache', 'corpus', name.replace(ending, ''))
  if (existsSync(out)) return out
  mkdirSync(dirname(out), { recursive: true })
  // Beside its place, then linked: two test processes may come here at once, and a browser that has the file of the
  // first one open must not find another one in its place.
  const beside = `${out}.${process.pid}`
  writeFileSync(beside, execFileSync(program, [...args, corpusFile(name)], { maxBuffer: 1 << 30 }))
  try {
    linkSync(beside, out)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
  }
  rmSync(beside)
  return out
}
