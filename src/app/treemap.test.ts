import { expect, test } from 'vitest'
import type { Block, Treemap } from '../../workers/api'
import type { Desk, FilesPane } from './files.svelte'
import { TreemapPane } from './treemap.svelte'

const tree: Readonly<Record<string, readonly string[]>> = {
  '/': ['/usr', '/usr/lib', '/usr/lib/liba.so', '/etc', '/etc/hosts'],
  '/usr': ['/usr/lib', '/usr/lib/liba.so'],
  '/usr/lib': ['/usr/lib/liba.so'],
}

const blockAt = (path: string): Block => ({
  parent: -1,
  path,
  name: path,
  bytes: 1,
  files: 1,
  rest: 0,
  directory: path in tree,
  opened: path in tree,
  layer: 0,
  change: 'same',
  kind: 'other',
})

function mapOf(paths = tree, complete = true): { map: TreemapPane; read: (more: typeof tree) => void } {
  const summary = { version: 1, complete }
  const treemap = async (path: string): Promise<Treemap> => {
    if (!(path in paths)) throw new Error('no such path')
    return { path, bytes: 1, blocks: [path, ...paths[path]].map(blockAt) }
  }
  const run = <T>(_: string, call: () => Promise<T>) => call()
  const map = new TreemapPane({ engine: { treemap }, run } as unknown as Desk, { summary } as FilesPane)
  const read = (more: typeof tree) => {
    paths = more
    summary.complete = true
  }
  return { map, read }
}

const currentOf = (map: TreemapPane) => map.blocks[map.current]?.path

test('what is chosen elsewhere is the current block, or the smallest that holds it', async () => {
  const { map } = mapOf()
  await map.refresh()
  await map.follow('/usr/lib/liba.so')
  expect(currentOf(map)).toBe('/usr/lib/liba.so')
  await map.follow('/usr/lib/tiny/file')
  expect(currentOf(map)).toBe('/usr/lib')
  await map.follow('/usr/libexec')
  expect(currentOf(map)).toBe('/usr')
  await map.follow('/tiny')
  expect(map.current).toBe(0)
  expect(map.step('ArrowRight')).toBe(2)
})

test('a path outside of what is zoomed to makes the map as much larger as it takes', async () => {
  const { map } = mapOf()
  await map.zoom('/usr/lib')
  await map.follow('/usr/lib/liba.so')
  expect(map.path).toBe('/usr/lib')
  await map.follow('/usr/bin/app')
  expect(map.path).toBe('/usr')
  await map.follow('/etc/hosts')
  expect([map.path, currentOf(map)]).toEqual(['/', '/etc/hosts'])
  await map.zoom('/usr')
  await map.follow('/usr')
  expect(map.path).toBe('/usr')
})

test('a place that an address names is waited for while layers are being read, and left where there is none', async () => {
  const early = mapOf({ '/': [] }, false)
  early.map.restore('/usr/lib', 'kind')
  await early.map.refresh()
  expect([early.map.path, early.map.zoomed]).toEqual(['/', '/usr/lib'])
  early.read(tree)
  await early.map.refresh()
  expect([early.map.path, early.map.zoomed]).toEqual(['/usr/lib', '/usr/lib'])
  early.map.restore('/gone', 'kind')
  await early.map.refresh()
  expect([early.map.path, early.map.zoomed]).toEqual(['/', '/'])
})
