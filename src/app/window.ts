/** The rows around the ones in sight. A tree of a million rows costs the page a few hundred. */
import type { Row } from '../../workers/api'

/** Rows asked for at a time: about two screens. */
const page = 100
/** Rows held at most. */
const limit = 600

export interface RowsAnswer {
  readonly version: number
  readonly rows: readonly Row[]
}

export interface Range {
  readonly from: number
  readonly to: number
}

export class RowWindow {
  /** Replaced, never changed, so that a screen can hold on to it. */
  rows: ReadonlyMap<number, Row> = new Map()
  /** Version of the tree that `rows` belong to; -1 while nothing is held. */
  version = -1

  /** What to ask next, so that all of `range` is here under `version`; null where it is. Rows of an older version do not count. */
  missing(range: Range, version: number, total: number): { from: number; count: number } | null {
    const to = Math.min(range.to, total)
    for (let index = Math.max(0, range.from); index < to; index++) {
      if (this.version === version && this.rows.has(index)) continue
      const from = Math.max(0, Math.min(index, to - page))
      return { from: this.version === version ? index : from, count: Math.min(page, total - index) }
    }
    return null
  }

  /** Takes in what was answered. Another version than the one held replaces everything; an older one is dropped. */
  absorb({ version, rows }: RowsAnswer, from: number, inSight: Range): void {
    if (version < this.version) return
    const held = version === this.version ? new Map(this.rows) : new Map<number, Row>()
    rows.forEach((row, index) => held.set(from + index, row))
    if (held.size > limit) forgetFarFrom(inSight, held)
    this.rows = held
    this.version = version
  }

  /** Where a path stands among the rows held; -1 where it is not among them. */
  indexOf(path: string): number {
    for (const [index, row] of this.rows) if (row.path === path) return index
    return -1
  }

  clear(): void {
    this.rows = new Map()
    this.version = -1
  }
}

function forgetFarFrom(inSight: Range, held: Map<number, Row>): void {
  const middle = (inSight.from + inSight.to) / 2
  const nearest = [...held.keys()].sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))
  for (const index of nearest.slice(limit / 2)) held.delete(index)
}
