/**
 * Imported before anything else in every worker: what could send is taken away, on top of the policy that forbids it
 * (a policy in a page's meta element does not bind its workers). What is left is one way to try the policy out.
 */
const request = globalThis.fetch?.bind(globalThis)

for (const name of ['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'WebTransport', 'importScripts'])
  try {
    Object.defineProperty(globalThis, name, { value: undefined, configurable: false, writable: false })
  } catch {
    // The browser keeps it; the policy still stands.
  }

/** Asks for this worker's own script. True where the browser refuses, so where nothing can be sent anywhere. */
export async function isBlocked(): Promise<boolean> {
  if (!request) return true
  try {
    // A blob has no HEAD: that would fail whatever the policy.
    const method = globalThis.location.protocol === 'blob:' ? 'GET' : 'HEAD'
    await request(globalThis.location.href, { method, cache: 'no-store' })
    return false
  } catch {
    return true
  }
}
