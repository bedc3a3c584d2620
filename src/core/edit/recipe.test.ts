import { describe, expect, test } from 'vitest'
import { utf8 } from '../bytes/text'
import { editedConfig, historyEdits } from './config'
import { readRecipe } from './recipe'
import { stacked, UNTOUCHED } from './stack'

const read = (...operations: unknown[]) =>
  readRecipe({ peel: 'recipe/1', operations }, async () => utf8('beside'))

test('every line that is written in a recipe is read as it stands', async () => {
  const lines = [
    { op: 'copy', from: '/a', to: '/b' },
    { op: 'device', path: '/dev/null', kind: 'char', major: 1, minor: 3, mode: 0o666 },
    { op: 'device', path: '/pipe', kind: 'fifo' },
    { op: 'recover', path: '/sbin/apk', layer: 0 },
    { op: 'meta', path: '/ping', xattrs: { 'security.capability': 'AQAAAg==', 'user.x': null } },
    { op: 'history', index: 2, value: { created_by: 'RUN …' } },
    { op: 'history', index: 3 },
    { op: 'drop', layer: 1 },
    { op: 'squash', from: 2, to: 4 },
    { op: 'scrub', paths: ['/root/.netrc'] },
    { op: 'move', layer: 2, to: 1 },
  ]
  expect((await read(...lines)).operations).toEqual(lines)
})

test('a new base is named by its archive, by its layers, or by both', async () => {
  const diffIds = [`sha256:${'a'.repeat(64)}`]
  const { operations } = await read(
    { op: 'rebase', replace: 1, onto: { file: 'debian.tar', diff_ids: diffIds } },
    { op: 'rebase', onto: { file: 'debian.tar' } },
    { op: 'rebase', onto: { diff_ids: diffIds } },
  )
  expect(operations).toEqual([
    { op: 'rebase', replace: 1, onto: { file: 'debian.tar', diffIds } },
    { op: 'rebase', onto: { file: 'debian.tar', diffIds: [] } },
    { op: 'rebase', onto: { file: '', diffIds } },
  ])
})

test.each([
  [{ op: 'device', path: '/x', kind: 'door' }, /"kind"/],
  [{ op: 'device', path: '/x', kind: 'char', major: 1 }, /"minor"/],
  [{ op: 'recover', path: '/x', layer: -1 }, /"layer"/],
  [{ op: 'meta', path: '/x', xattrs: { 'user.x': 1 } }, /base64/],
  [{ op: 'meta', path: '/x', xattrs: { 'user.x': '' } }, /empty/],
  [{ op: 'scrub', paths: [] }, /"paths"/],
  [{ op: 'scrub', paths: ['x'] }, /must start with/],
  [{ op: 'history', index: 'last' }, /"index"/],
  [{ op: 'squash', from: 1 }, /"to"/],
  [{ op: 'move', layer: 1 }, /"to"/],
  [{ op: 'rebase', replace: 1 }, /"onto"/],
  [{ op: 'rebase', onto: { file: 7 } }, /"file"/],
  [{ op: 'rebase', onto: { file: 'a', diff_ids: ['md5:1'] } }, /"diff_ids"/],
])('%j is refused, and the line is named', async (line, words) => {
  const reading = read({ op: 'mkdir', path: '/ok' }, line)
  await expect(reading).rejects.toThrow(words)
  await expect(reading).rejects.toThrow(/^Line 2 of the recipe/)
})

describe('history', () => {
  const config = utf8(
    '{"history":[{"created":"2024-01-02T03:04:05Z","created_by":"ADD a","x":1},{"created_by":"RUN curl -u me:secret","comment":"c","empty_layer":true}]}',
  )
  const edited = (...edits: Parameters<typeof historyEdits>[0][]): unknown =>
    JSON.parse(new TextDecoder().decode(editedConfig(config, edits.flatMap(historyEdits))))

  test('a line that is scrubbed keeps its date, its unknown fields and whether it made a layer', () => {
    expect(edited({ op: 'history', index: 1 }, { op: 'history', index: 0 })).toEqual({
      history: [
        { created: '2024-01-02T03:04:05Z', created_by: '', x: 1 },
        { created_by: '', empty_layer: true },
      ],
    })
  })

  test('a line gets other words, and never another layer', () => {
    expect(
      edited({ op: 'history', index: 0, value: { created_by: 'ADD b', comment: 'new', empty_layer: true } }),
    ).toMatchObject({ history: [{ created_by: 'ADD b', comment: 'new', x: 1 }, {}] })
  })

  test('a line that is not there', () => {
    expect(() => edited({ op: 'history', index: 2 })).toThrow('The history has no line 2.')
  })
})

describe('whole layers', () => {
  test.each([
    [[{ op: 'drop', layer: 3 }], /no layer 3/],
    [
      [
        { op: 'drop', layer: 0 },
        { op: 'drop', layer: 0 },
      ],
      /already/,
    ],
    [[0, 1, 2].map((layer) => ({ op: 'drop', layer }) as const), /last layer/],
    [[{ op: 'squash', from: 1, to: 1 }], /no range/],
    [
      [
        { op: 'squash', from: 0, to: 1 },
        { op: 'squash', from: 1, to: 2 },
      ],
      /overlap/,
    ],
  ] as const)('%j does not fit an image of three layers', (operations, words) => {
    expect(() => operations.reduce((stack, operation) => stacked(stack, operation, 3), UNTOUCHED)).toThrow(
      words,
    )
  })
})
