/**
 * Keeps the app's own files for offline use, and adds the security headers that a plain static host does not send: a
 * worker loaded from a URL is bound by its own response's policy, not by the page's meta element. It never sees, keeps
 * or sends anything of an image.
 */

/** Filled in by the build (scripts/vite-service-worker.ts). */
const build: Build = JSON.parse('__PEEL_BUILD__')

interface Build {
  /** Digest over all files: names the cache. */
  readonly version: string
  readonly files: readonly { readonly path: string; readonly integrity: string }[]
  /** Response headers of every page and script. */
  readonly headers: Readonly<Record<string, string>>
}

const worker = self as unknown as ServiceWorkerGlobalScope
const scope = new URL(worker.registration.scope)
/** Two of these on one origin, under different paths, do not take each other's caches away. */
const prefix = `peel ${scope.pathname} `
const cacheName = prefix + build.version
const addressOf = (path: string): string => new URL(path, scope).href
const kept = new Set(build.files.map(({ path }) => addressOf(path)))
const index = addressOf('index.html')

worker.addEventListener('install', (event) => event.waitUntil(install()))
worker.addEventListener('activate', (event) => event.waitUntil(activate()))
worker.addEventListener('message', (event) => {
  if (event.data === 'skip-waiting') void worker.skipWaiting()
  // After a forced reload a page is not controlled, although this worker is long active.
  if (event.data === 'claim') void worker.clients.claim()
})
worker.addEventListener('fetch', (event) => {
  const answer = answerTo(event.request)
  if (answer) event.respondWith(answer)
})

async function install(): Promise<void> {
  const cache = await caches.open(cacheName)
  await Promise.all(build.files.map((file) => keep(cache, file).catch(unlessNeeded(file.path))))
}

/** An icon or a licence that a host does not send must not cost the policy and the offline start. */
function unlessNeeded(path: string): (thrown: unknown) => void {
  return (thrown) => {
    if (path === 'index.html' || path.startsWith('assets/')) throw thrown
  }
}

/** From an older version's cache where the file is the same by name and content, else from the host. */
async function keep(cache: Cache, { path, integrity }: Build['files'][number]): Promise<void> {
  const address = addressOf(path)
  const before = path.startsWith('assets/') ? await matchOwn(address) : undefined
  // With its digest: a host in the middle of an update would otherwise leave a mixture here.
  const response = before ?? (await fetch(address, { cache: 'no-cache', integrity }))
  if (!response.ok) throw new Error(`${address}: ${response.status}`)
  await cache.put(address, response)
}

/** The version before stays until the next one: a tab that still runs it may ask for a part it has not loaded yet. */
async function activate(): Promise<void> {
  const others = (await ownCaches()).filter((name) => name !== cacheName)
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)))
  await worker.clients.claim()
}

async function ownCaches(): Promise<string[]> {
  return (await caches.keys()).filter((name) => name.startsWith(prefix))
}

async function matchOwn(address: string): Promise<Response | undefined> {
  const names = [cacheName, ...(await ownCaches()).filter((name) => name !== cacheName)]
  for (const cacheName of names) {
    const found = await caches.match(address, { cacheName })
    if (found) return found
  }
  return undefined
}

/** null: not ours to answer. */
function answerTo(request: Request): Promise<Response> | null {
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname))
    return null
  url.search = url.hash = ''
  if (request.mode === 'navigate') return page(url.href)
  return file(url.href, request)
}

/** A page: the app, at the root of its scope, since its parts are named relative to it; or a file that is kept. */
async function page(address: string): Promise<Response> {
  if (address === scope.href || address === index) return answer(index)
  return kept.has(address) ? answer(address) : Response.redirect(scope.href, 302)
}

async function file(address: string, request: Request): Promise<Response> {
  return secured((await matchOwn(address)) ?? (await fetch(request)))
}

async function answer(address: string): Promise<Response> {
  return secured((await matchOwn(address)) ?? (await fetch(address)))
}

/** The same response with our headers over the host's own. */
function secured(response: Response): Response {
  // Opaque answers and errors have no headers to set; a redirect must stay one.
  if (response.type === 'opaque' || response.type === 'error' || response.type === 'opaqueredirect')
    return response
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(build.headers)) headers.set(name, value)
  const { status, statusText } = response
  return new Response([101, 204, 205, 304].includes(status) ? null : response.body, {
    status,
    statusText,
    headers,
  })
}
