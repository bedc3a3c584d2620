import { describe, expect, test } from 'vitest'
import type { Build, BuildSizes, ExportForecast, ExportRequest, ExportResult } from '../../workers/api'
import { ImageError } from '../core/fault/fault'
import type { Engine } from './engine'
import { ExportPlan } from './exporting.svelte'

const figures = { bytes: 5, imageId: null, manifestDigest: null, targetDigest: null, layers: 1, images: 1 }

/** Answers when it is told to; a build or a forecast gives up the one before it, as the engine's do. */
class SlowEngine {
  readonly asked: string[] = []
  #answerSizes: (() => void)[] = []
  #running: (() => void) | null = null

  /** Bytes of work that a build takes. */
  work = 1e9

  sizes(_: unknown, [build]: readonly Build[]): Promise<BuildSizes> {
    this.asked.push(`sizes of ${build}`)
    const sizes = { opened: 1, builds: [{ build, bytes: 1, work: this.work, why: '' }] }
    return new Promise((resolve) => this.#answerSizes.push(() => resolve(sizes)))
  }
  async exportRules(): Promise<[]> {
    return []
  }
  foretell(): Promise<ExportForecast> {
    return this.#alone('foretell')
  }
  export(): Promise<ExportResult> {
    return this.#alone('export')
  }

  #alone<T>(what: string): Promise<T> {
    this.asked.push(what)
    this.#running?.()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => resolve(figures as T), 20)
      this.#running = () => {
        clearTimeout(timer)
        reject(new ImageError('cancelled', 'Cancelled.'))
      }
    })
  }

  answerSizes(): void {
    for (const answer of this.#answerSizes.splice(0)) answer()
  }
}

const started = (engine: SlowEngine): ExportPlan =>
  new ExportPlan(engine as unknown as Engine, 'rewrite', 'a:1' satisfies ExportRequest['tag'])

const until = async (engine: SlowEngine, what: string): Promise<void> => {
  while (!engine.asked.includes(what)) await new Promise((resolve) => setTimeout(resolve, 10))
}
const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10))

describe('saving before sizes are known', () => {
  test('is not given up for the forecast that the sizes ask for', async () => {
    const engine = new SlowEngine()
    const plan = started(engine)
    plan.follow()
    await until(engine, 'sizes of rewrite')
    const built = plan.built()
    engine.answerSizes()
    expect(await built).toMatchObject(figures)
    expect(engine.asked).not.toContain('foretell')
  })

  test('nor for the forecast of a dialog that was closed', async () => {
    const engine = new SlowEngine()
    const stop = started(engine).follow()
    await until(engine, 'sizes of rewrite')
    stop()
    const built = started(engine).built()
    engine.answerSizes()
    await moment()
    expect(await built).toMatchObject(figures)
  })

  test('gives up a forecast that is under way', async () => {
    const engine = new SlowEngine()
    const plan = started(engine)
    plan.follow()
    await until(engine, 'sizes of rewrite')
    while (!engine.asked.includes('foretell')) {
      engine.answerSizes()
      await moment()
    }
    expect(await plan.built()).toMatchObject(figures)
    expect(plan.fault).toBeNull()
  })
})

test('what is small is built before the other builds are measured', async () => {
  const engine = new SlowEngine()
  engine.work = 1
  const plan = started(engine)
  plan.follow()
  await until(engine, 'sizes of rewrite')
  engine.answerSizes()
  await until(engine, 'sizes of append')
  expect(engine.asked).toEqual(['sizes of rewrite', 'export', 'sizes of append'])
  expect(plan.result).toMatchObject(figures)
  expect(plan.sizes?.builds.map(({ build }) => build)).toEqual(['rewrite'])
})

test('nothing can be saved while the base of a delta is being read', async () => {
  let answer = (): void => {}
  const describeBase = () =>
    new Promise((_, reject) => (answer = () => reject(new ImageError('not-an-archive', 'No archive.'))))
  const plan = new ExportPlan({ describeBase } as unknown as Engine, 'append', 'a:1')
  const described = plan.describeBase('kept')
  expect(plan.choosing).toBe(true)
  answer()
  await expect(described).rejects.toThrow('No archive.')
  expect(plan.choosing).toBe(false)
})
