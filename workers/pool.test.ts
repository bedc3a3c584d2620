/** When workers are started that nobody has work for yet. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { workerPool } from './pool'
import { moved } from './wire'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

function counted() {
  const ports: MessagePort[] = []
  const pool = workerPool(
    Promise.resolve({
      spawn: async () => {
        const { port1, port2 } = new MessageChannel()
        ports.push(port1, port2)
        return moved({ id: ports.length, port: port1 }, [port1])
      },
      end: () => {},
    }),
  )
  return {
    pool,
    started: () => ports.length / 2,
    close: () => ports.forEach((port) => port.close()),
  }
}

test('a quarter of a second after the page, all of them', async () => {
  const { pool, started, close } = counted()
  await vi.advanceTimersByTimeAsync(200)
  expect(started()).toBe(0)
  await vi.advanceTimersByTimeAsync(100)
  expect(started()).toBe(pool.width)
  close()
})

test('not while an image is taken up from storage', async () => {
  const { pool, started, close } = counted()
  let done: () => void
  pool.hold!(new Promise((resolve) => (done = resolve)))
  await vi.advanceTimersByTimeAsync(1000)
  expect(started()).toBe(0)
  done!()
  await vi.advanceTimersByTimeAsync(1)
  expect(started()).toBe(pool.width)
  close()
})
