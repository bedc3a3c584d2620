/**
 * A static server for the built app: right types, and the headers that dist/_headers asks a host to send, so that what
 * the tests see is what a host will serve. Only on the loopback address.
 *
 *   node scripts/serve.mjs [--port N]      the next free port from N on (default 4173)
 */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './ensure.mjs'

/** @type {Record<string, string>} */
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
}

/** @typedef {{ readonly fits: (path: string) => boolean, readonly headers: [string, string][] }} Rule */

/**
 * The form static hosts share: a path per line (* at its end stands for anything), its headers indented below.
 * @param {string} text @returns {Rule[]}
 */
export function parseHeaders(text) {
  /** @type {Rule[]} */
  const rules = []
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.trim().startsWith('#')) continue
    if (!/^\s/.test(line)) {
      const path = line.trim()
      const fits = path.endsWith('*')
        ? (/** @type {string} */ p) => p.startsWith(path.slice(0, -1))
        : (/** @type {string} */ p) => p === path
      rules.push({ fits, headers: [] })
    } else {
      const colon = line.indexOf(':')
      rules.at(-1)?.headers.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()])
    }
  }
  return rules
}

/** @param {string} folder @param {string} path as in the request @returns {string | null} the file to send */
function fileFor(folder, path) {
  let file
  try {
    file = normalize(join(folder, decodeURIComponent(path)))
  } catch {
    return null // an escape that is none
  }
  if (file !== folder && !file.startsWith(folder + sep)) return null
  if (existsSync(file) && statSync(file).isDirectory()) file = join(file, 'index.html')
  return existsSync(file) ? file : null
}

/**
 * Serves a folder on 127.0.0.1. Port 0 takes any free one; another port, the next free one from there.
 * @param {{ folder?: string, port?: number }} [options]
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serve({ folder = join(root, 'dist'), port = 4173 } = {}) {
  const headersFile = join(folder, '_headers')
  const rules = existsSync(headersFile) ? parseHeaders(readFileSync(headersFile, 'utf8')) : []
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const file = request.method === 'GET' || request.method === 'HEAD' ? fileFor(folder, pathname) : null
    if (!file || file === headersFile) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There is nothing here.\n')
      return
    }
    response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
    response.setHeader('content-length', statSync(file).size)
    response.setHeader('cache-control', 'no-cache')
    response.setHeader('x-content-type-options', 'nosniff')
    for (const rule of rules)
      if (rule.fits(pathname)) for (const [name, value] of rule.headers) response.setHeader(name, value)
    if (request.method === 'HEAD') response.end()
    else createReadStream(file).pipe(response)
  })
  for (let at = port; ; at++) {
    const took = await new Promise((resolve, reject) => {
      server.once('error', (/** @type {NodeJS.ErrnoException} */ error) =>
        error.code === 'EADDRINUSE' && at < port + 100 ? resolve(false) : reject(error),
      )
      server.listen(at, '127.0.0.1', () => resolve(true))
    })
    if (took) break
  }
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no address.')
  return {
    // "localhost", not the number: browsers treat both as secure, and people know the name.
    url: `http://localhost:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const at = process.argv.indexOf('--port')
  const { url } = await serve(at > 0 ? { port: Number(process.argv[at + 1]) } : {})
  process.stdout.write(`${url}\n`)
}
