/** Work that is worth doing often while it is cheap: showing what has come so far takes a share of the time, whatever its size. */

export class Paced {
  readonly #job: () => void
  readonly #share: number
  /** When it may run again, by performance.now(). */
  #next: number
  #timer: ReturnType<typeof setTimeout> | null = null

  /** `share`: of the time that passes, between 0 and 1. `patience`: ms from now in which it is not yet worth its cost. */
  constructor(job: () => void, share: number, patience = 0) {
    this.#job = job
    this.#share = share
    this.#next = performance.now() + patience
  }

  /** Runs the job now, or as soon as its share allows; asked for again meanwhile, it runs once. */
  ask(): void {
    const wait = this.#next - performance.now()
    if (wait <= 0) this.run()
    else this.#timer ??= setTimeout(() => this.run(), wait)
  }

  /** Runs the job now. */
  run(): void {
    this.stop()
    const start = performance.now()
    this.#job()
    const end = performance.now()
    this.#next = end + (end - start) / this.#share
  }

  /** What was asked for and has not run does not run any more. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
