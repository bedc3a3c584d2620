/**
 * Which tab may change an image, by Web Locks: the browser lets go of a lock when its tab or worker is gone, however it
 * went. Taking over is asked for on a channel, so that the holder finishes what it is saving; one that does not answer
 * loses the lock all the same.
 */
import { freeClaims } from '../jobs/memory-stores'
import type { Claim, Claimant, Claims } from '../jobs/ports'

const PREFIX = 'peel-image/'
const CHANNEL = 'peel-claims'
/** So long a reload of this very tab may take to let go of its own lock, ms. */
const RELOAD = 1500
/** So long a holder may take to finish what it is saving, ms. */
const PATIENCE = 4000

export function browserClaims(): Claims {
  const locks = globalThis.navigator?.locks as LockManager | undefined
  if (!locks || typeof BroadcastChannel === 'undefined') return freeClaims()
  const own = new Set<string>()
  return {
    claim: (id, claimant) => new LockClaim(locks, id, claimant, own),
    async elsewhere() {
      const { held = [] } = await locks.query()
      const names = held.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : []))
      return new Set(names.filter((id) => !own.has(id)))
    },
  }
}

class LockClaim implements Claim {
  readonly #locks: LockManager
  readonly #id: string
  readonly #claimant: Claimant
  readonly #own: Set<string>
  readonly #channel: BroadcastChannel
  #letGo: (() => void) | null = null
  #waiting = new AbortController()
  #released = false

  constructor(locks: LockManager, id: string, claimant: Claimant, own: Set<string>) {
    this.#locks = locks
    this.#id = id
    this.#claimant = claimant
    this.#own = own
    this.#channel = new BroadcastChannel(CHANNEL)
    this.#channel.onmessage = ({ data }) => {
      if ((data as { take?: unknown } | null)?.take === id) void this.#giveUp()
    }
    this.#queue()
    setTimeout(() => {
      if (!this.#letGo && !this.#released) claimant.other()
    }, RELOAD)
  }

  /** Waits in line: where the holder goes away, this tab may change the image from then on. */
  #queue(): void {
    this.#waiting = new AbortController()
    this.#request({ signal: this.#waiting.signal })
  }

  #request(options: LockOptions): void {
    this.#locks
      .request(PREFIX + this.#id, options, () => this.#hold())
      .catch(() => {
        // Stolen from us, or no longer waited for.
        if (this.#letGo) void this.#giveUp()
      })
  }

  #hold(): Promise<void> {
    if (this.#released) return Promise.resolve()
    this.#own.add(this.#id)
    const held = new Promise<void>((resolve) => (this.#letGo = resolve))
    void this.#claimant.held()
    return held
  }

  /** To another tab that asked for it. What is being saved is saved first. */
  async #giveUp(): Promise<void> {
    const letGo = this.#letGo
    if (!letGo) return
    this.#letGo = null
    await this.#claimant.lost()
    this.#own.delete(this.#id)
    letGo()
    if (!this.#released) this.#queue()
  }

  takeOver(): void {
    this.#channel.postMessage({ take: this.#id })
    setTimeout(() => {
      if (this.#letGo || this.#released) return
      this.#waiting.abort()
      this.#request({ steal: true })
    }, PATIENCE)
  }

  release(): void {
    this.#released = true
    this.#channel.close()
    this.#waiting.abort()
    this.#own.delete(this.#id)
    this.#letGo?.()
    this.#letGo = null
  }
}
