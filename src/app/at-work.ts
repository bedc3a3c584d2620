/** Whether the person is doing something: what runs behind their back makes way then. */
import { throttled } from '../../workers/throttle'

/** `scroll` is for scrollbars and fingers; it does not bubble, so all of them are caught on the way down. */
const INPUT = ['wheel', 'scroll', 'keydown', 'pointerdown'] as const

/** Calls `tell` at once when input comes to `target`, and as long as more comes, ten times a second. Answers how to stop. */
export function onInput(target: EventTarget, tell: () => void): () => void {
  const heard = throttled(() => tell())
  const options = { capture: true, passive: true }
  for (const name of INPUT) target.addEventListener(name, heard, options)
  return () => {
    for (const name of INPUT) target.removeEventListener(name, heard, options)
  }
}
