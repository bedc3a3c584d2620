/** Sums and numbers of parents, held against counting one by one. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TYPE, type TypeCode } from '../tar/entry'
import { parentsOf } from './parents'
import { sumsOf } from './sums'
import { ROOT, Tree } from './tree'

/** Each step puts a name below some node that was there before, or takes one away. */
const steps = fc.array(
  fc.record({
    below: fc.nat(),
    kill: fc.boolean(),
    type: fc.constantFrom<TypeCode>(TYPE.file, TYPE.directory, TYPE.directory, TYPE.symlink),
    linked: fc.boolean(),
  }),
  { maxLength: 120 },
)

function grown(drawn: typeof steps extends fc.Arbitrary<infer Steps> ? Steps : never): Tree {
  const tree = new Tree()
  drawn.forEach(({ below, kill, type, linked }, row) => {
    const node = below % tree.length
    if (kill && node !== ROOT) return tree.kill(node)
    if (tree.alive[node] === 0) return
    const name = new TextEncoder().encode(String(row))
    const inode = linked && row > 0 ? row - 1 : row
    tree.put(node, name, 0, name.length, 0, row, type, 0, inode)
  })
  return tree
}

const isAt = (tree: Tree, top: number, node: number): boolean => {
  for (let at = node; at >= 0; at = tree.parent[at]) if (at === top) return true
  return false
}

test('a parent has a number, in the order of nodes, and nothing else has one', () => {
  fc.assert(
    fc.property(steps, (drawn) => {
      const tree = grown(drawn)
      const parents = parentsOf(tree)
      let count = 0
      for (let node = 0; node < tree.length; node++)
        expect(parents.of(node)).toBe(tree.firstChild(node) < 0 ? -1 : count++)
      expect(parents.count).toBe(count)
      expect(parents.of(tree.length + 100)).toBe(-1)
    }),
  )
})

test('sums are of what lives and counts, the bytes of an inode once', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), (drawn, modulus) => {
      const tree = grown(drawn)
      const counts = (node: number): boolean => node % modulus !== 1
      const sums = sumsOf(tree, (_, node) => node * 10, counts)
      const live = Array.from({ length: tree.length }, (_, node) => node).filter(
        (node) => node !== ROOT && tree.alive[node] === 1,
      )
      const further = new Set<number>()
      for (const node of live)
        for (const other of live)
          if (other !== node && tree.inodeRow[other] === tree.inodeRow[node])
            // The name that came with the data counts, or else the first.
            if (
              tree.row[other] === tree.inodeRow[other] ||
              (tree.row[node] !== tree.inodeRow[node] && other < node)
            )
              further.add(node)
      const own = (node: number): number =>
        counts(node) && tree.type[node] === TYPE.file && !further.has(node) ? node * 10 : 0
      for (let top = 0; top < tree.length; top++) {
        if (tree.alive[top] === 0) continue
        const inside = live.filter((node) => isAt(tree, top, node))
        expect(sums.bytes(top)).toBe(inside.reduce((sum, node) => sum + own(node), 0))
        expect(sums.below(top)).toBe(inside.filter((node) => node !== top && counts(node)).length)
      }
    }),
  )
})
