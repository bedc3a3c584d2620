import { expect, test } from 'vitest'
import { Budget } from './budget'

test('never more than the total is in use, and nobody is overtaken', async () => {
  const budget = new Budget(10)
  let inUse = 0
  let most = 0
  const order: number[] = []
  const job = (id: number, amount: number): Promise<void> =>
    budget.use(amount, async () => {
      inUse += Math.min(amount, 10)
      most = Math.max(most, inUse)
      order.push(id)
      await new Promise((done) => setTimeout(done, 1))
      inUse -= Math.min(amount, 10)
    })
  await Promise.all([job(0, 6), job(1, 6), job(2, 1), job(3, 99), job(4, 10), job(5, 3)])
  expect(order).toEqual([0, 1, 2, 3, 4, 5])
  expect(most).toBe(10)
})

test('a job that fails gives back what it took', async () => {
  const budget = new Budget(1)
  await expect(budget.use(1, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await budget.use(1, () => Promise.resolve('next'))).toBe('next')
})
