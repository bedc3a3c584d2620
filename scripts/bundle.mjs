/** TypeScript of this repository as a module that Node can run, kept in .cache/ until a source is newer. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensurePackages, root } from './ensure.mjs'
import { isStale } from './stale.mjs'

const sources = ['src', 'workers', 'scripts', 'package-lock.json']

/**
 * @param {string} entry path of a .ts file, from the root of the repository
 * @returns {Promise<string>} address to import
 */
export async function bundle(entry) {
  if (!existsSync(join(root, entry))) throw new Error(`${entry} is not there (yet).`)
  const built = `.cache/${entry.replaceAll('/', '-').replace(/\.ts$/, '')}.mjs`
  if (isStale(built, sources)) {
    ensurePackages()
    const { build } = await import('vite')
    mkdirSync(join(root, '.cache'), { recursive: true })
    // Beside its place, then moved: another process may be about to import the old one.
    const beside = mkdtempSync(join(root, '.cache', 'build-'))
    try {
      await build({
        root,
        configFile: false,
        logLevel: 'error',
        // Everything in one file: some packages are only right for bundlers, not for Node's own import.
        ssr: { noExternal: true, external: ['vite', 'playwright', 'fast-check'] },
        build: {
          ssr: join(root, entry),
          outDir: beside,
          emptyOutDir: true,
          minify: false,
          // Beside it: in the file, it is three quarters of what Node reads and keeps at every start.
          sourcemap: true,
          target: 'node20',
          rolldownOptions: { output: { entryFileNames: basename(built), codeSplitting: false } },
        },
      })
      for (const suffix of ['.map', ''])
        renameSync(join(beside, basename(built) + suffix), join(root, built + suffix))
    } finally {
      rmSync(beside, { recursive: true, force: true })
    }
  }
  return pathToFileURL(join(root, built)).href
}
