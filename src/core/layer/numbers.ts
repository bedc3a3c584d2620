/**
 * A column of numbers that are nearly all small: those in as few bytes as they need, the rare others exactly beside
 * them. Where others are not rare (a tar whose times all have fractions), the column is one of doubles.
 */
import { grown } from './strings'

type Narrow = Uint8Array | Uint32Array | Int32Array

export interface Numbers {
  readonly column: Narrow | Float64Array
  /** By row, what the column cannot hold. */
  readonly beyond: ReadonlyMap<number, number>
}

export function numberAt({ column, beyond }: Numbers, row: number): number {
  return beyond.size === 0 ? column[row] : (beyond.get(row) ?? column[row])
}

/** A Map's entry takes about 40 bytes, a double 8. */
const RARE = 1 / 8
const FEW = 64

export class NumbersBuilder {
  #column: Narrow | Float64Array
  #beyond = new Map<number, number>()
  readonly #narrow: () => Narrow

  /** `narrow` makes a column of the kind that most numbers fit into. */
  constructor(narrow: () => Narrow) {
    this.#narrow = narrow
    this.#column = narrow()
  }

  set(row: number, value: number): void {
    if (row >= this.#column.length) this.#column = grown(this.#column, this.#column.length * 2)
    const column = this.#column
    column[row] = value
    if (column[row] === value) return
    this.#beyond.set(row, value)
    if (this.#beyond.size > FEW && this.#beyond.size > row * RARE) this.#widen()
  }

  #widen(): void {
    const wide = Float64Array.from(this.#column)
    for (const [row, value] of this.#beyond) wide[row] = value
    this.#beyond.clear()
    this.#column = wide
  }

  /** The first `length` numbers, and an empty builder again. */
  finish(length: number): Numbers {
    if (this.#beyond.size > FEW && this.#beyond.size > length * RARE) this.#widen()
    const numbers = { column: this.#column.slice(0, length), beyond: this.#beyond }
    this.#beyond = new Map()
    if (this.#column instanceof Float64Array) this.#column = this.#narrow()
    return numbers
  }
}
