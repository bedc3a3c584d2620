import { expect, test } from 'vitest'
import {
  ago,
  count,
  directoryOf,
  exactBytes,
  exactTime,
  joined,
  layerMark,
  layerWords,
  modeLetters,
  octalMode,
  plain,
  sizeWords,
  stampWords,
  timeLeft,
} from './words'

test('layers of a new base are told from the image’s own', () => {
  expect([-1, 0, 2, 3, 5].map((layer) => layerWords(layer, 3))).toEqual([
    'your changes',
    'layer 0',
    'layer 2',
    'base layer 0',
    'base layer 2',
  ])
  expect([-1, 2, 3].map((layer) => layerMark(layer, 3))).toEqual(['you', '2', 'b0'])
})

test('what is left is told from the pace so far, and not guessed', () => {
  expect(timeLeft(1000, 50, 50)).toBe('')
  expect(timeLeft(5000, 0, 50)).toBe('')
  expect(timeLeft(5000, 100, 0)).toBe('')
  expect(timeLeft(2000, 50, 50)).toBe('about 2 s left')
  expect(timeLeft(4000, 25, 75)).toBe('about 15 s left')
  expect(timeLeft(10_000, 5, 95)).toBe('about 3 min left')
  expect(timeLeft(60_000, 1, 99)).toBe('about 2 h left')
})

test('sizes read as docker images prints them', () => {
  const said = [
    0, 1, 162, 999, 1000, 1536, 9994, 99_950, 999_500, 7_797_760, 41_300_000, 123_456_789, 6_400_000_000,
  ].map(sizeWords)
  expect(said).toEqual([
    '0B',
    '1B',
    '162B',
    '999B',
    '1kB',
    '1.54kB',
    '9.99kB',
    '100kB',
    '1MB',
    '7.8MB',
    '41.3MB',
    '123MB',
    '6.4GB',
  ])
  expect(exactBytes(7_797_760)).toBe('7,797,760 bytes')
  expect(count(1, 'entry', 'entries')).toBe('1 entry')
})

test('modes read as in chmod and in ls', () => {
  expect(octalMode(0o755)).toBe('0755')
  expect(octalMode(0o4755)).toBe('4755')
  expect(modeLetters(0o755, 'directory')).toBe('drwxr-xr-x')
  expect(modeLetters(0o4755, 'file')).toBe('-rwsr-xr-x')
  expect(modeLetters(0o2644, 'file')).toBe('-rw-r-Sr--')
  expect(modeLetters(0o1777, 'directory')).toBe('drwxrwxrwt')
  expect(modeLetters(0o777, 'symlink')).toBe('lrwxrwxrwx')
})

test('times are UTC, and what is no time is left as it was found', () => {
  expect(exactTime(1_725_621_607.5)).toBe('2024-09-06 11:20:07 UTC')
  expect(exactTime(1e20)).toBe('beyond any calendar')
  expect(stampWords('2024-09-06T22:20:07.972381771Z')).toBe('2024-09-06 22:20')
  expect(stampWords('yesterday')).toBe('yesterday')
  expect(ago(0, 5000)).toBe('just now')
  expect(ago(0, 61_000)).toBe('1 minute ago')
  expect(ago(0, 3 * 86_400_000)).toBe('3 days ago')
})

test('a name cannot hide its end behind a bidirectional override or a control', () => {
  expect(plain('invoice\u202egpj.sh')).toBe('invoice\\u202egpj.sh')
  expect(plain('a\nb\x1b[31m')).toBe('a\\x0ab\\x1b[31m')
  expect(plain('größe-ヒ')).toBe('größe-ヒ')
})

test('paths come apart and together', () => {
  expect(directoryOf('/etc/apk/world')).toBe('/etc/apk')
  expect(directoryOf('/etc')).toBe('/')
  expect(joined('/', 'etc')).toBe('/etc')
  expect(joined('/etc', 'motd')).toBe('/etc/motd')
})
