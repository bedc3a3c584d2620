import { describe, expect, test } from 'vitest'
import type { Row, TreeSummary, ViewRequest } from '../../workers/api'
import type { Engine } from './engine'
import { FilesPane } from './files.svelte'

const whole = { from: 0, to: 30 }

/** A tree of paths; calls answer in their order, as far as they are let through: what is asked late is asked of a newer tree. */
class Paths {
  version = 1
  #paths: readonly string[]
  readonly #waiting: (() => void)[] = []

  constructor(paths: readonly string[]) {
    this.#paths = paths
  }

  get summary(): TreeSummary {
    const { version } = this
    const rows = this.#paths.length
    return { rows, version, files: rows, directories: 0, bytes: 0, matched: null, complete: true }
  }
  become(paths: readonly string[]): TreeSummary {
    this.#paths = paths
    this.version += 1
    return this.summary
  }

  rows(from: number, count: number): Promise<{ version: number; rows: Row[] }> {
    return this.#later(() => ({
      version: this.version,
      rows: this.#paths.slice(from, from + count).map((path) => ({ path, type: 'file', depth: 0 }) as Row),
    }))
  }
  show({ filter }: ViewRequest): Promise<TreeSummary> {
    return this.#later(() => this.become(this.#paths.filter((path) => path.includes(filter))))
  }
  reveal(path: string): Promise<{ summary: TreeSummary; row: number }> {
    return this.#later(() => ({ summary: this.summary, row: this.#paths.indexOf(path) }))
  }

  #later<T>(answer: () => T): Promise<T> {
    return new Promise((resolve) => this.#waiting.push(() => resolve(answer())))
  }
  /** Lets one call through, or so many, and all that follows at once from it. */
  async answer(calls = 1): Promise<void> {
    for (let i = 0; i < calls; i++) {
      this.#waiting.shift()?.()
      await new Promise((resolve) => setTimeout(resolve))
    }
  }
}

function over(engine: Paths): FilesPane {
  return new FilesPane({
    engine: engine as unknown as Engine,
    readOnly: false,
    run: (_, call) => call(),
    fail: (thrown) => {
      throw thrown
    },
  })
}

async function opened(paths: readonly string[]): Promise<{ engine: Paths; files: FilesPane }> {
  const engine = new Paths(paths)
  const files = over(engine)
  files.take(engine.summary)
  files.want(whole)
  await engine.answer()
  return { engine, files }
}

const onScreen = (files: FilesPane): string[] => [...files.rows.values()].map(({ path }) => path)

describe('rows of a tree that changes while they are on their way', () => {
  test('fewer than were asked for: those that are left are asked for anew', async () => {
    const engine = new Paths(['/a', '/b', '/c'])
    const files = over(engine)
    files.take(engine.summary)
    files.want(whole)
    files.take(engine.become(['/a', '/b', '/c', '/d']))
    await engine.answer() // Three rows, of the tree that has four: the fourth is asked for.
    files.take(engine.become(['/b']))
    await engine.answer(2)
    expect(onScreen(files)).toEqual(['/b'])
    expect(files.isBusy).toBe(false)
  })

  test('the tree is busy until they are here', async () => {
    const { engine, files } = await opened(['/a', '/b'])
    expect(files.isBusy).toBe(false)
    files.take(engine.become(['/b']))
    expect(files.isBusy).toBe(true)
    await engine.answer()
    expect(files.isBusy).toBe(false)
  })

  test('rows that come along with a change are not asked for, where they are all that is in sight', async () => {
    const { engine, files } = await opened(['/a', '/b'])
    const row = (path: string): Row => ({ path, type: 'file', depth: 0 }) as Row
    files.take({ ...engine.become(['/b', '/c']), around: { from: 0, rows: [row('/b'), row('/c')] } })
    expect(files.isBusy).toBe(false)
    expect(onScreen(files)).toEqual(['/b', '/c'])
    // Fewer: those of the older tree stay until all are here.
    files.take({ ...engine.become(['/b', '/d', '/e']), around: { from: 0, rows: [row('/b')] } })
    expect(files.isBusy).toBe(true)
    expect(onScreen(files)).toEqual(['/b', '/c'])
    await engine.answer(2) // Where the cursor's path went, and the rows.
    expect(onScreen(files)).toEqual(['/b', '/d', '/e'])
  })

  test('a click is on the row that was seen, not on what stands there next', async () => {
    const { engine, files } = await opened(['/a', '/b', '/c'])
    files.take(engine.become(['/0', '/a', '/b', '/c']))
    files.go(1, files.rows.get(1))
    expect(files.cursorRow?.path).toBe('/b')
    await engine.answer(2)
    expect(files.cursorRow?.path).toBe('/b')
    expect(files.cursor).toBe(2)
  })

  test('nothing is chosen while the cursor is led elsewhere, and new files have no place yet', async () => {
    const { engine, files } = await opened(['/a', '/b/c'])
    files.go(0, files.rows.get(0))
    const going = files.reveal('/b/c')
    expect([files.chosen, files.directory]).toEqual([[], null])
    await engine.answer(2)
    await going
    expect(files.chosen.map(({ path }) => path)).toEqual(['/b/c'])
    expect(files.directory).toBe('/b')
  })

  test('a filter that is typed makes it busy from the first letter on', async () => {
    const { engine, files } = await opened(['/a', '/b'])
    files.filterSoon('b')
    expect(files.isBusy).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(files.isBusy).toBe(true)
    await engine.answer(4)
    expect(onScreen(files)).toEqual(['/b'])
    expect(files.isBusy).toBe(false)
  })
})
