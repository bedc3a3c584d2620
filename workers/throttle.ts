/** Progress is for eyes, and a callback across threads costs a message: ten a second are enough. */
const EVERY = 100

export function throttled(report: (done: number) => void): (done: number) => void {
  let last = 0
  return (done) => {
    const now = performance.now()
    if (now - last < EVERY) return
    last = now
    report(done)
  }
}
