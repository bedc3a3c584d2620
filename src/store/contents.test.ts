import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, expect, test, vi } from 'vitest'
import { IdbContents } from './contents'
import { Keyval } from './keyval'
import { Volume } from './volume'

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory())
  vi.stubGlobal('navigator', {})
})

const textOf = async (content: Blob | null): Promise<string | null> => content && content.text()

/** lightning-fs lets go of its lock half a second after the last use; the next one waits until then. */
const reopened = (): IdbContents => new IdbContents()

test('contents are there after a reload, empty ones too', async () => {
  const contents = new IdbContents()
  await contents.put('one', new Blob(['NAME="ALPYNE Linux"']))
  await contents.put('empty', new Blob([]))
  const again = reopened()
  expect(await textOf(await again.get('one'))).toBe('NAME="ALPYNE Linux"')
  expect((await again.get('empty'))?.size).toBe(0)
  expect(await again.get('two')).toBeNull()
  expect([...(await again.ids())].sort()).toEqual(['empty', 'one'])
})

test('a content is on disk, tree and all, when put resolves', async () => {
  await new IdbContents().put('one', new Blob(['kept']))
  const tree = await new Keyval('peel-upper', 'strict').get<Map<string, Map<string, Map<string, unknown>>>>(
    'tree',
  )
  expect([...(tree?.get('/')?.get('c')?.keys() ?? [])]).toContain('one')
})

test('many at once share a flush', async () => {
  const contents = new IdbContents()
  const set = vi.spyOn(Keyval.prototype, 'set')
  const ids = Array.from({ length: 200 }, (_, index) => `id-${index}`)
  await Promise.all(ids.map((id) => contents.put(id, new Blob([id]))))
  const trees = set.mock.calls.filter(([[key]]) => key === 'tree').length
  expect(trees).toBeLessThan(20)
  expect(await textOf(await contents.get('id-137'))).toBe('id-137')
  expect(await contents.ids()).toHaveLength(200)
  set.mockRestore()
})

test('a content can be replaced and removed', async () => {
  const contents = new IdbContents()
  await contents.put('one', new Blob(['before']))
  await contents.put('one', new Blob(['after']))
  expect(await textOf(await contents.get('one'))).toBe('after')
  await contents.remove('one')
  await contents.remove('never there')
  expect(await contents.get('one')).toBeNull()
  expect(await contents.ids()).toEqual([])
})

test('a view of a large buffer is stored without the buffer', async () => {
  const set = vi.spyOn(Keyval.prototype, 'set')
  await new Volume().put('one', new Uint8Array(1024 * 1024).subarray(5, 15))
  const stored = set.mock.calls.flatMap((entries) => entries.map(([, value]) => value))
  const bytes = stored.filter((value) => value instanceof Uint8Array)
  expect(bytes).toHaveLength(1)
  expect(bytes[0].buffer.byteLength).toBe(10)
  set.mockRestore()
})

test('a full disk is told, and what was kept stays', async () => {
  const contents = new IdbContents()
  await contents.put('one', new Blob(['kept']))
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('no room', 'QuotaExceededError')
  })
  await expect(contents.put('two', new Blob(['lost']))).rejects.toMatchObject({
    fault: { code: 'storage-full' },
  })
  put.mockRestore()
  expect(await textOf(await contents.get('one'))).toBe('kept')
  await contents.put('three', new Blob(['room again']))
  expect(await textOf(await reopened().get('three'))).toBe('room again')
})

test('an id that is a path is refused', async () => {
  await expect(new IdbContents().put('../x', new Blob([]))).rejects.toMatchObject({
    fault: { code: 'internal' },
  })
})

test('contents survive that lightning-fs falls asleep between uses', async () => {
  const contents = new IdbContents()
  for (let turn = 0; turn < 3; turn++) {
    await contents.put(`id-${turn}`, new Blob([`${turn}`]))
    await new Promise((resolve) => setTimeout(resolve, 480 + 20 * turn))
  }
  expect(await reopened().ids()).toHaveLength(3)
})

test('contents beyond 64 MiB are kept as segments', async () => {
  const contents = new IdbContents()
  const large = new Blob([new Uint8Array(65 * 1024 * 1024).fill(7), 'end'])
  await contents.put('large', large)
  const back = await reopened().get('large')
  expect(back?.size).toBe(large.size)
  expect(await back?.slice(-3).text()).toBe('end')
  expect(await contents.ids()).toEqual(['large'])
  await contents.remove('large')
  expect(await contents.get('large')).toBeNull()
})
