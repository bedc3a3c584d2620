import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { MemorySource, type ByteSource } from '../core/bytes/source'
import type { ChainId, DiffId } from '../core/digest/digest'
import { TableBuilder } from '../core/layer/builder'
import type { EntryTable } from '../core/layer/table'
import { storedTree, treeFrom } from '../core/rootfs/stored-tree'
import { sumsOf } from '../core/rootfs/sums'
import { unite } from '../core/rootfs/union'
import { TYPE, type ScannedEntry } from '../core/tar/entry'
import { keepSource } from '../jobs/keep'
import type { ArchiveRecord, KeptUnion } from '../jobs/ports'
import { blobOf } from '../jobs/segments'
import { Keyval } from './keyval'
import { openStores } from './open'
import { withOwnBuffers } from './own-buffers'
import { IdbArchives, IdbJournals, IdbTables, IdbUnions, TABLE_VERSION, UNION_VERSION } from './records'
import { IdbSegments } from './segments'

const key = `sha256:${'a'.repeat(64)}` as DiffId
const blob = (text: string): Blob => new Blob([text])
const textOf = async (bytes: ByteSource | null): Promise<string | null> =>
  bytes && (await blobOf(bytes)).text()

beforeEach(() => {
  vi.restoreAllMocks()
  vi.stubGlobal('indexedDB', new IDBFactory())
  // Node 20 has no navigator, and lightning-fs asks for one.
  vi.stubGlobal('navigator', {})
})

async function written(store: IdbSegments, ...segments: readonly string[]): Promise<void> {
  const writer = await store.write(key)
  for (const segment of segments) await writer.append(blob(segment))
  await writer.commit()
}

describe('segments', () => {
  test('are there once they are committed, in order, also for another worker', async () => {
    const store = new IdbSegments('layers')
    const writer = await store.write(key)
    await writer.append(blob('one '))
    await writer.append(blob('two'))
    expect(await store.has(key)).toBe(false)
    expect(await store.get(key)).toBeNull()
    expect(await store.list()).toEqual([])
    await writer.commit()
    const other = new IdbSegments('layers')
    expect(await other.has(key)).toBe(true)
    expect(await textOf(await other.get(key))).toBe('one two')
    expect(await other.list()).toEqual([{ key, bytes: 7 }])
  })

  test('of twelve and more are in order', async () => {
    const store = new IdbSegments('layers')
    const names = Array.from({ length: 30 }, (_, index) => `${index} `)
    await written(store, ...names)
    expect(await textOf(await store.get(key))).toBe(names.join(''))
  })

  test('of nothing are something', async () => {
    const store = new IdbSegments('layers')
    await written(store)
    expect(await textOf(await store.get(key))).toBe('')
  })

  test('of a second writer replace those of the first, and the two never mix', async () => {
    const store = new IdbSegments('layers')
    const first = await store.write(key)
    const second = await store.write(key)
    await first.append(blob('first, a long one'))
    await second.append(blob('second'))
    await first.append(blob(' and more'))
    await second.commit()
    expect(await textOf(await store.get(key))).toBe('second')
    await first.commit()
    expect(await textOf(await store.get(key))).toBe('first, a long one and more')
    expect(await new Keyval('layers', 'cache').keys()).toHaveLength(3)
  })

  test('that are removed or abandoned leave nothing behind', async () => {
    const store = new IdbSegments('layers')
    await written(store, 'one', 'two')
    const writer = await store.write(key)
    await writer.append(blob('three'))
    await writer.abandon()
    expect(await textOf(await store.get(key))).toBe('onetwo')
    await store.remove(key)
    expect(await store.get(key)).toBeNull()
    expect(await new Keyval('layers', 'cache').keys()).toEqual([])
  })

  test('of a dead worker are swept, those of living ones and those that are committed are not', async () => {
    const records = new Keyval('layers', 'cache')
    const store = new IdbSegments('layers')
    await written(store, 'kept')
    const living = await store.write('other')
    await living.append(blob('being written'))
    await records.set([['other', '1000-dead/0', 0], blob('left')], [[key, '1000-dead/1', 0], blob('left')])
    await store.sweep()
    expect(await textOf(await store.get(key))).toBe('kept')
    await living.commit()
    expect(await textOf(await store.get('other'))).toBe('being written')
    expect(await records.keys()).toHaveLength(4)
  })

  test('of which one is lost are not there', async () => {
    const store = new IdbSegments('layers')
    await written(store, 'one', 'two')
    const records = new Keyval('layers', 'cache')
    const [first] = (await records.keys()).filter(Array.isArray)
    await records.remove([first])
    expect(await store.get(key)).toBeNull()
  })

  test('of which one is lost are kept anew', async () => {
    const store = new IdbSegments('layers')
    await written(store, 'one', 'two')
    const records = new Keyval('layers', 'cache')
    const [first] = (await records.keys()).filter(Array.isArray)
    await records.remove([first])
    const bytes = new MemorySource(new Uint8Array(await blob('onetwo').arrayBuffer()))
    await keepSource(store, key, bytes, { signal: new AbortController().signal, onBytes: () => {} })
    expect(await textOf(await store.get(key))).toBe('onetwo')
    expect(await records.keys()).toHaveLength(2)
  })

  test('are not looked at before they are read, where that is what is asked for', async () => {
    const store = new IdbSegments('layers')
    await written(store, 'one ', 'two')
    const read = vi.spyOn(Blob.prototype, 'arrayBuffer')
    const late = await store.late(key)
    expect(read).not.toHaveBeenCalled()
    expect(late?.size).toBe(7)
    expect(await textOf(late!.slice(2, 4))).toBe('e tw')
    expect(await store.late('other')).toBeNull()
    const lost = (await store.late(key))!
    const records = new Keyval('layers', 'cache')
    await records.remove([(await records.keys()).filter(Array.isArray)[1]])
    await expect(lost.slice(0, 3).read(0, 3)).rejects.toMatchObject({ fault: { code: 'not-kept' } })
  })

  test('whose file is gone are not there', async () => {
    const store = new IdbSegments('layers')
    await written(store, 'one')
    vi.spyOn(Blob.prototype, 'arrayBuffer').mockRejectedValue(new DOMException('gone', 'NotFoundError'))
    expect(await store.get(key)).toBeNull()
  })

  test('are kept as buffers where the browser refuses Blobs', async () => {
    const { put } = IDBObjectStore.prototype
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value, at) {
      if (value instanceof Blob) throw new DOMException('Error preparing Blob/File data', 'UnknownError')
      return put.call(this, value, at)
    })
    const store = new IdbSegments('layers')
    await written(store, 'one ', 'two')
    expect(await textOf(await store.get(key))).toBe('one two')
  })

  test('say that storage is full, and keep what was there', async () => {
    const store = new IdbSegments('layers')
    await written(store, 'before')
    const writer = await store.write(key)
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('no room', 'QuotaExceededError')
    })
    await expect(writer.append(blob('more'))).rejects.toMatchObject({ fault: { code: 'storage-full' } })
    expect(await textOf(await store.get(key))).toBe('before')
  })
})

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

function tableOf(entry: Partial<ScannedEntry>): EntryTable {
  const builder = new TableBuilder()
  builder.add({
    headerAt: 0,
    bodyAt: 512,
    size: 2 ** 40,
    stored: 0,
    type: TYPE.char,
    flag: 0x33,
    path: ascii('./dev//zero'),
    link: ascii(''),
    mode: 0o644,
    uid: 2 ** 40,
    gid: 0,
    mtime: 1.5,
    uname: ascii('root'),
    gname: ascii(''),
    major: 1,
    minor: 3,
    pax: [{ key: 'SCHILY.xattr.user.a', value: new Uint8Array([0, 255, 0]).subarray(1) }],
    sparse: { runs: Float64Array.of(0, 10), storedAt: 512 },
    ...entry,
  })
  return builder.finish(1024)
}

const table = tableOf({})

describe('what is asked for in one turn', () => {
  test('is read in one transaction', async () => {
    const records = new Keyval('peel-tables', 'cache')
    await records.set(['a', 1], ['b', 2])
    const begun = vi.spyOn(IDBDatabase.prototype, 'transaction')
    expect(await Promise.all([records.get('a'), records.getMany(['b', 'none']), records.get('a')])).toEqual([
      1,
      [2, undefined],
      1,
    ])
    expect(begun).toHaveBeenCalledTimes(1)
  })

  test('is all there but what cannot be read', async () => {
    const records = new Keyval('peel-tables', 'cache')
    await records.set(['a', 1], ['b', 2])
    const { get } = IDBObjectStore.prototype
    vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (this: IDBObjectStore, key) {
      if (key === 'b') throw new DOMException('gone', 'NotFoundError')
      return get.call(this, key)
    })
    expect(await records.getMany(['a', 'b'])).toEqual([1, undefined])
  })
})

describe('tables', () => {
  test('come back as they were', async () => {
    await new IdbTables().put(key, table)
    expect(await new IdbTables().get(key)).toEqual(table)
    expect(await new IdbTables().list()).toEqual([key])
    await new IdbTables().remove(key)
    expect(await new IdbTables().get(key)).toBeNull()
  })

  test('of another version are as if they were not there', async () => {
    await new Keyval('peel-tables', 'cache').set([key, { version: TABLE_VERSION + 1, table }])
    expect(await new IdbTables().get(key)).toBeNull()
  })
})

describe('unions', () => {
  const chainId = key as unknown as ChainId
  const tree = unite([table])
  tree.seal([table])
  const union: KeptUnion = {
    tree: storedTree(tree),
    sums: sumsOf(tree, () => 1).columns,
    hidden: new Int32Array(0),
    counts: [{ added: 1, changed: 0, removed: 0 }],
    notices: [{ code: 'x', severity: 'info', message: 'said', where: { layer: 0 } }],
  }

  test('come back as they were', async () => {
    await new IdbUnions().put(chainId, union)
    const back = (await new IdbUnions().get(chainId))!
    expect(back).toEqual(union)
    expect(treeFrom(back.tree, [table])?.path(2)).toBe('/dev/zero')
    expect(await new IdbUnions().list()).toEqual([chainId])
    await new IdbUnions().remove(chainId)
    expect(await new IdbUnions().get(chainId)).toBeNull()
  })

  test('of another version, or over tables of another, are as if they were not there', async () => {
    for (const version of [
      `${UNION_VERSION + 1}/${TABLE_VERSION}`,
      `${UNION_VERSION}/${TABLE_VERSION - 1}`,
    ]) {
      await new Keyval('peel-unions', 'cache').set([key, { version, union }])
      expect(await new IdbUnions().get(chainId)).toBeNull()
    }
  })
})

test('views are stored without the buffer around them', () => {
  const big = new Uint8Array(4096)
  const own = withOwnBuffers({
    a: big.subarray(1, 3),
    b: new Map([[1, [big.subarray(5, 6)]]]),
    c: big,
    d: 'text',
  })
  expect(own.a.buffer.byteLength).toBe(2)
  expect(own.b.get(1)?.[0].buffer.byteLength).toBe(1)
  expect(own.c).toBe(big)
  expect(own.d).toBe('text')
})

describe('archives and journals', () => {
  const record: ArchiveRecord = {
    version: 1,
    id: 'one',
    name: 'alpine.tar',
    tags: ['alpine:3.20'],
    fileBytes: 10,
    fileModified: 5,
    compression: 'none',
    parts: [{ kind: 'bytes', body: Uint8Array.of(1, 2) }],
    layers: [],
    original: null,
    complete: true,
    openedAt: 1,
    image: 0,
  }

  test('come back', async () => {
    await new IdbArchives().put(record)
    expect(await new IdbArchives().get('one')).toEqual(record)
    expect(await new IdbArchives().list()).toEqual([record])
    await new IdbJournals().save('one', { version: 1, operations: ['a'] })
    expect(await new IdbJournals().load('one')).toEqual({ version: 1, operations: ['a'] })
    expect(await new IdbJournals().load('two')).toBeNull()
  })

  test('of a later version are left alone and not read', async () => {
    await new Keyval('peel-archives', 'record').set(['one', { ...record, version: 2 }])
    expect(await new IdbArchives().get('one')).toBeNull()
    expect(await new IdbArchives().list()).toEqual([])
  })

  test('are on disk when saved: strictly durable, unlike caches', async () => {
    const begin = vi.spyOn(IDBDatabase.prototype, 'transaction')
    await new IdbJournals().save('one', {})
    expect(begin).toHaveBeenLastCalledWith('keyval', 'readwrite', { durability: 'strict' })
    await new IdbTables().put(key, table)
    expect(begin).toHaveBeenLastCalledWith('keyval', 'readwrite', { durability: 'relaxed' })
  })

  test('that cannot be read are not taken for absent, unlike caches', async () => {
    await new IdbJournals().save('one', 1)
    await new IdbTables().put(key, table)
    vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(() => {
      throw new DOMException('the disk is busy', 'UnknownError')
    })
    await expect(new IdbJournals().load('one')).rejects.toMatchObject({
      fault: { code: 'storage-unavailable' },
    })
    expect(await new IdbTables().get(key)).toBeNull()
  })

  test('are written again when the browser closed the connection', async () => {
    const journals = new IdbJournals()
    await journals.save('one', 1)
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementationOnce(() => {
      throw new DOMException('closing', 'InvalidStateError')
    })
    await journals.save('one', 2)
    expect(await journals.load('one')).toBe(2)
  })
})

describe('opening', () => {
  test('a browser with IndexedDB keeps things', async () => {
    const { stores, settings, persistent } = await openStores()
    expect(persistent).toBe(true)
    await settings.set('theme', 'dark')
    await stores.journals.save('one', 1)
    const again = await openStores()
    expect(await again.settings.get('theme')).toBe('dark')
    expect(await again.stores.journals.load('one')).toBe(1)
  })

  test('a browser without, or with one that fails, works all the same', async () => {
    const broken = { open: () => { throw new DOMException('denied', 'SecurityError') } } // prettier-ignore
    for (const factory of [undefined, broken]) {
      vi.stubGlobal('indexedDB', factory)
      const { stores, settings, persistent } = await openStores()
      expect(persistent).toBe(false)
      await settings.set('theme', 'dark')
      expect(await settings.get('theme')).toBe('dark')
      const writer = await stores.layers.write(key)
      await writer.append(blob('one'))
      await writer.commit()
      expect(await textOf(await stores.layers.get(key))).toBe('one')
    }
  })

  test('a browser that never answers is not waited for', async () => {
    vi.useFakeTimers()
    vi.stubGlobal('indexedDB', { open: () => ({}) })
    const opening = openStores()
    await vi.advanceTimersByTimeAsync(6000)
    expect((await opening).persistent).toBe(false)
    vi.useRealTimers()
  })
})
