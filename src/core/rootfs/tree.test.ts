/** A tree that is sealed, copied and changed beside its copies is the tree that none of that happened to. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TYPE, type TypeCode } from '../tar/entry'
import { ROOT, Tree } from './tree'

type Step =
  | {
      readonly do: 'put'
      readonly path: readonly string[]
      readonly type: TypeCode
      readonly linked: boolean
    }
  | { readonly do: 'kill' | 'look'; readonly path: readonly string[] }
  | { readonly do: 'begin' | 'seal' | 'clone' }

const path = fc.array(fc.constantFrom('a', 'b', 'c', 'dd', ''), { minLength: 1, maxLength: 4 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      path,
      type: fc.constantFrom(TYPE.file, TYPE.directory, TYPE.symlink),
      linked: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('kill' as const, 'look' as const), path }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('begin' as const, 'seal' as const, 'clone' as const) }),
  },
)

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function at(tree: Tree, names: readonly string[]): number {
  let node: number = ROOT
  for (const name of names) {
    if (node < 0) return -1
    node = tree.child(node, bytes(name), 0, name.length)
  }
  return node
}

function changed(tree: Tree, step: Step, row: number): void {
  if (step.do === 'begin') tree.begin()
  if (step.do === 'kill') {
    const node = at(tree, step.path)
    if (node > ROOT) tree.kill(node)
  }
  if (step.do !== 'put') return
  let node: number = ROOT
  step.path.forEach((name, i) => {
    const last = i === step.path.length - 1
    const inode = last && step.linked ? row + 1000 : row
    node = tree.put(node, bytes(name), 0, name.length, 1, row, last ? step.type : TYPE.directory, 1, inode)
  })
}

const COLUMNS = ['parent', 'layer', 'row', 'inodeLayer', 'inodeRow', 'type', 'alive'] as const

function seen(tree: Tree): unknown {
  const { nodes, wasAlive, wasType, wasInodeRow } = tree.touched
  return {
    columns: COLUMNS.map((key) => [...tree[key].subarray(0, tree.length)]),
    children: Array.from({ length: tree.length }, (_, node) => [
      tree.firstChild(node),
      tree.nextSibling(node),
    ]),
    paths: Array.from({ length: tree.length }, (_, node) => tree.path(node)),
    touched: [[...nodes], [...wasAlive], [...wasType], [...wasInodeRow]],
    isTouched: Array.from({ length: tree.length }, (_, node) => tree.isTouched(node)),
  }
}

test('whatever is done to it and beside it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(step, { maxLength: 20 }), (steps, beside) => {
      const plain = new Tree()
      const tree = new Tree()
      const copies: { readonly tree: Tree; readonly was: unknown }[] = []
      steps.forEach((step, row) => {
        changed(plain, step, row)
        changed(tree, step, row)
        if (step.do === 'seal') tree.seal([])
        if (step.do === 'look') expect(at(tree, step.path)).toBe(at(plain, step.path))
        if (step.do !== 'clone') return
        const before = seen(tree)
        const other = tree.clone()
        other.begin()
        beside.forEach((step, i) => {
          changed(other, step, 5000 + i)
          if (step.do === 'look') at(other, step.path)
        })
        expect(seen(tree)).toEqual(before)
        copies.push({ tree: other, was: seen(other) })
      })
      expect(seen(tree)).toEqual(seen(plain))
      for (const { tree, was } of copies) expect(seen(tree)).toEqual(was)
    }),
    { numRuns: 500 },
  )
})

test('more layers than a byte counts are told apart', () => {
  const tree = new Tree()
  const name = bytes('a')
  for (let layer = 0; layer < 600; layer++) {
    tree.begin()
    expect(tree.length > 1 && tree.isTouched(1)).toBe(false)
    if (layer % 7 === 0) tree.put(ROOT, name, 0, 1, layer, 0, TYPE.file)
    expect([...tree.touched.nodes]).toEqual(layer % 7 === 0 ? [1] : [])
    if (layer % 7 === 0) expect([tree.layer[1], tree.inodeLayer[1]]).toEqual([layer, layer])
  }
})

test('numbers of layers that no byte holds stay apart from those of the inodes', () => {
  const tree = new Tree()
  for (const [i, [layer, inodeLayer]] of [
    [127, 3],
    [3, 128],
    [128, 127],
    [32_000, -1],
  ].entries()) {
    tree.begin()
    tree.put(ROOT, bytes(`${i}`), 0, 1, layer, 1, TYPE.file, inodeLayer, 2)
  }
  expect([...tree.layer.subarray(1, 5)]).toEqual([127, 3, 128, 32_000])
  expect([...tree.inodeLayer.subarray(1, 5)]).toEqual([3, 128, 127, -1])
  expect([...tree.layer.subarray(0, 1), ...tree.inodeLayer.subarray(0, 1)]).toEqual([-1, -1])
})
