/** A tree that was put aside as columns and taken up again; and what comes back of columns that were damaged meanwhile. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EntryTable } from '../layer/table'
import { changesOf } from './change'
import { entryOf } from './entry'
import { unionOf } from './rootfs.fixture'
import { firstDifference } from './same'
import { storedTree, treeFrom, type StoredTree } from './stored-tree'
import { sumsOf } from './sums'
import type { Tree } from './tree'
import { applyLayer, unite } from './union'
import { walkTree } from './walk'

const drawing = `image t:1
layer
  d usr/
  d usr/lib/
  f usr/lib/a.so 1000 bytes
  f usr/lib/b.so 500 bytes
  h usr/lib/also => usr/lib/a.so
  s lib -> usr/lib
layer
  f usr/lib/a.so 700 bytes
  w usr/lib/b.so
layer
  f lib/c.so
  d 700 usr/`

function sealed(tables: readonly EntryTable[]): Tree {
  const tree = unite(tables)
  tree.seal(tables)
  return tree
}

const tablesOf = async (drawing: string): Promise<readonly EntryTable[]> => (await unionOf(drawing)).tables

/** As a database gives it back. */
const stored = (tree: Tree): StoredTree => structuredClone(storedTree(tree))

test('is the same tree, with the last layer’s change, and takes further layers as it would have', async () => {
  const tables = await tablesOf(drawing)
  for (let count = 1; count <= tables.length; count++) {
    const some = tables.slice(0, count)
    const [tree, again] = [unite(some), treeFrom(stored(sealed(some)), some)!]
    const side = (of: Tree) => ({ tree: of, sources: { tables: some, upper: [] } })
    expect(firstDifference(side(tree), side(again))).toBeNull()
    expect(changesOf(again, side(again).sources)).toEqual(changesOf(tree, side(tree).sources))
    for (let node = 0; node < tree.length; node++) expect(again.isTouched(node)).toBe(tree.isTouched(node))
    for (let layer = count; layer < tables.length; layer++)
      expect(applyLayer(again, tables, layer)).toEqual(applyLayer(tree, tables, layer))
    const all = { tables, upper: [] }
    expect(firstDifference({ tree, sources: all }, { tree: again, sources: all })).toBeNull()
  }
})

test('without hard links no columns are stored for inodes', async () => {
  const tables = await tablesOf('layer\n  f a\n  f b/c')
  const aside = stored(sealed(tables))
  expect([aside.inodeLayer, aside.inodeRow]).toEqual([null, null])
  const tree = treeFrom(aside, tables)!
  expect(tree.inodeRow).toBe(tree.row)
})

describe('is not believed', () => {
  test('where it is no tree, or one of other tables', async () => {
    const tables = await tablesOf(drawing)
    const good = stored(sealed(tables))
    const bad: unknown[] = [
      null,
      undefined,
      'tree',
      {},
      { ...good, parent: [...good.parent] },
      { ...good, row: good.row.slice(1) },
      { ...good, layer: Int32Array.from(good.layer) },
      { ...good, layer: Int16Array.from(good.layer) }, // And those of inodes not.
      { ...good, names: undefined },
      { ...good, names: { ...good.names, strings: undefined } },
      { ...good, names: { ...good.names, nodes: good.names.nodes.slice(1) } },
      {
        ...good,
        names: { nodes: new Int32Array(0), strings: { bytes: new Uint8Array(0), end: new Uint32Array(0) } },
      },
      {
        ...good,
        names: {
          ...good.names,
          strings: { ...good.names.strings, bytes: new Uint8Array(1) },
        },
      },
      { ...good, inodeRow: null },
      { ...good, children: undefined },
      { ...good, children: { ...good.children, first: good.children.first.slice(1) } },
      { ...good, children: { ...good.children, gaps: good.children.gaps.slice(1) } },
      { ...good, children: { ...good.children, next: [...good.children.next] } },
      { ...good, touched: undefined },
      { ...good, touched: { ...good.touched, wasAlive: new Uint8Array(0) } },
    ]
    for (const one of bad) expect(treeFrom(one, tables)).toBeNull()
    expect(treeFrom(good, tables.slice(0, 2))).toBeNull()
    const { names } = tables[0]
    const short = { ...names, bytes: names.bytes.slice(1) }
    const mixed = { ...names, end: names.end.slice().reverse() }
    for (const damaged of [short, mixed, { ...names, end: names.end.slice(1) }])
      expect(treeFrom(good, [{ ...tables[0], names: damaged }, ...tables.slice(1)])).toBeNull()
    expect(treeFrom(good, tables)).not.toBeNull()
  })

  test('where a number leads nowhere: what is believed can be walked to its end', async () => {
    const tables = await tablesOf(drawing)
    const sources = { tables, upper: [] }
    const good = storedTree(sealed(tables))
    const column = fc.constantFrom(
      ...(['parent', 'layer', 'row', 'type', 'alive', 'kept', 'end'] as const),
      ...(['inodeLayer', 'inodeRow'] as const),
      ...(['nodes', 'wasType', 'wasInodeLayer', 'wasInodeRow'] as const),
      ...(['parents', 'first', 'gaps', 'next'] as const),
    )
    const value = fc.oneof(fc.integer({ min: -2, max: good.parent.length + 1 }), fc.integer())
    let refused = 0
    fc.assert(
      fc.property(fc.array(fc.tuple(column, fc.nat(), value), { minLength: 1, maxLength: 3 }), (damages) => {
        const one = structuredClone(good)
        for (const [key, at, value] of damages) {
          const places: object[] = [
            one,
            one.touched,
            one.children,
            { kept: one.names.nodes, end: one.names.strings.end },
          ]
          const numbers = (places.find((place) => key in place) as Record<string, Int32Array>)[key]
          numbers[at % numbers.length] = value
        }
        const tree = treeFrom(one, tables)
        if (tree === null) {
          refused++
          return
        }
        let walked = 0
        walkTree(tree, 0, (node) => {
          walked++
          entryOf(tree, sources, node)
          tree.path(node)
        })
        expect(walked).toBeLessThan(tree.length)
        changesOf(tree, sources)
        sumsOf(tree, () => 1)
      }),
      { numRuns: 3000 },
    )
    expect(refused).toBeGreaterThan(1000)
  })
})
