import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HashRoom } from './hash-room'

const turn = (): Promise<void> => new Promise((done) => setTimeout(done))

test('one is read while another is digested, and nobody is overtaken', async () => {
  const room = new HashRoom(20)
  const log: string[] = []
  const job = (name: string, amount: number): Promise<void> =>
    room.use(amount, async (stay) => {
      log.push(`${name} reads`)
      await turn()
      await stay.mayCopy()
      stay.copied()
      log.push(`${name} digests`)
      await turn()
      log.push(`${name} ends`)
    })
  await Promise.all([job('a', 10), job('b', 10), job('c', 1)])
  expect(log).toEqual([
    'a reads',
    'a digests',
    'b reads',
    'a ends',
    'b digests',
    'c reads',
    'b ends',
    'c digests',
    'c ends',
  ])
})

test('whatever the sizes: never more than the total is held, and everyone gets through', async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(sizes, fc.scheduler(), async (amounts, scheduler) => {
      const room = new HashRoom(20)
      let held = 0
      let most = 0
      const hold = (amount: number): void => void (most = Math.max(most, (held += amount)))
      const jobs = amounts.map((asked) => {
        const amount = Math.min(asked, 10)
        return room.use(asked, async (stay) => {
          hold(amount)
          await scheduler.schedule(Promise.resolve(), 'read')
          await stay.mayCopy()
          hold(amount)
          await scheduler.schedule(Promise.resolve(), 'copy')
          hold(-amount)
          stay.copied()
          await scheduler.schedule(Promise.resolve(), 'digest')
          hold(-amount)
        })
      })
      await scheduler.waitFor(Promise.all(jobs))
      expect(most).toBeLessThanOrEqual(20)
      expect(held).toBe(0)
    }),
  )
})

test('says what is due, and whether one more would start at once', async () => {
  const room = new HashRoom(20)
  let end = (): void => {}
  const first = room.use(8, () => new Promise<void>((done) => (end = done)))
  await turn()
  expect([room.due, room.takes(4), room.takes(5)]).toEqual([8, true, false])
  const second = room.use(5, async () => {})
  // Nobody overtakes who waits.
  expect([room.due, room.takes(1)]).toEqual([13, false])
  end()
  await Promise.all([first, second])
  expect([room.due, room.takes(10)]).toEqual([0, true])
})

test('a job that fails gives back what it held, in whichever phase', async () => {
  const room = new HashRoom(2)
  await expect(room.use(1, () => Promise.reject(new Error('reading')))).rejects.toThrow('reading')
  const copying = room.use(1, async (stay) => {
    await stay.mayCopy()
    throw new Error('copying')
  })
  await expect(copying).rejects.toThrow('copying')
  expect(await room.use(1, (stay) => stay.mayCopy().then(() => 'next'))).toBe('next')
})
