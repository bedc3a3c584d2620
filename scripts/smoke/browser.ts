/** What the journey needs of a browser, whatever protocol it speaks. */
export interface Browser {
  readonly version: string
  go(url: string): Promise<void>
  reload(): Promise<void>
  /** Runs the body of a function in the page, waits for what it promises, and answers what it returns. */
  evaluate<T>(body: string): Promise<T>
  /** Chooses a file as the file dialog would. */
  setFile(selector: string, path: string): Promise<void>
  close(): Promise<void>
}

/** Asks again until it answers, or the time is over. */
export async function patiently<T>(what: string, seconds: number, ask: () => Promise<T>): Promise<T> {
  const end = Date.now() + seconds * 1000
  for (;;) {
    try {
      return await ask()
    } catch (thrown) {
      if (Date.now() > end)
        throw new Error(`${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
          cause: thrown,
        })
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}
