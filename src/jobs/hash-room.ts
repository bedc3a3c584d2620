/**
 * Memory for hashing at once, shared by several workers. The platform's digest copies its buffer, so a job holds its
 * bytes once while it reads them, twice for the moment of the copy, and once again until the digest is there:
 *
 *   held    ▁▁▁▁▁▁▁▁ n ▁▁▁▁▁▁▁▁▁ 2n ▁▁▁▁ n ▁▁▁▁▁▁▁▁ 0
 *   phase   enter → read → mayCopy → copied → digest → end
 *
 * So one layer can be read while another is digested, and no more than `total` is held whatever their sizes. Where the
 * platform digests before it returns (Chromium 156 does), `copied` comes with the digest, and a layer of more than a
 * third of the room is alone in it: who would wait asks `due` whether to go on without it.
 */

/** One job's place in it, as the one who hashes sees it. */
export interface Stay {
  /** Resolves when the second copy may be made. */
  mayCopy(): Promise<void>
  /** The second copy was made, and the first one let go. */
  copied(): void
}

interface Job {
  readonly amount: number
  held: number
}

interface Waiting {
  readonly job: Job
  readonly go: () => void
}

export class HashRoom {
  readonly #total: number
  #used = 0
  #due = 0
  /** Jobs that hold their bytes once and will want them twice. */
  readonly #reading = new Set<Job>()
  readonly #toCopy: Waiting[] = []
  readonly #toEnter: Waiting[] = []

  /** @param total bytes that all jobs together may hold */
  constructor(total: number) {
    this.#total = total
  }

  /** Bytes of all jobs that wait or are not ended. */
  get due(): number {
    return this.#due
  }

  /** Whether a job of so many bytes would start at once. */
  takes(amount: number): boolean {
    return this.#toCopy.length + this.#toEnter.length === 0 && this.#fits(this.#jobOf(amount))
  }

  /** Runs `work` on `amount` bytes (at most half of the total), behind all that came before. */
  async use<T>(amount: number, work: (stay: Stay) => Promise<T>): Promise<T> {
    const job = this.#jobOf(amount)
    this.#due += job.amount
    await this.#queued(this.#toEnter, job)
    try {
      return await work({
        mayCopy: () => this.#queued(this.#toCopy, job),
        copied: () => this.#hold(job, job.amount),
      })
    } finally {
      this.#due -= job.amount
      this.#reading.delete(job)
      this.#hold(job, 0)
    }
  }

  #jobOf(amount: number): Job {
    return { amount: Math.min(amount, this.#total / 2), held: 0 }
  }

  #queued(queue: Waiting[], job: Job): Promise<void> {
    return new Promise((go) => {
      queue.push({ job, go })
      this.#proceed()
    })
  }

  #hold(job: Job, amount: number): void {
    this.#used += amount - job.held
    job.held = amount
    this.#proceed()
  }

  /** Copies come first: each ends in memory given back. */
  #proceed(): void {
    for (let i = 0; i < this.#toCopy.length;)
      if (this.#used + this.#toCopy[i].job.amount <= this.#total) this.#copy(this.#toCopy.splice(i, 1)[0])
      else i++
    while (this.#toCopy.length === 0 && this.#toEnter.length > 0 && this.#fits(this.#toEnter[0].job))
      this.#enter(this.#toEnter.shift()!)
  }

  #copy({ job, go }: Waiting): void {
    this.#reading.delete(job)
    this.#used += job.amount
    job.held += job.amount
    go()
  }

  #enter({ job, go }: Waiting): void {
    this.#reading.add(job)
    this.#used += job.amount
    job.held = job.amount
    go()
  }

  /** Whether it may start: there is room now, and whoever reads can have its copy once all digests have ended, or two would wait for each other. */
  #fits(job: Job): boolean {
    let sum = job.amount
    let most = job.amount
    for (const { amount } of this.#reading) {
      sum += amount
      most = Math.max(most, amount)
    }
    return this.#used + job.amount <= this.#total && sum + most <= this.#total
  }
}
