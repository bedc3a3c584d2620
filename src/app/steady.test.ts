import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Steady } from './steady.svelte'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const listOf = (steady: Steady<string[]>) => steady.shown?.list

test('what is typed takes the place of the list in one step, once its answers are there', () => {
  const steady = new Steady<string[]>()
  steady.offer(['apk'], 'ap', true)
  steady.offer(['a layer'], 'apt', false)
  expect(listOf(steady)).toEqual(['apk'])
  steady.offer(['apt', 'a layer'], 'apt', true)
  expect(listOf(steady)).toEqual(['apt', 'a layer'])
})

test('answers that take long are not waited for: what is known is shown, and the rest as it comes', () => {
  const steady = new Steady<string[]>()
  steady.offer(['apk'], 'ap', true)
  steady.offer(['a layer'], 'apt', false)
  vi.advanceTimersByTime(300)
  expect(listOf(steady)).toEqual(['a layer'])
  steady.offer(['apt', 'a layer'], 'apt', true)
  expect(listOf(steady)).toEqual(['apt', 'a layer'])
})

test('a row that is pointed at stays where it is while answers come, until the pointer leaves', () => {
  const steady = new Steady<string[]>()
  steady.offer(['a layer'], 'apt', true)
  steady.point()
  steady.offer(['apt', 'a layer'], 'apt', true)
  vi.advanceTimersByTime(10_000)
  expect(listOf(steady)).toEqual(['a layer'])
  steady.leave()
  expect(listOf(steady)).toEqual(['apt', 'a layer'])
})

test('a list that is out of date does not change while the pointer moves, and does once it rests', () => {
  const steady = new Steady<string[]>()
  steady.offer(['apk'], 'ap', true)
  steady.offer(['a layer'], 'apt', false)
  steady.point()
  vi.advanceTimersByTime(300)
  steady.point()
  steady.offer(['apt', 'a layer'], 'apt', true)
  expect(listOf(steady)).toEqual(['apk'])
  vi.advanceTimersByTime(600)
  expect(listOf(steady)).toEqual(['apt', 'a layer'])
})

test('who types on sees what they typed, wherever the pointer is', () => {
  const steady = new Steady<string[]>()
  steady.offer(['apk'], 'ap', true)
  steady.point()
  steady.offer(['apt'], 'apt', true)
  expect(listOf(steady)).toEqual(['apt'])
})
