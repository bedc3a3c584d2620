/** The next turn of this thread: answers that are ready go out before it. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
