import type { Place } from './fault'

/** What can be lived with, and is said all the same. Codes are stable: reports and people filter by them. */
export interface Notice {
  readonly code: string
  readonly severity: 'info' | 'warning' | 'error'
  readonly message: string
  readonly where: Place
}

/** Collects notices of one job, at most `limit` of each code: a hostile archive can hold a million of one kind. */
export class Notices {
  readonly list: Notice[] = []
  readonly #seen = new Map<string, number>()
  readonly #limit: number
  constructor(limit = 200) {
    this.#limit = limit
  }
  add(severity: Notice['severity'], code: string, message: string, where: Place = {}): void {
    const seen = (this.#seen.get(code) ?? 0) + 1
    this.#seen.set(code, seen)
    if (seen <= this.#limit) this.list.push({ code, severity, message, where })
  }
  addAll(notices: readonly Notice[]): void {
    for (const { severity, code, message, where } of notices) this.add(severity, code, message, where)
  }
  /** How many were found of each code, those beyond the limit included. */
  get counts(): ReadonlyMap<string, number> {
    return this.#seen
  }
}
