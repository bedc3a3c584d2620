/** What an export plan asks of the engine, and when. */
import { expect, test, vi } from 'vitest'
import type { Engine } from './engine'
import { ExportPlan } from './exporting.svelte'

const never = new Promise<never>(() => {})

test('saved while the sizes are still being worked out: the build is not given up for a forecast', async () => {
  vi.useFakeTimers()
  const asked: string[] = []
  let answer = (_: unknown): void => {}
  const engine = {
    sizes: () => new Promise((resolve) => (answer = resolve)),
    exportRules: async () => [],
    export: () => (asked.push('export'), never),
    foretell: () => (asked.push('foretell'), never),
  } as unknown as Engine
  const plan = new ExportPlan(engine, 'rewrite', 'a:1')
  plan.follow()
  await vi.advanceTimersByTimeAsync(1000)
  void plan.built()
  answer({ builds: [{ build: 'rewrite', work: 1e9 }] })
  await vi.advanceTimersByTimeAsync(1000)
  expect(asked).toEqual(['export'])
  vi.useRealTimers()
})
