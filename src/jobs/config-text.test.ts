/** A config edited as text becomes edits of its fields, or is refused with the place. */
import { describe, expect, test } from 'vitest'
import { utf8 } from '../core/bytes/text'
import { ImageError } from '../core/fault/fault'
import { configOperations } from './config-text'

const config = {
  architecture: 'amd64',
  os: 'linux',
  config: { Cmd: ['/bin/sh'], Env: ['PATH=/bin'], Labels: { b: '1', a: '2' } },
  rootfs: { type: 'layers', diff_ids: [] },
}
const now = utf8(JSON.stringify(config))
const edited = (change: (copy: typeof config & Record<string, unknown>) => void) => {
  const copy = structuredClone(config) as typeof config & Record<string, unknown>
  change(copy)
  return configOperations(now, JSON.stringify(copy, null, 2))
}
const refusal = (text: string): string => {
  try {
    configOperations(now, text)
  } catch (thrown) {
    return thrown instanceof ImageError ? thrown.message : String(thrown)
  }
  return ''
}

describe('what differs becomes one edit a field', () => {
  test('a field of the inner config, set, added and taken away', () => {
    expect(
      edited((copy) => {
        copy.config.Cmd = ['/bin/sh', '-l']
        Object.assign(copy.config, { User: 'nobody' })
        delete (copy.config as Record<string, unknown>).Env
      }),
    ).toEqual([
      { op: 'config', key: ['config', 'Cmd'], value: ['/bin/sh', '-l'] },
      { op: 'config', key: ['config', 'Env'] },
      { op: 'config', key: ['config', 'User'], value: 'nobody' },
    ])
  })

  test('a field of the image', () => {
    expect(
      edited((copy) => {
        copy.author = 'me'
        copy.architecture = 'arm64'
      }),
    ).toEqual([
      { op: 'config', key: ['architecture'], value: 'arm64' },
      { op: 'config', key: ['author'], value: 'me' },
    ])
  })

  test('order and spacing are no edits', () => {
    expect(edited((copy) => (copy.config.Labels = { a: '2', b: '1' }))).toEqual([])
  })
})

describe('what is no config is refused, with the place', () => {
  test.each([
    ['{\n  "a": 1,\n}', /Line 3, column 1: the name of a field/],
    ['{ "a" 1 }', /Line 1, column 7: a colon is due/],
    ['[]', /Line 1, column 1: a config is an object/],
    ['', /a value is due/],
    ['{"a": 1} x', /Line 1, column 10/],
    ['{"config": "none"}', /field config/],
  ])('%s', (text, words) => expect(refusal(text)).toMatch(words))

  test('the list of layers cannot be edited by hand', () => {
    expect(() => edited((copy) => (copy.rootfs.type = 'other'))).toThrow(/follows from the layers/)
  })
})
