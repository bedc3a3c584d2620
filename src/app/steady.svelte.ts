/**
 * A list that is pointed at while answers to it still come: rows do not move away from under the pointer. What is asked anew
 * takes the place of the list in one step, once it is answered; and what comes for a list that the pointer is on waits until
 * the pointer leaves it.
 */

/** So long, in ms, what is asked anew waits for all of its answers before a part of them is shown. */
const PATIENCE = 250
/** A pointer that has not moved for so long, in ms, is not on its way to a row of a list that is out of date. */
const REST = 500

interface Listing<T> {
  readonly list: T
  /** What it is an answer to. */
  readonly of: string
  /** Nothing more will come for it. */
  readonly whole: boolean
}

export class Steady<T> {
  #shown = $state.raw<Listing<T> | null>(null)
  #latest: Listing<T> | null = null
  #pointed = false
  #patience: ReturnType<typeof setTimeout> | undefined
  #rest: ReturnType<typeof setTimeout> | undefined

  /** Null before anything was offered. */
  get shown(): Listing<T> | null {
    return this.#shown
  }

  /** What is found by now. Typing takes the list out of the pointer's hands. */
  offer(list: T, of: string, whole: boolean): void {
    const isNew = this.#latest?.of !== of
    this.#latest = { list, of, whole }
    if (isNew) {
      this.#pointed = false
      clearTimeout(this.#patience)
      this.#patience = setTimeout(() => this.#settle(true), PATIENCE)
    }
    this.#settle(!isNew && this.#shown?.of === of)
  }

  #settle(late = false): void {
    if (this.#latest && !this.#pointed && (this.#latest.whole || late || !this.#shown))
      this.#shown = this.#latest
  }

  /** The pointer moved on the list. */
  point(): void {
    this.#pointed = true
    clearTimeout(this.#rest)
    // One that is out of date is not kept for a pointer that merely lies there.
    if (this.#shown?.of !== this.#latest?.of || this.#shown?.whole === false)
      this.#rest = setTimeout(() => this.leave(), REST)
  }

  /** The pointer left the list. */
  leave(): void {
    clearTimeout(this.#rest)
    this.#pointed = false
    this.#settle(this.#shown?.of === this.#latest?.of)
  }
}
