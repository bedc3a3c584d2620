/** Chance, the same every time. */

/** A whole number from 0 on, less than `below`. */
export type Chance = (below: number) => number

/** mulberry32: small, and good enough to choose bytes with. */
export function chance(seed: number): Chance {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}
