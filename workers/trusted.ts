/**
 * The one gate for script URLs under Trusted Types. Vite's `new Worker(new URL(…))` form throws there, so a worker is started as
 * `new Worker(scriptUrl(url), workerOptions)` with `import url from './x?worker&url'`. Works in a page and in a worker.
 */

interface ScriptUrlPolicy {
  createScriptURL(url: string): unknown
}
interface PolicyFactory {
  createPolicy(name: string, rules: ScriptUrlPolicy): ScriptUrlPolicy
}

const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes
const policy = factory?.createPolicy('peel', { createScriptURL: sameOrigin })

/** `url` as a script URL that the browser accepts; throws where it is not of this origin. */
export function scriptUrl(url: string): string {
  // A TrustedScriptURL is a string to every constructor that takes one; TypeScript's own types know only the string.
  return (policy ? policy.createScriptURL(url) : sameOrigin(url)) as string
}

function sameOrigin(url: string): string {
  const here = new URL(globalThis.location.href)
  const there = new URL(url, here)
  if (there.protocol === here.protocol && there.host === here.host) return there.href
  // Where all is one file, workers are blobs of its own: nobody else can make a blob of this origin.
  if (import.meta.env?.MODE === 'single' && there.protocol === 'blob:') return there.href
  throw new TypeError('A script of another origin is not started.')
}

/** Chromium starts no module worker from a blob of a page from disk; in one file a worker imports nothing, and can be classic. */
export const workerOptions: WorkerOptions = {
  type: import.meta.env?.MODE === 'single' ? 'classic' : 'module',
}
