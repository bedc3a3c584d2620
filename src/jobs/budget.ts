/** So much of something at once, first come, first served: memory that several workers share. */
export class Budget {
  #free: number
  readonly #total: number
  readonly #waiting: { readonly amount: number; readonly start: () => void }[] = []

  constructor(total: number) {
    this.#total = total
    this.#free = total
  }

  /** Runs `job` once `amount` (no more than the total) is free, behind all that asked before. */
  async use<T>(amount: number, job: () => Promise<T>): Promise<T> {
    const taken = Math.min(amount, this.#total)
    if (this.#waiting.length > 0 || taken > this.#free)
      await new Promise<void>((start) => this.#waiting.push({ amount: taken, start }))
    else this.#free -= taken
    try {
      return await job()
    } finally {
      this.#free += taken
      while (this.#waiting.length > 0 && this.#waiting[0].amount <= this.#free) {
        const next = this.#waiting.shift()!
        this.#free -= next.amount
        next.start()
      }
    }
  }
}
