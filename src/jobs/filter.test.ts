/** What a filter lets through: the ways without strings against the plain one, a regular expression over whole paths. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Tree } from '../core/rootfs/tree'
import { matches } from './filter'
import { globRegex } from './glob'
import { treeOf } from './tree.fixture'

function through(tree: Tree, pattern: string): string[] {
  const { flags, count } = matches(tree, pattern, () => true)
  const paths = [...flags.keys()].filter((node) => flags[node] === 1).map((node) => tree.path(node))
  expect(paths).toHaveLength(count)
  return paths.sort()
}

const all = (tree: Tree): string[] => Array.from({ length: tree.length - 1 }, (_, i) => tree.path(i + 1))

describe('a part', () => {
  const tree = treeOf(['/etc/ssl/openssl.cnf', '/etc/os-release', '/usr/lib/ssl/misc', '/Straße/É'])
  test('of a name, in either case', () => {
    expect(through(tree, 'SSL')).toEqual(['/etc/ssl', '/etc/ssl/openssl.cnf', '/usr/lib/ssl'])
    expect(through(tree, 'raße')).toEqual(['/Straße'])
    expect(through(tree, 'É')).toEqual(['/Straße/É'])
  })
  test('of a path, over slashes, and then all below', () => {
    expect(through(tree, '/ssl')).toEqual([
      '/etc/ssl',
      '/etc/ssl/openssl.cnf',
      '/usr/lib/ssl',
      '/usr/lib/ssl/misc',
    ])
    expect(through(tree, 'c/os')).toEqual(['/etc/os-release'])
    expect(through(tree, 'ssl/')).toEqual(['/etc/ssl/openssl.cnf', '/usr/lib/ssl/misc'])
  })
})

describe('a glob', () => {
  const tree = treeOf(['/lib/a]b', '/lib/xa', '/lib/x-1a.so', '/lib/X-12.SO', '/lib/xb'])
  test('with sets, a bracket in one too', () => {
    expect(through(tree, 'a[]x]b')).toEqual(['/lib/a]b'])
    expect(through(tree, 'x[!b]')).toEqual(['/lib/xa'])
    expect(through(tree, 'x-[0-9]?.so')).toEqual(['/lib/X-12.SO', '/lib/x-1a.so'])
  })
  test('with stars on both sides: no byte counts for two of them', () => {
    expect(through(tree, '*-1*.so')).toEqual(['/lib/X-12.SO', '/lib/x-1a.so'])
    expect(through(tree, 'x*xa')).toEqual([])
    expect(through(tree, '*a*')).toEqual(['/lib/a]b', '/lib/x-1a.so', '/lib/xa'])
  })
})

const name = fc
  .string({ unit: fc.constantFrom('a', 'b', 'A', '.', 'ab'), minLength: 1, maxLength: 4 })
  .filter((word) => !/^\.+$/.test(word))
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => `/${names.join('/')}`)
const paths = fc.array(path, { minLength: 1, maxLength: 20 })

test('whatever the tree, a part of a path is found where its text has it', () => {
  const part = fc
    .tuple(fc.constantFrom('', 'a', 'b', 'ab'), fc.constantFrom('', 'a', 'ab', 'aab', 'a/b'))
    .map(([before, after]) => `${before}/${after}`)
  fc.assert(
    fc.property(paths, part, (paths, part) => {
      const tree = treeOf(paths)
      const expected = all(tree).filter((path) => path.toLowerCase().includes(part))
      expect(through(tree, part)).toEqual(expected.sort())
    }),
    { numRuns: 500 },
  )
})

/** Said plainly: "**" is any number of names, at the end at least one; each other word is one name. */
function fits(words: readonly string[], names: readonly string[]): boolean {
  if (words.length === 0) return names.length === 0
  const [word, ...further] = words
  if (word === '**' && further.length === 0) return names.length > 0
  if (word === '**') return fits(further, names) || (names.length > 0 && fits(words, names.slice(1)))
  return names.length > 0 && globRegex(word).test(names[0]) && fits(further, names.slice(1))
}

test('whatever the tree, a glob is found where it fits name by name', () => {
  const word = fc.string({
    unit: fc.constantFrom('a', 'b', '*', '?', '[ab]', '.'),
    minLength: 1,
    maxLength: 4,
  })
  const glob = fc
    .array(
      fc.oneof(
        word.filter((text) => !text.includes('**')),
        fc.constant('**'),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((words) => words.join('/'))
    .chain((words) => fc.constantFrom(words, `/${words}`))
    .filter((glob) => /[*?[]/.test(glob) && glob !== '**')
  fc.assert(
    fc.property(paths, glob, (paths, glob) => {
      const tree = treeOf(paths)
      const words = (glob.startsWith('/') ? glob : `**/${glob}`).split('/').filter(Boolean)
      const expected = all(tree).filter((path) => fits(words, path.split('/').slice(1)))
      expect(through(tree, glob)).toEqual(expected.sort())
    }),
    { numRuns: 1000 },
  )
})
