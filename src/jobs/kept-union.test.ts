/** Reopening what is kept: the union is taken up as it was; where it is missing, damaged or of other layers, it is made again. */
import { describe, expect, test } from 'vitest'
import { MemorySource, type Bytes } from '../core/bytes/source'
import type { Notice } from '../core/fault/notice'
import type { Image } from '../core/image/image'
import { buildArchive } from '../testkit/archive'
import { sizeIn } from '../core/rootfs/entry'
import { print } from '../core/rootfs/rootfs.fixture'
import { sumsOf } from '../core/rootfs/sums'
import { ROOT } from '../core/rootfs/tree'
import type { LayerView } from '../../workers/api'
import { Layers } from './layers'
import { memoryStores } from './memory-stores'
import { openArchiveIn, openSource } from './open'
import { inlinePool, type LayerPool } from './pool'
import type { KeptUnion } from './ports'
import { sweep } from './sweep'
import { unseenTask } from './tasks'

const drawing = `image t:1
layer
  d 1777 tmp/
  f etc/motd "one"
  f tmp/x "x"
layer
  f etc/motd "two"
  w tmp/x
  f tmp/y "y"
  w tmp/never`

const bytes: Bytes = buildArchive(drawing)

interface Opened {
  readonly image: Image
  readonly layers: Layers
  readonly scanned: number
  readonly unions: number
  readonly views: readonly LayerView[]
}

async function opened(
  stores: ReturnType<typeof memoryStores>,
  of = bytes,
  remarks: readonly Notice[] = [],
): Promise<Opened> {
  const { tar } = await openSource(new MemorySource(of))
  const [image] = (await openArchiveIn(tar)).images
  let [scanned, unions] = [0, 0]
  const pool: LayerPool = {
    ...inlinePool,
    scan: async (...args) => {
      scanned++
      const layer = await inlinePool.scan(...args)
      return { ...layer, notices: [...layer.notices, ...remarks] }
    },
  }
  const layers = new Layers({ image, pool, stores, onUnion: () => unions++ })
  await layers.scan(unseenTask())
  const { views } = layers
  return { image, layers, scanned, unions, views }
}

async function kept(
  stores: ReturnType<typeof memoryStores>,
  remarks: readonly Notice[] = [],
): Promise<Opened> {
  const first = await opened(stores, bytes, remarks)
  await first.layers.verify(unseenTask())
  for (const { diffId, table } of first.layers.toKeep()) if (table) await stores.tables.put(diffId, table)
  await first.layers.keepUnion()
  return first
}

const shown = ({ layers }: Opened): string => print({ tree: layers.union, tables: layers.tables })
const said = ({ layers }: Opened): readonly Notice[] => layers.notices.list
const keyOf = ({ image }: Opened) => image.layers.at(-1)!.chainId

describe('reopened', () => {
  test('what the scanner found fault with is scanned anew: its findings are there again', async () => {
    const stores = memoryStores()
    const remarks: readonly Notice[] = [{ severity: 'warning', code: 'tar-type', message: 'odd', where: {} }]
    const first = await kept(stores, remarks)
    const again = await opened(stores, bytes, remarks)
    expect(again.scanned).toBe(2)
    expect(said(again)).toEqual(said(first))
  })

  test('nothing is read or united: tree, counts and notices are there at once', async () => {
    const stores = memoryStores()
    const first = await kept(stores)
    const union = (await stores.unions.get(keyOf(first)))!
    // Counts that uniting would not come to: they can only come from the store.
    await stores.unions.put(keyOf(first), {
      ...union,
      counts: [{ added: 7, changed: 8, removed: 9 }, union.counts[1]],
    })
    const again = await opened(stores)
    expect([again.scanned, again.unions]).toEqual([0, 1])
    expect(again.layers.complete).toBe(true)
    expect(shown(again)).toBe(shown(first))
    expect(said(again)).toEqual(said(first))
    expect(said(again).map(({ code }) => code)).toContain('whiteout-of-nothing')
    expect(
      again.views.map(({ added, changed, removed, entries, state }) => [
        added,
        changed,
        removed,
        entries,
        state,
      ]),
    ).toEqual([
      [7, 8, 9, 3, 'ready'],
      [1, 1, 1, 4, 'ready'],
    ])
  })

  test.each<[string, (union: KeptUnion) => KeptUnion | null]>([
    ['missing', () => null],
    [
      'damaged in its tree',
      (union) => ({ ...union, tree: { ...union.tree, parent: union.tree.parent.map(() => 3) } }),
    ],
    ['damaged in what is hidden', (union) => ({ ...union, hidden: Int32Array.of(0, 99, 1) })],
    [
      'from before children were kept',
      (union) => ({ ...union, tree: { ...union.tree, children: undefined! } }),
    ],
    ['damaged in its counts', (union) => ({ ...union, counts: union.counts.slice(1) })],
    ['no union at all', () => 'union' as unknown as KeptUnion],
    [
      'of other layers',
      (union) => ({ ...union, tree: { ...union.tree, row: union.tree.row.map((row) => row + 2) } }),
    ],
  ])('where it is %s it is made again, and kept again', async (_, damaged) => {
    const stores = memoryStores()
    const first = await kept(stores)
    const good = await stores.unions.get(keyOf(first))
    const bad = damaged(good!)
    if (bad) await stores.unions.put(keyOf(first), bad)
    else await stores.unions.remove(keyOf(first))
    const again = await opened(stores)
    expect(again.scanned).toBe(0)
    expect(shown(again)).toBe(shown(first))
    await again.layers.verify(unseenTask())
    await again.layers.keepUnion()
    expect((await stores.unions.get(keyOf(first)))?.tree).toEqual(good?.tree)
  })

  test('what it adds up to and what is hidden comes from the store, until it is edited', async () => {
    const stores = memoryStores()
    const first = await kept(stores)
    const union = (await stores.unions.get(keyOf(first)))!
    const sizes = sizeIn({ tables: first.layers.tables, upper: [] })
    expect(union.sums).toEqual(sumsOf(first.layers.union, sizes).columns)
    expect((await opened(stores)).layers.hidden.triples).toEqual(first.layers.hidden.triples)
    // Sums that no tree has: they can only come from the store.
    const bytes = union.sums.bytes.map(() => 77)
    await stores.unions.put(keyOf(first), { ...union, sums: { ...union.sums, bytes } })
    const again = (await opened(stores)).layers
    expect(sumsOf(again.union, sizes).bytes(ROOT)).toBe(77)
    const copy = again.union.clone()
    expect(sumsOf(copy, sizes).bytes(ROOT)).toBe(77)
    copy.kill(copy.firstChild(ROOT))
    expect(sumsOf(copy, sizes).bytes(ROOT)).toBeLessThan(7)
    // And those that are none are not taken.
    await stores.unions.put(keyOf(first), { ...union, sums: { ...union.sums, bytes: bytes.slice(1) } })
    const plain = (await opened(stores)).layers
    expect(sumsOf(plain.union, sizes).columns).toEqual(union.sums)
  })

  test('where storage cannot be asked, the layers are read', async () => {
    const stores = memoryStores()
    const first = await kept(stores)
    stores.unions.get = () => Promise.reject(new Error('blocked'))
    expect(shown(await opened(stores))).toBe(shown(first))
  })

  test('where a table is missing, its layer is read and all are united', async () => {
    const stores = memoryStores()
    const first = await kept(stores)
    await stores.tables.remove(first.image.layers[0].diffId)
    const again = await opened(stores)
    expect(again.scanned).toBe(1)
    expect(shown(again)).toBe(shown(first))
  })
})

test('nothing is kept of layers that are not what their diff_id says, or not verified yet', async () => {
  const stores = memoryStores()
  const first = await opened(stores)
  await first.layers.keepUnion()
  expect(await stores.unions.list()).toEqual([])
})

test('goes with the last archive that has these layers', async () => {
  const stores = memoryStores()
  const first = await kept(stores)
  const record = {
    version: 1 as const,
    id: 'archive',
    name: '',
    tags: [],
    fileBytes: 0,
    fileModified: 0,
    compression: 'none',
    parts: [],
    layers: first.image.layers.map(({ diffId }) => diffId),
    original: null,
    complete: true,
    openedAt: 0,
    image: 0,
  }
  await sweep(stores, [record], { contents: [] })
  expect(await stores.unions.list()).toEqual([keyOf(first)])
  await sweep(stores, [], { contents: [] })
  expect(await stores.unions.list()).toEqual([])
})
