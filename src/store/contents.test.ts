import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, expect, test, vi } from 'vitest'
import { IdbContents } from './contents'
import { Keyval } from './keyval'
import { Volume } from './volume'

/** Exclusive locks, as lightning-fs asks for them; Node 20 has none. */
class Locks {
  readonly #ends = new Map<string, Promise<unknown>>()
  request(name: string, ...rest: unknown[]): Promise<unknown> {
    const held = rest.at(-1) as (lock: object) => unknown
    const end = (this.#ends.get(name) ?? Promise.resolve()).then(() => held({ name }))
    this.#ends.set(name, end)
    return end
  }
}

beforeEach(() => {
  vi.restoreAllMocks()
  vi.stubGlobal('indexedDB', new IDBFactory())
  vi.stubGlobal('navigator', { locks: new Locks() })
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
  const tree = await new Keyval('peel-upper', 'record').get<Map<string, Map<string, Map<string, unknown>>>>(
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

/** Longer than lightning-fs waits before it stores its tree and lets go of its lock. */
const asleep = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1200))

test.each(['a content', 'the tree'])(
  'a disk too full for %s is told, and afterwards all is well',
  async (what) => {
    const contents = new IdbContents()
    await contents.put('one', new Blob(['kept']))
    const { put } = IDBObjectStore.prototype
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value, key) {
      if (what === 'a content' || key === 'tree') throw new DOMException('no room', 'QuotaExceededError')
      return put.call(this, value, key)
    })
    await expect(contents.put('two', new Blob(['lost']))).rejects.toMatchObject({
      fault: { code: 'storage-full' },
    })
    await asleep()
    vi.restoreAllMocks()
    expect(await textOf(await contents.get('one'))).toBe('kept')
    await contents.put('three', new Blob(['room again']))
    expect(await textOf(await reopened().get('three'))).toBe('room again')
    expect(await textOf(await reopened().get('one'))).toBe('kept')
  },
)

test.each(['at the start', 'after a pause'])(
  'a tree that cannot be read %s is not written over',
  async (when) => {
    const before = new IdbContents()
    await before.put('one', new Blob(['kept']))
    await asleep()
    const contents = when === 'at the start' ? new IdbContents() : before
    let failures = 0
    const { get } = IDBObjectStore.prototype
    vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (this: IDBObjectStore, key) {
      if (key === 'tree' && failures++ < (when === 'at the start' ? 1 : 3))
        throw new DOMException('busy', 'UnknownError')
      return get.call(this, key)
    })
    const first = contents.put('two', new Blob(['second']))
    if (when === 'at the start')
      await expect(first).rejects.toMatchObject({ fault: { code: 'storage-unavailable' } })
    else await first
    await contents.put('three', new Blob(['third']))
    expect(await textOf(await reopened().get('one'))).toBe('kept')
    vi.restoreAllMocks()
  },
)

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
