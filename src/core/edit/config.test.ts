import { expect, test } from 'vitest'
import { utf8 } from '../bytes/text'
import { editedConfig } from './config'

const config = '{"z":1,"config":{"Env":["A=1","B=2"],"Cmd":null,"User":"me"},"history":[{"created_by":"x"}]}'
const after = (key: readonly (string | number)[], value?: string | readonly string[]): string =>
  new TextDecoder().decode(editedConfig(utf8(config), [{ key, value }]))

test.each([
  ['1', 'B=3', '"Env":["A=1","B=3"]'],
  ['2', 'C=3', '"Env":["A=1","B=2","C=3"]'],
  ['0', undefined, '"Env":["B=2"]'],
] as const)(
  'an entry of a list goes by its number (%s), and all else keeps its bytes',
  (number, value, part) => {
    expect(after(['config', 'Env', number], value)).toBe(config.replace('"Env":["A=1","B=2"]', part))
  },
)

test.each([
  [['config', 'Env', '4'], /^config\.Env is a list of 2; it has no entry 4/],
  [['config', 'Env', 'PATH'], /^config\.Env is a list of 2; it has no entry PATH/],
  [['config', 'User', 'name'], /^config\.User is a string; there is no name in it/],
  [['history', '7', 'comment'], /no line 7/],
] as const)('%j is refused in words, as a line that does not fit', (key, words) => {
  expect(() => after(key, 'x')).toThrow(words)
})
