import { expect, test } from 'vitest'
import type { DiffId } from '../core/digest/digest'
import { chainIds } from '../core/image/chain'
import { emptyTable } from '../core/layer/scan'
import { memoryStores } from './memory-stores'
import type { KeptUnion, Stores } from './ports'
import { readAhead } from './read-ahead'

const ids = ['a', 'b', 'a'].map((digit) => `sha256:${digit.repeat(64)}` as DiffId)
const other = `sha256:${'c'.repeat(64)}` as DiffId
const union = { counts: [], notices: [] } as unknown as KeptUnion

/** Stores that write down what is asked of them; all of `ids` is there. */
async function watched(): Promise<{
  stores: Stores
  asked: string[]
  top: Awaited<ReturnType<typeof chainIds>>[0]
}> {
  const { tables, unions, ...others } = memoryStores()
  const top = (await chainIds(ids)).at(-1)!
  for (const id of [...ids, other]) await tables.put(id, emptyTable())
  await unions.put(top, union)
  const asked: string[] = []
  const stores: Stores = {
    ...others,
    tables: {
      get: (id) => (asked.push(id.slice(7, 8)), tables.get(id)),
      put: (id, table) => tables.put(id, table),
      remove: (id) => tables.remove(id),
    },
    unions: {
      get: (id) => (asked.push('union'), unions.get(id)),
      put: (id, put) => unions.put(id, put),
      remove: (id) => unions.remove(id),
    },
  }
  return { stores, asked, top }
}

test('what the record names is asked for at once, each once, and answered from there', async () => {
  const { stores, asked, top } = await watched()
  const ahead = readAhead(stores, { layers: ids })
  expect(asked).toEqual(['a', 'b'])
  const found = await Promise.all([ahead.unions.get(top), ahead.tables.get(ids[0])])
  expect(found).toEqual([union, emptyTable()])
  expect(asked).toEqual(['a', 'b', 'union'])
})

test('whatever else is asked for, or asked for again, the stores answer', async () => {
  const { stores, asked, top } = await watched()
  const ahead = readAhead(stores, { layers: ids })
  expect(await ahead.tables.get(other)).not.toBeNull()
  await ahead.unions.get(top)
  await ahead.unions.get(top)
  expect(asked.filter((one) => one === 'union')).toHaveLength(2)
  // What was not asked for together with the union is not held for ever.
  await new Promise((done) => setTimeout(done))
  await ahead.tables.get(ids[1])
  expect(asked.filter((one) => one === 'b')).toHaveLength(2)
})

test('a store that fails fails whoever asks, and nobody else', async () => {
  const { stores } = await watched()
  const failing = { ...stores.tables, get: () => Promise.reject(new Error('busy')) }
  const ahead = readAhead({ ...stores, tables: failing }, { layers: ids })
  await new Promise((done) => setTimeout(done))
  await expect(ahead.tables.get(ids[0])).rejects.toThrow('busy')
})
