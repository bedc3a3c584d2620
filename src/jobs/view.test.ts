/** What a view adds up to, and what of it is shown. */
import { describe, expect, test } from 'vitest'
import type { ViewRequest } from '../../workers/api'
import { MemorySource } from '../core/bytes/source'
import { Notices } from '../core/fault/notice'
import { scanLayer } from '../core/layer/scan'
import { unite } from '../core/rootfs/union'
import { SourceInput } from '../core/tar/input'
import { buildLayer } from '../testkit/archive'
import { parseNotation } from '../testkit/notation'
import { View } from './view'

const drawing = `image t:1
layer
  d usr/
  d usr/lib/
  f usr/lib/a.so 1000 bytes
  f usr/lib/b.so 500 bytes
  h usr/lib/also => usr/lib/a.so
  f usr/readme 10 bytes
layer
  f usr/lib/a.so 700 bytes
  w usr/lib/b.so`

async function viewOf(request: Partial<ViewRequest>, alone = false): Promise<View> {
  const tables = await Promise.all(
    parseNotation(drawing).images[0].layers.map((layer) =>
      scanLayer(new SourceInput(new MemorySource(buildLayer(layer))), new Notices()),
    ),
  )
  const tree = unite(tables)
  tree.seal(tables)
  return new View(
    { tree, sources: { tables, upper: [] }, ghosts: alone, onlyTouched: alone },
    { view: { kind: 'rootfs' }, filter: '', sort: 'name', descending: false, ...request },
    new Set(['/usr', '/usr/lib']),
  )
}

describe('rows', () => {
  const names = (view: View, from = 0, count = 99): string[] => view.rows(from, count).map(({ name }) => name)

  test('stand in order, directories first, and are found from any of them on', async () => {
    const view = await viewOf({})
    expect(names(view)).toEqual(['usr', 'lib', 'a.so', 'also', 'readme'])
    for (let row = 0; row < 5; row++) expect(names(view, row, 2)).toEqual(names(view).slice(row, row + 2))
    expect(names(view, 5)).toEqual([])
    expect(view.rows(2, 2).map(({ position, siblings }) => [position, siblings])).toEqual([
      [1, 2],
      [2, 2],
    ])
  })

  test('turned round, directories still stand first', async () => {
    expect(names(await viewOf({ descending: true }))).toEqual(['usr', 'lib', 'also', 'a.so', 'readme'])
  })

  test('by size, the largest first', async () => {
    expect(names(await viewOf({ sort: 'size', descending: true }))).toEqual([
      'usr',
      'lib',
      'also',
      'a.so',
      'readme',
    ])
  })

  test('of a closed directory go, and what is revealed says where it stands', async () => {
    const view = await viewOf({})
    view.expand('/usr', false, false)
    expect(names(view)).toEqual(['usr'])
    expect(view.reveal('/usr/readme')).toBe(4)
    view.expand('/usr/lib', false, false)
    expect(view.reveal('/usr/readme')).toBe(2)
    expect(names(view)).toEqual(['usr', 'lib', 'readme'])
  })

  test('are found by the beginning of a name, from one on and round', async () => {
    const view = await viewOf({})
    expect(view.typeAhead('a', -1)).toBe(2)
    expect(view.typeAhead('A', 2)).toBe(3)
    expect(view.typeAhead('a', 3)).toBe(2)
    expect(view.typeAhead('a', 4)).toBe(2)
    expect(view.typeAhead('usr', 0)).toBe(0)
    expect(view.typeAhead('x', 0)).toBe(-1)
  })
})

const bytes = (view: View): number => view.summary(1, true).bytes
const sizes = (view: View): Record<string, number> =>
  Object.fromEntries(view.rows(0, 99).map((row) => [row.path, row.bytes]))

describe('bytes', () => {
  test('of the whole tree: every file, hard-linked data once', async () => {
    const view = await viewOf({})
    expect(bytes(view)).toBe(700 + 1000 + 10)
    expect(sizes(view)['/usr/lib']).toBe(1700)
  })

  test('of one layer alone: what that layer brought, in its directories too', async () => {
    const view = await viewOf({}, true)
    expect(bytes(view)).toBe(700)
    expect(sizes(view)).toEqual({ '/usr': 700, '/usr/lib': 700, '/usr/lib/a.so': 700, '/usr/lib/b.so': 500 })
  })

  test('with a filter: what matches, a directory with all below it, nothing twice', async () => {
    expect(bytes(await viewOf({ filter: '*.so' }))).toBe(700)
    expect(bytes(await viewOf({ filter: 'lib' }))).toBe(1700)
    expect(bytes(await viewOf({ filter: '/usr' }))).toBe(1710)
    expect(bytes(await viewOf({ filter: 'also' }))).toBe(1000)
    expect(bytes(await viewOf({ filter: 'nothing' }))).toBe(0)
  })
})

describe('filters', () => {
  const paths = async (request: Partial<ViewRequest>, alone = false): Promise<string[]> =>
    (await viewOf(request, alone)).rows(0, 99).map(({ path }) => path)

  test('a regular expression is held against the whole path, and one that is none is said', async () => {
    expect(await paths({ filter: '^/usr/.*\\.SO$', regex: true, flat: true })).toEqual(['/usr/lib/a.so'])
    await expect(paths({ filter: '(', regex: true })).rejects.toThrow(/Not a regular expression/)
  })

  test('by change, type and size, all of them together', async () => {
    expect(await paths({ changes: ['removed'], flat: true }, true)).toEqual(['/usr/lib/b.so'])
    expect(await paths({ changes: ['removed', 'changed'], flat: true }, true)).toEqual([
      '/usr/lib/a.so',
      '/usr/lib/b.so',
    ])
    expect(await paths({ types: ['hardlink'], flat: true })).toEqual(['/usr/lib/also'])
    expect(await paths({ types: ['directory'] })).toEqual(['/usr', '/usr/lib'])
    expect(await paths({ atLeast: 500, types: ['file'], flat: true })).toEqual(['/usr/lib/a.so'])
    expect(await paths({ atMost: 10, flat: true })).toEqual(['/usr/readme'])
    expect(await paths({ atLeast: 500, atMost: 900, filter: 'a', flat: true })).toEqual(['/usr/lib/a.so'])
  })

  test('what matches is counted', async () => {
    expect((await viewOf({ atLeast: 500, types: ['file', 'hardlink'] })).summary(1, true).matched).toBe(2)
  })
})

describe('flat', () => {
  test('no directories; names are whole paths, in one order', async () => {
    const view = await viewOf({ flat: true })
    expect(view.rows(0, 99).map(({ name, depth, position }) => [name, depth, position])).toEqual([
      ['usr/lib/a.so', 0, 1],
      ['usr/lib/also', 0, 2],
      ['usr/readme', 0, 3],
    ])
    expect(view.reveal('/usr/lib/also')).toBe(1)
    expect(view.summary(1, true).rows).toBe(3)
  })

  test('by size, the largest first, wherever they lie', async () => {
    const view = await viewOf({ flat: true, sort: 'size', descending: true })
    expect(view.rows(0, 99).map(({ name }) => name)).toEqual(['usr/lib/also', 'usr/lib/a.so', 'usr/readme'])
  })
})
