/** Names of a sealed tree are read in the tables: they are what they were before, whatever paths the layers have. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TableBuilder } from '../layer/builder'
import { plain } from '../layer/layer.fixture'
import type { EntryTable } from '../layer/table'
import { TYPE, type TypeCode } from '../tar/entry'
import { NodeName } from './node-name'
import { storedTree, treeFrom } from './stored-tree'
import { ROOT, Tree } from './tree'
import { unite } from './union'
import { compareNames } from './walk'

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))

type Listed = readonly [path: string, type: TypeCode]

function tableOf(entries: readonly Listed[]): EntryTable {
  const builder = new TableBuilder()
  for (const [path, type] of entries)
    builder.add({ ...plain, path: bytes(path), type, link: bytes(type === TYPE.file ? '' : 'a') })
  return builder.finish(0)
}

const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'ab', 'c', 'c.d', '\xff\xfe', 'a\0b', ' ') },
  fc.constantFrom('', '.', '..', '...', '.wh.a', '.wh..wh..opq', '.wh.', 'n'.repeat(300), '\xe9'.repeat(255)),
)
const path = fc
  .tuple(
    fc.constantFrom('', '', './', '/', '//'),
    fc.array(name, { maxLength: 4 }),
    fc.constantFrom('', '', '/', '//'),
  )
  .map(([before, names, behind]) => before + names.join('/') + behind)
const type = fc.constantFrom<TypeCode[]>(
  TYPE.file,
  TYPE.directory,
  TYPE.directory,
  TYPE.symlink,
  TYPE.hardlink,
)
const layers = fc.array(fc.array(fc.tuple(path, type), { maxLength: 12 }), { minLength: 1, maxLength: 4 })

const namesOf = (tree: Tree): Uint8Array[] =>
  Array.from({ length: tree.length }, (_, node) => tree.nameBytes(node).slice())

test('read in the tables they are the same, in the tree, in what is stored of it, and in a changed copy', () => {
  fc.assert(
    fc.property(layers, path, (layers, further) => {
      const tables = layers.map(tableOf)
      const tree = unite(tables)
      const names = namesOf(tree)
      tree.seal(tables)
      expect(namesOf(tree)).toEqual(names)
      const again = treeFrom(structuredClone(storedTree(tree)), tables)!
      const copy = tree.clone()
      copy.begin()
      const more = bytes(further)
      const added = copy.put(ROOT, more, 0, more.length, tables.length, 0, TYPE.file)
      for (let node = 1; node < tree.length; node += 2)
        copy.set(node, tables.length, node, TYPE.file, tables.length, node)
      expect(namesOf(again)).toEqual(names)
      expect(namesOf(copy).slice(0, tree.length)).toEqual(names)
      expect(copy.nameBytes(added)).toEqual(more)
      expect(namesOf(tree)).toEqual(names)
      // Sealed once more, with what was added.
      copy.seal(tables)
      expect(namesOf(copy)[added]).toEqual(more)
      expect(namesOf(copy).slice(0, tree.length)).toEqual(names)
      // A cursor goes to and fro, and each node is found by its name.
      const cursor = new NodeName(tree.names)
      for (const node of [...names.keys(), ...[...names.keys()].reverse()]) {
        cursor.at(node)
        expect(cursor.bytes.slice(cursor.from, cursor.to)).toEqual(names[node])
        expect(tree.names.lengthOf(node)).toBe(names[node].length)
        const before = names[node - 1] ?? names[0]
        expect(Math.sign(compareNames(tree, node, Math.max(0, node - 1)))).toBe(
          Buffer.compare(names[node], before),
        )
        if (node !== ROOT)
          expect(tree.child(tree.parent[node], names[node], 0, names[node].length)).toBe(node)
      }
    }),
    { numRuns: 600 },
  )
})

test('kept are the root, parents that no layer lists, and paths whose row ends otherwise', () => {
  const tables = [
    tableOf([
      ['./', TYPE.directory],
      ['./etc/', TYPE.directory],
      ['./etc/motd', TYPE.file],
      ['usr/bin/sh', TYPE.file],
    ]),
    tableOf([
      ['etc/motd', TYPE.symlink],
      ['etc/x/../y', TYPE.file],
      ['etc/z/..', TYPE.directory],
      ['etc/.wh.gone', TYPE.file],
    ]),
  ]
  const tree = unite(tables)
  tree.seal(tables)
  const { nodes } = tree.names.kept!
  expect([...nodes].map((node) => tree.path(node))).toEqual(['/', '/etc', '/usr', '/usr/bin'])
})

test('a tree that goes on growing after it was sealed keeps all names, also more than a byte counts in one place', () => {
  const tree = new Tree()
  tree.begin()
  const names = Array.from({ length: 700 }, (_, i) => bytes(`${i}`.repeat(1 + (i % 90))))
  const table = tableOf(names.slice(0, 300).map((name) => [Buffer.from(name).toString('latin1'), TYPE.file]))
  names.forEach((name, i) => {
    if (i === 300 || i === 500) tree.seal([table])
    tree.put(ROOT, name, 0, name.length, i < 300 ? 0 : 1, i, TYPE.file)
  })
  expect(namesOf(tree).slice(1)).toEqual(names)
  expect(names.map((name) => tree.child(ROOT, name, 0, name.length))).toEqual(names.map((_, i) => i + 1))
})
