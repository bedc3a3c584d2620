import { expect, test } from 'vitest'
import { fitting } from './fuzzy'

const commands = ['Open image…', 'Undo', 'Redo', 'Export…', 'Show waste', 'Filter paths']
const found = (query: string) => fitting(commands, query, (words) => words, 9)

test('a beginning before a word before letters in order', () => {
  expect(found('e')[0]).toBe('Export…')
  expect(found('image')).toEqual(['Open image…'])
  expect(found('swa')).toEqual(['Show waste'])
  expect(found('do')).toEqual(['Undo', 'Redo'])
  expect(found('zzz')).toEqual([])
  expect(found('')).toEqual(commands)
  expect(
    fitting(
      ['RUN apt-get update && apt-get install -y redis-server gosu tzdata && rm -r x'],
      'rrr',
      (words) => words,
      9,
    ),
  ).toEqual([])
})
