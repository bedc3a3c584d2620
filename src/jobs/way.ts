/** Work that can wait makes way for a person who is doing something on the page: it asks here before each of its pieces. */

/** So long after the last that was heard of the person, ms. A wheel that turns and a hand that types are heard of more often. */
const AFTER = 250

export class Way {
  #until = -Infinity

  /** The person did something just now. */
  make(): void {
    this.#until = performance.now() + AFTER
  }

  /** When to go on; null for at once. */
  readonly pause = (): Promise<void> | null => (this.#left() > 0 ? this.#over() : null)

  #left(): number {
    return this.#until - performance.now()
  }

  async #over(): Promise<void> {
    for (let left = this.#left(); left > 0; left = this.#left())
      await new Promise((resolve) => setTimeout(resolve, left))
  }
}
