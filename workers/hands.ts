/**
 * Workers that take one job after the other. Cancelling ends the worker, which needs no cooperation from the code in it;
 * the next job starts a new one.
 */
import { faultOf, ImageError } from '../src/core/fault/fault'
import type { Crew } from './crew'
import type { LayerApi } from './layer'
import { callable, connect, type Connection } from './wire'

/**
 * A worker that has inflated as much as this (compressed bytes) is ended before it holds a layer: nobody collects what the
 * platform's streams leave in it, about 30 MB, while it hashes (docs/performance.md).
 */
const WORN = 8 * 1024 * 1024

export type PoolWorker = Connection<LayerApi>

export interface JobOptions {
  /** It ends the worker, and the job fails with `cancelled`. */
  readonly signal?: AbortSignal
  /** Compressed bytes that the job inflates. */
  readonly inflates?: number
  /** Not on a worker that is full of what earlier jobs left. */
  readonly fresh?: boolean
}

export class Hands {
  readonly #width: number
  readonly #crew: Promise<Crew>
  readonly #idle: Promise<PoolWorker>[] = []
  readonly #waiting: ((worker: Promise<PoolWorker>) => void)[] = []
  readonly #worn = new WeakSet<PoolWorker>()
  /** Those that have a job. */
  readonly #busy = new Set<PoolWorker>()
  #running = 0
  #held: Promise<void> = Promise.resolve()

  /** `crew`: how workers are started and ended, once the page has said so; `width`: how many there are. */
  constructor(crew: Promise<Crew>, width: number) {
    this.#crew = crew
    this.#width = width
    // Started before there is work: a worker takes longer to start than a small layer takes to read. Not at once, though:
    // the start page comes first, and an image that is taken up again from storage.
    void crew.then(() => setTimeout(() => void this.#startAhead(), 250))
  }

  /** Jobs that run or wait. */
  get jobs(): number {
    return this.#running + this.#waiting.length
  }

  /** No worker is started until then before there is work for it. */
  hold(until: Promise<void>): void {
    this.#held = until
  }

  /** Tells all workers that have a job. */
  makeWay(): void {
    for (const worker of this.#busy) worker.makeWay().catch(() => {}) // One that has died is in nobody's way.
  }

  /** Runs `job` on the first worker that is free, behind all that came before. Throws its faults, and `internal` where a worker fails. */
  async run<T>(
    job: (worker: PoolWorker) => Promise<T>,
    { signal, inflates = 0, fresh = false }: JobOptions = {},
  ): Promise<T> {
    const taken = this.#take().then((worker) =>
      fresh && this.#worn.has(worker) ? this.#renewed(worker) : worker,
    )
    const worker = await taken.catch((thrown: unknown) => {
      this.#give(null)
      throw new ImageError('internal', faultOf(thrown).message)
    })
    if (inflates >= WORN) this.#worn.add(worker)
    let usable: PoolWorker | null = worker
    const stop = (): void => {
      usable = null
      worker.terminate()
    }
    void worker.died.then(() => (usable = null))
    try {
      if (signal?.aborted) throw new ImageError('cancelled', 'Cancelled.')
      signal?.addEventListener('abort', stop, { once: true })
      this.#busy.add(worker)
      return await job(worker)
    } catch (thrown) {
      throw signal?.aborted
        ? new ImageError('cancelled', 'Cancelled.')
        : thrown instanceof ImageError
          ? thrown
          : new ImageError('internal', faultOf(thrown).message)
    } finally {
      this.#busy.delete(worker)
      signal?.removeEventListener('abort', stop)
      this.#give(usable)
    }
  }

  async #start(): Promise<PoolWorker> {
    const { spawn, end } = await this.#crew
    let fail: (message: string) => void = () => {}
    const failed = new Promise<string>((resolve) => (fail = resolve))
    const { id, port } = await spawn(callable((message: string) => fail(message)))
    const worker = connect<LayerApi>(port, failed)
    void worker.died.then(() => end(id))
    return worker
  }

  async #startAhead(): Promise<void> {
    await this.#held
    while (this.#running + this.#idle.length < this.#width) this.#idle.push(this.#start())
  }

  #renewed(worker: PoolWorker): Promise<PoolWorker> {
    worker.terminate()
    return this.#start()
  }

  #take(): Promise<PoolWorker> {
    if (this.#running < this.#width) {
      this.#running++
      return this.#idle.pop() ?? this.#start()
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #give(worker: PoolWorker | null): void {
    const next = this.#waiting.shift()
    if (next) next(worker ? Promise.resolve(worker) : this.#start())
    else {
      this.#running--
      if (worker) this.#idle.push(Promise.resolve(worker))
    }
  }
}
