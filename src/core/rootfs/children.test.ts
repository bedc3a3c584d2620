/** Children that were packed, and unpacked for more of them, are the children that they were. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Children } from './children'
import { Marks } from './marks'
import { Numbered } from './numbered'

/** Parents stand before their children; the root has none. Half of the others have that of the one before: siblings mostly stand together. */
const parents = fc.array(fc.tuple(fc.boolean(), fc.nat()), { maxLength: 600 }).map((steps) => {
  const parent = [-1]
  for (const [beside, any] of steps) {
    const above = beside ? parent[parent.length - 1] : any % parent.length
    parent.push(Math.max(0, above)) // Beside the root there is nothing.
  }
  return parent
})

function listed(children: Children, node: number): number[] {
  const list: number[] = []
  for (let child = children.first(node); child >= 0; child = children.next(child)) list.push(child)
  return list
}

test('packed they are the same; unpacked too, and take more', () => {
  fc.assert(
    fc.property(parents, fc.nat(), (parent, cut) => {
      const some = 1 + (cut % parent.length)
      const expected = (count: number): number[][] =>
        parent
          .slice(0, count)
          .map((_, node) =>
            [...parent.slice(0, count).keys()].filter((child) => parent[child] === node).reverse(),
          )
      const children = new Children(some)
      for (let node = 0; node < some; node++) children.enter(node, parent[node])
      const seen = (of: Children, count: number): number[][] =>
        Array.from({ length: count }, (_, node) => listed(of, node))
      expect(seen(children, some)).toEqual(expected(some))
      const packed = Children.packedOf(Int32Array.from(parent), some)
      expect(seen(packed, some)).toEqual(expected(some))
      const restored = Children.restored(packed.packed!, Int32Array.from(parent.slice(0, some)))!
      expect(seen(restored, some)).toEqual(expected(some))
      const more = packed.copy(some, parent.length)
      for (let node = some; node < parent.length; node++) more.enter(node, parent[node])
      expect(seen(more, parent.length)).toEqual(expected(parent.length))
      expect(seen(packed, some)).toEqual(expected(some))
    }),
    { numRuns: 100 },
  )
})

test('nodes are numbered in their order, and marks are where they were put, over the edges of words', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (which) => {
      const chosen = [...which.keys()].filter((node) => which[node])
      const marks = new Marks(which.length)
      for (const node of chosen) marks.add(node)
      const numbered = new Numbered(marks)
      const wider = marks.copy(which.length + 100)
      expect(numbered.count).toBe(chosen.length)
      which.forEach((is, node) => {
        expect(numbered.of(node)).toBe(is ? chosen.indexOf(node) : -1)
        expect([numbered.has(node), marks.has(node), wider.has(node)]).toEqual([is, is, is])
      })
      expect(wider.has(which.length + 99)).toBe(false)
    }),
  )
})
