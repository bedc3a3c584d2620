/**
 * Vite's side of the service worker: emits service-worker.js at the root of the build, and writes into it the list of
 * all files there with their digests, and the headers of public/_headers.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin, ResolvedConfig } from 'vite'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const FILE = 'service-worker.js'
const PLACEHOLDER = /(["'`])__PEEL_BUILD__\1/

/** Headers that say how a host's own copy may be cached mean nothing in the service worker's. */
const notAnswered = ['cache-control']

/** The headers that public/_headers gives the path. */
export function headersOf(text: string, path: string): Record<string, string> {
  const headers: Record<string, string> = {}
  let fits = false
  for (const line of text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#')))
    if (!/^\s/.test(line)) fits = line.trim() === path
    else if (fits) headers[line.slice(0, line.indexOf(':')).trim()] = line.slice(line.indexOf(':') + 1).trim()
  return headers
}

/** The policy of pages and workers, for the meta element too: there `frame-ancestors` is not allowed. */
export function contentSecurityPolicy(where: 'header' | 'meta'): string {
  const headers = headersOf(readFileSync(join(root, 'public/_headers'), 'utf8'), '/index.html')
  const policy = headers['Content-Security-Policy']
  return where === 'header' ? policy : policy.replace(/frame-ancestors [^;]*; /, '')
}

/** In builds only; development has no service worker. */
export function serviceWorker(): Plugin {
  let config: ResolvedConfig
  return {
    name: 'peel:service-worker',
    apply: 'build',
    configResolved: (resolved) => void (config = resolved),
    buildStart() {
      if (config.build.ssr) return
      this.emitFile({ type: 'chunk', id: join(root, 'workers/service-worker.ts'), fileName: FILE })
    },
    writeBundle: {
      order: 'post',
      sequential: true,
      handler({ dir }) {
        const folder = dir ?? config.build.outDir
        const path = join(folder, FILE)
        if (!existsSync(path)) return
        const code = readFileSync(path, 'utf8')
        if (!PLACEHOLDER.test(code) || /^\s*(import|export)\b/m.test(code))
          this.error('service-worker.js must be one plain script with a place for the list of files.')
        const build = JSON.stringify(describe(folder))
        writeFileSync(
          path,
          code.replace(PLACEHOLDER, () => JSON.stringify(build)),
        )
      },
    },
  }
}

function describe(folder: string): object {
  const files = filesIn(folder).map((path) => ({ path, integrity: integrityOf(join(folder, path)) }))
  const version = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16)
  const headers = headersOf(readFileSync(join(root, 'public/_headers'), 'utf8'), '/index.html')
  for (const name of Object.keys(headers)) if (notAnswered.includes(name.toLowerCase())) delete headers[name]
  return { version, files, headers }
}

/** Everything that a page may ask for: not the worker itself, nor what only hosts and debuggers read. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => path !== FILE && !path.startsWith('_') && !path.endsWith('.map'))
    .sort()
}

function integrityOf(path: string): string {
  return `sha256-${createHash('sha256').update(readFileSync(path)).digest('base64')}`
}
