/** The table of a proof with engines: one row a proof, printed as it comes. */

export interface Row {
  readonly engine: string
  readonly archive: string
  readonly verdict: 'ok' | 'FAILED' | 'skipped'
  readonly name: string
  readonly id: string
  readonly words: string
  readonly seconds: number
}

export const rows: Row[] = []

let last = Date.now()

export function report(row: Omit<Row, 'name' | 'id' | 'seconds'> & Partial<Row>): void {
  const whole: Row = { name: '', id: '', seconds: (Date.now() - last) / 1000, ...row }
  last = Date.now()
  rows.push(whole)
  const cell = (text: string, width: number): string => text.slice(0, width).padEnd(width)
  const id = whole.id.replace('sha256:', '').slice(0, 12)
  const words = whole.words.split('\n')[0].slice(0, whole.verdict === 'FAILED' ? 600 : 110)
  console.log(
    `${cell(whole.verdict, 8)}${cell(whole.engine, 20)}${cell(whole.archive, 40)}${whole.seconds.toFixed(1).padStart(5)} s  ${cell(whole.name, 26)} ${cell(id, 13)}${words}`,
  )
}

/** One proof: its words if it holds, an Error if it does not. */
export async function prove(
  engine: string,
  archive: string,
  proof: () => Partial<Row> | Promise<Partial<Row>>,
): Promise<void> {
  try {
    report({ engine, archive, verdict: 'ok', words: '', ...(await proof()) })
  } catch (thrown) {
    const words = thrown instanceof Error ? thrown.message : String(thrown)
    report({ engine, archive, verdict: 'FAILED', words })
  }
}

/** What cannot be tried on this machine, and why. */
export function skip(engine: string, archive: string, why: string): void {
  report({ engine, archive, verdict: 'skipped', words: `NOT THERE: ${why}` })
}

export function must(holds: boolean, words: string): void {
  if (!holds) throw new Error(words)
}

export const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)
