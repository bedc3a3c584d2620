/** Starts the service worker, and waits for it: workers that are started before it controls the page could connect. */
import { scriptUrl } from './trusted'

/** How long a first visit waits for its files to be kept; then it goes on without. */
const PATIENCE = 4000

/**
 * 'controlled': every worker started from now on is bound by the policy. 'installed': it is there, and binds from the
 * next visit on. 'unsupported': no service workers here (file:, private windows, development). 'failed': the browser or
 * host refused it. Never throws, and answers within four seconds.
 */
export type ServiceWorkerState = 'controlled' | 'installed' | 'unsupported' | 'failed'

export async function registerServiceWorker(): Promise<ServiceWorkerState> {
  if (!import.meta.env.PROD || !isServed() || !('serviceWorker' in navigator)) return 'unsupported'
  try {
    const registering = navigator.serviceWorker.register(scriptUrl('./service-worker.js'), {
      updateViaCache: 'none',
    })
    if (navigator.serviceWorker.controller) {
      // The update it looks for comes in its own time.
      registering.catch(() => undefined)
      return 'controlled'
    }
    return await orAfter(PATIENCE, registering.then(control), 'installed')
  } catch {
    return 'failed'
  }
}

/**
 * Calls `ready` once a newer version waits; `apply` puts it in force and reloads. Nothing is replaced under a person's
 * hands: without `apply`, the new version comes when all tabs of the old one are closed.
 */
export function onNewVersion(ready: (apply: () => void) => void): void {
  if (!import.meta.env.PROD || !isServed() || !('serviceWorker' in navigator)) return
  void navigator.serviceWorker.ready.then((registration) => {
    const offer = (waiting: ServiceWorker | null): void => {
      if (waiting && registration.active) ready(() => replaceBy(waiting))
    }
    offer(registration.waiting)
    registration.addEventListener('updatefound', () => {
      const { installing } = registration
      installing?.addEventListener('statechange', () => installing.state === 'installed' && offer(installing))
    })
  })
}

function replaceBy(waiting: ServiceWorker): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
  waiting.postMessage('skip-waiting')
}

/** Resolves when the page is controlled, by a worker that is being installed or one that a forced reload went past. */
async function control(registration: ServiceWorkerRegistration): Promise<ServiceWorkerState> {
  const { serviceWorker } = navigator
  const controlled = new Promise<ServiceWorkerState>((resolve) =>
    serviceWorker.addEventListener('controllerchange', () => resolve('controlled'), { once: true }),
  )
  registration.active?.postMessage('claim')
  return serviceWorker.controller
    ? 'controlled'
    : Promise.race([controlled, installationFailure(registration)])
}

/** Resolves only where an installation fails: a file could not be fetched, or was not the one of this version. */
function installationFailure({ installing }: ServiceWorkerRegistration): Promise<ServiceWorkerState> {
  return new Promise((resolve) =>
    installing?.addEventListener('statechange', () => installing.state === 'redundant' && resolve('failed')),
  )
}

/** One file has no service worker beside it, wherever it is served from. */
function isServed(): boolean {
  if (import.meta.env.MODE === 'single') return false
  return location.protocol === 'https:' || location.protocol === 'http:'
}

function orAfter<T>(milliseconds: number, result: Promise<T>, otherwise: T): Promise<T> {
  return Promise.race([
    result,
    new Promise<T>((resolve) => setTimeout(() => resolve(otherwise), milliseconds)),
  ])
}
