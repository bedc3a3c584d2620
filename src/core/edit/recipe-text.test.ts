import { expect, test } from 'vitest'
import { utf8 } from '../bytes/text'
import type { Operation } from './operation'
import { readRecipe } from './recipe'
import { recipeText } from './recipe-text'

const contents = new Map([
  ['one', utf8('text, "quoted"\n')],
  ['two', new Uint8Array([0, 255, 128, 7])],
])

const operations: readonly Operation[] = [
  { op: 'write', path: '/a', content: 'one', size: 15, mode: 0o4755, mtime: 7 },
  { op: 'write', path: '/b', content: 'two', size: 4 },
  { op: 'mkdir', path: '/d', mode: 0o700 },
  { op: 'symlink', path: '/l', target: '../x' },
  { op: 'hardlink', path: '/h', target: '/a' },
  { op: 'device', path: '/n', kind: 'char', major: 1, minor: 3 },
  { op: 'copy', from: '/a', to: '/c' },
  { op: 'recover', path: '/r', layer: 2 },
  { op: 'remove', path: '/gone' },
  { op: 'rename', from: '/c', to: '/e' },
  { op: 'meta', path: '/a', uid: 1, xattrs: { 'user.x': 'eA==', 'user.y': null } },
  { op: 'config', key: ['config', 'Cmd'], value: ['sh'] },
  { op: 'config', key: ['config', 'User'] },
  { op: 'history', index: 1 },
  { op: 'history', index: 0, value: { created_by: 'RUN' } },
  { op: 'annotation', key: 'k', value: 'v' },
  { op: 'annotation', key: 'k' },
  { op: 'tags', tags: ['a:1'] },
  { op: 'drop', layer: 1 },
  { op: 'squash', from: 0, to: 1 },
  { op: 'scrub', paths: ['/s'] },
  { op: 'move', layer: 1, to: 0 },
  { op: 'rebase', replace: 1, onto: { file: 'debian.tar', diffIds: [`sha256:${'a'.repeat(64)}`] } },
]

test('every operation is written so that it is read as it was, contents and all', async () => {
  const text = await recipeText(operations, async (id) => contents.get(id)!)
  const read = await readRecipe(JSON.parse(text), () => Promise.reject(new Error('nothing lies beside it')))
  const renamed = operations.map((operation) =>
    operation.op === 'write'
      ? { ...operation, content: operation.content === 'one' ? 'r0' : 'r1' }
      : operation,
  )
  expect(read.operations).toEqual(renamed)
  expect([...read.contents.values()]).toEqual([...contents.values()])
  expect(text).toContain('{"text":"text, \\"quoted\\"\\n"}')
  expect(text).toContain('"mode":"4755"')
})

test('a recipe of nothing is one too', async () => {
  const text = await recipeText([], () => Promise.reject(new Error('none')))
  expect(JSON.parse(text)).toEqual({ peel: 'recipe/1', operations: [] })
})
