/** What a view lets through: by name (a part, a glob, a regular expression), change, type and size, all of them together. */
import type { Change, EntryType, ViewRequest } from '../../workers/api'
import { ImageError } from '../core/fault/fault'
import type { Tree } from '../core/rootfs/tree'
import { matches } from './filter'

export interface Sifted {
  /** Of a node of the tree. */
  readonly change: (node: number) => Change
  readonly type: (node: number) => EntryType
  /** Of a directory, all below it. */
  readonly bytes: (node: number) => number
}

type Test = (node: number) => boolean

/** Whether the request leaves anything out. */
export function isSifted({ filter, changes, types, atLeast, atMost }: ViewRequest): boolean {
  return (
    filter !== '' ||
    Boolean(changes?.length) ||
    Boolean(types?.length) ||
    atLeast !== undefined ||
    atMost !== undefined
  )
}

/** Answers 1 for each node that passes, of those `inView`. Throws `bad-operation` for what is no regular expression. */
export function sieve(tree: Tree, request: ViewRequest, of: Sifted, inView: Test): Uint8Array {
  const named = byName(tree, request, inView)
  const tests = furtherTests(request, of)
  for (let node = 1; node < tree.length; node++)
    if (named[node] === 1 && !tests.every((test) => test(node))) named[node] = 0
  return named
}

function byName(tree: Tree, { filter, regex }: ViewRequest, inView: Test): Uint8Array {
  if (filter !== '' && !regex) return matches(tree, filter, inView).flags
  const flags = new Uint8Array(tree.length)
  const pattern = filter === '' ? null : compiled(filter)
  for (let node = 1; node < tree.length; node++)
    if (inView(node) && (pattern === null || pattern.test(tree.path(node)))) flags[node] = 1
  return flags
}

/** Held against the whole path, letters in either case, as the search for contents does it by default. */
function compiled(text: string): RegExp {
  try {
    return new RegExp(text, 'iu')
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.replace(/^.*?\/[a-z]*: /, '') : ''
    throw new ImageError('bad-operation', `Not a regular expression: ${why || text}`)
  }
}

function furtherTests({ changes, types, atLeast, atMost }: ViewRequest, of: Sifted): Test[] {
  const tests: Test[] = []
  if (changes?.length) tests.push((node) => changes.includes(of.change(node)))
  if (types?.length) tests.push((node) => types.includes(of.type(node)))
  if (atLeast !== undefined) tests.push((node) => of.bytes(node) >= atLeast)
  if (atMost !== undefined) tests.push((node) => of.bytes(node) <= atMost)
  return tests
}
