import { expect, test } from 'vitest'
import type { DiffId } from '../core/digest/digest'
import type { EntryTable } from '../core/layer/table'
import { memoryStores } from './memory-stores'
import type { ArchiveRecord, SegmentStore, SkeletonPart } from './ports'
import { sweep } from './sweep'

const id = (letter: string): DiffId => `sha256:${letter.repeat(64)}` as DiffId

function record(parts: readonly SkeletonPart[], original: string | null = null): ArchiveRecord {
  const rest = {
    name: '',
    tags: [],
    fileBytes: 0,
    fileModified: 0,
    compression: 'none',
    complete: true,
    openedAt: 0,
    image: 0,
  }
  return { version: 1, id: 'archive', parts, layers: [], original, ...rest }
}

async function write(store: SegmentStore, key: string, text: string): Promise<void> {
  const writer = await store.write(key)
  await writer.append(new Blob([text]))
  await writer.commit()
}

const keys = async (store: SegmentStore): Promise<string[]> => (await store.list()).map(({ key }) => key)

test('what no archive needs goes, and everything else stays', async () => {
  const stores = memoryStores()
  for (const letter of 'abc') {
    await write(stores.layers, id(letter), 'layer')
    await write(stores.blobs, id(letter), 'blob')
    await stores.tables.put(id(letter), {} as EntryTable)
    await stores.contents.put(`content-${letter}`, new Blob([]))
  }
  const live = [
    record([{ kind: 'layer', key: id('a'), at: 0, length: 5 }]),
    record([{ kind: 'blob', key: id('b'), at: 0, length: 4 }], id('c')),
  ]
  const freed = await sweep(stores, live, { layers: [id('b')], contents: ['content-a'] })
  expect(freed).toBe(9)
  expect(await keys(stores.layers)).toEqual([id('a'), id('b')])
  expect(await keys(stores.blobs)).toEqual([id('b'), id('c')])
  expect(await stores.tables.list()).toEqual([id('a'), id('b')])
  expect(await stores.contents.ids()).toEqual(['content-a'])
})

test('stores of nothing live are empty afterwards', async () => {
  const stores = memoryStores()
  await write(stores.layers, id('a'), 'layer')
  expect(await sweep(stores, [], { contents: [] })).toBe(5)
  expect(await keys(stores.layers)).toEqual([])
})
