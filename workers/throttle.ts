/** Progress is for eyes, and a call across threads costs a message: ten a second are enough. */
const EVERY = 100

/** Calls at once, and then at most ten times a second; what comes in between is left out. */
export function throttled<Told extends unknown[]>(tell: (...told: Told) => void): (...told: Told) => void {
  let last = -Infinity
  return (...told) => {
    const now = performance.now()
    if (now - last < EVERY) return
    last = now
    tell(...told)
  }
}
