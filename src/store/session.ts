/**
 * Which worker or tab wrote something, and whether it is still there: leftovers of a dead one may be swept, what a
 * living one is writing may not.
 */

const PREFIX = 'peel-session/'
/** Where the browser has no Web Locks, a writer is taken for alive this long. */
const ALIVE = 60 * 60 * 1000

let current: string | null = null

/** The name of this worker or tab, which holds a lock of that name until it ends. */
export function session(): string {
  if (current !== null) return current
  const random = crypto.getRandomValues(new Uint32Array(2))
  const name = `${Date.now()}-${random[0].toString(36)}${random[1].toString(36)}`
  current = name
  // Never resolved: the browser lets go of the lock when the worker or tab is gone, however it went.
  void locks()?.request(PREFIX + name, () => new Promise(() => undefined))
  return name
}

/** Tells the sessions that are alive now. */
export async function livingSessions(): Promise<(name: string) => boolean> {
  const held = await locks()?.query()
  if (!held) return (name) => name === current || Date.now() - Number.parseInt(name) < ALIVE
  // Pending too: a session may have been asked about before its lock was granted.
  const names = new Set([...(held.held ?? []), ...(held.pending ?? [])].map((lock) => lock.name))
  return (name) => name === current || names.has(PREFIX + name)
}

function locks(): LockManager | undefined {
  return globalThis.navigator?.locks
}
