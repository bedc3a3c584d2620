/**
 * The pool's workers are started by the page and spoken to by the engine, each over a port of its own. A worker that
 * starts workers of its own waits for the page's thread to let it, and in Firefox now and then for ever: one walk in ten,
 * the engine standing still inside `new Worker`.
 */
import layerUrl from './layer?worker&url'
import { scriptUrl, workerOptions } from './trusted'
import { moved, whyStopped } from './wire'

export interface Hand {
  readonly id: number
  /** Leads to the worker. */
  readonly port: MessagePort
}

/** Starts a worker; `failed` is told once if its script cannot be loaded, or something in it is not caught. */
export type Spawn = (failed: (message: string) => void) => Promise<Hand>

export interface Crew {
  readonly spawn: Spawn
  readonly end: (id: number) => void
}

/** What the engine worker offers beside its contract. */
export interface CrewApi {
  /** Called once, before there is work: how the engine has workers started and ended. */
  crew(spawn: Spawn, end: (id: number) => void): void
}

/** The page's side: `endAll` is for when the engine is gone. */
export function pageCrew(): Crew & { readonly endAll: () => void } {
  const workers = new Map<number, Worker>()
  let count = 0
  const end = (id: number): void => {
    workers.get(id)?.terminate()
    workers.delete(id)
  }
  return {
    async spawn(failed) {
      const id = count++
      const worker = new Worker(scriptUrl(layerUrl), workerOptions)
      workers.set(id, worker)
      worker.addEventListener('error', (event) => {
        event.preventDefault()
        failed(whyStopped(event))
      })
      const { port1, port2 } = new MessageChannel()
      worker.postMessage(port2, [port2])
      return moved({ id, port: port1 }, [port1])
    },
    end,
    endAll: () => [...workers.keys()].forEach(end),
  }
}
