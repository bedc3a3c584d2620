/** Large directories in order: whatever their names, as comparing them one by one has it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ROOT, Tree } from '../core/rootfs/tree'
import { compareNames } from '../core/rootfs/walk'
import { TYPE } from '../core/tar/entry'
import { childrenByName } from './order'

test('of a thousand names, any bytes in them, and of any part of them', () => {
  const name = fc.uint8Array({ minLength: 4, maxLength: 9, max: 5 })
  const names = fc.array(name, { minLength: 1500, maxLength: 1800 })
  fc.assert(
    fc.property(names, fc.constantFrom('', 'same beginning '), fc.nat(3), (names, beginning, every) => {
      const tree = new Tree()
      for (const tail of names) {
        const bytes = Uint8Array.from([...new TextEncoder().encode(beginning), ...tail])
        tree.put(ROOT, bytes, 0, bytes.length, 0, 0, TYPE.file)
      }
      fc.pre(tree.length > 1001)
      const seen = Uint8Array.from({ length: tree.length }, (_, node) => (node % (every + 1) === 0 ? 1 : 0))
      const expected = Array.from({ length: tree.length - 1 }, (_, i) => i + 1)
        .filter((node) => seen[node] === 1)
        .sort((a, b) => compareNames(tree, a, b))
      expect([...childrenByName(tree, ROOT, seen)]).toEqual(expected)
      expect([...childrenByName(tree, ROOT, seen)]).toEqual(expected)
    }),
    { numRuns: 20 },
  )
})
