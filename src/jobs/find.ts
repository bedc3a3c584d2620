/**
 * Paths by their names: letters in order (fuzzy), or a glob. Over the bytes of the names in one pass, without making a
 * string of any that is not shown: a million paths are gone through within a tenth of a second.
 */
import { utf8 } from '../core/bytes/text'
import { ROOT, type Tree } from '../core/rootfs/tree'
import { globRegex } from './filter'

export interface Found {
  /** How many paths match. */
  readonly total: number
  /** The best of them, best first. */
  readonly nodes: readonly number[]
}

export function findPaths(tree: Tree, query: string, limit: number): Found {
  const wanted = query.trim()
  if (wanted === '') return { total: 0, nodes: [] }
  return /[*?[]/.test(wanted) ? byGlob(tree, wanted, limit) : byLetters(tree, wanted, limit)
}

// ---------------------------------------------------------------- letters

/** How well a name fits; smaller is better. Within one rank the shorter path wins. */
const RANK = { whole: 0, start: 1, word: 2, inside: 3, path: 4, letters: 5, scattered: 6 } as const
const RANKS = 7

function byLetters(tree: Tree, query: string, limit: number): Found {
  // More letters than a byte counts are no name of anything.
  const letters = utf8(query.toLowerCase().replace(/^\/+/, '')).subarray(0, 255)
  if (letters.length === 0) return { total: 0, nodes: [] }
  const { parent, alive, names } = tree
  // Letters of the query that a path has passed in order, up to and with each node; and the same from its own name on.
  const passed = new Uint8Array(tree.length)
  const depth = new Uint16Array(tree.length)
  const ranks: { node: number; length: number }[][] = Array.from({ length: RANKS }, () => [])
  const withSlash = letters.includes(SLASH)
  let total = 0
  for (let node = 1; node < tree.length; node++) {
    if (alive[node] === 0) continue
    const above = parent[node]
    const from = tree.nameStart(node)
    const to = tree.nameEnd[node]
    depth[node] = Math.min(65535, depth[above] + 1 + to - from)
    let at = passed[above]
    if (at === letters.length)
      at = 0 // What is below a match does not match by that alone.
    else if (at > 0 && letters[at] === SLASH) at++
    const alone = along(letters, 0, names, from, to)
    const after = at === 0 ? alone : along(letters, at, names, from, to)
    passed[node] = Math.max(alone, after)
    if (passed[node] < letters.length) continue
    const rank =
      alone === letters.length ? rankOf(letters, names, from, to) : withSlash ? RANK.path : RANK.scattered
    total++
    keep(ranks[rank], node, depth[node], limit)
  }
  const nodes: number[] = []
  for (const rank of ranks) {
    rank.sort((a, b) => a.length - b.length || a.node - b.node)
    for (const { node } of rank) if (nodes.length < limit) nodes.push(node)
  }
  return { total, nodes }
}

const SLASH = 0x2f

/** How many of the letters, from `at` on, stand in the name in their order. */
function along(letters: Uint8Array, at: number, names: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to && at < letters.length; i++) if (lower(names[i]) === letters[at]) at++
  return at
}

/** How the letters stand in a name that has them all in their order. */
function rankOf(letters: Uint8Array, names: Uint8Array, from: number, to: number): number {
  const count = letters.length
  let found = -1
  let word = -1
  const first = letters[0]
  for (let start = from; start + count <= to; start++) {
    if (lower(names[start]) !== first) continue
    let i = 1
    while (i < count && lower(names[start + i]) === letters[i]) i++
    if (i < count) continue
    if (start === from) return to - from === count ? RANK.whole : RANK.start
    if (found < 0) found = start
    if (word < 0 && !isLetter(names[start - 1])) word = start
  }
  if (found >= 0) return word >= 0 ? RANK.word : RANK.inside
  return RANK.letters
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte
}

function isLetter(byte: number): boolean {
  const letter = lower(byte)
  return (letter >= 0x61 && letter <= 0x7a) || (byte >= 0x30 && byte <= 0x39)
}

/** Keeps the shortest; now and then what is too long goes. */
function keep(kept: { node: number; length: number }[], node: number, length: number, limit: number): void {
  kept.push({ node, length })
  if (kept.length < 8 * limit + 64) return
  kept.sort((a, b) => a.length - b.length)
  kept.length = limit
}

// ---------------------------------------------------------------- globs

function byGlob(tree: Tree, glob: string, limit: number): Found {
  const slash = glob.lastIndexOf('/')
  const last = globBytes(glob.slice(slash + 1))
  const set = slash < 0 && last === null ? globRegex(glob) : null
  const whole = slash < 0 ? null : globRegex(glob.startsWith('/') ? glob : `**/${glob}`)
  const kept: { node: number; length: number }[] = []
  let total = 0
  for (let node = 1; node < tree.length; node++) {
    if (tree.alive[node] === 0) continue
    if (last !== null && !fits(last, tree.names, tree.nameStart(node), tree.nameEnd[node])) continue
    if (set && !set.test(tree.name(node))) continue
    if (whole && !whole.test(tree.path(node))) continue
    total++
    keep(kept, node, lengthOf(tree, node), limit)
  }
  kept.sort((a, b) => a.length - b.length || a.node - b.node)
  return { total, nodes: kept.slice(0, limit).map(({ node }) => node) }
}

function lengthOf(tree: Tree, node: number): number {
  let length = 0
  for (let at = node; at !== ROOT; at = tree.parent[at]) length += 1 + tree.nameEnd[at] - tree.nameStart(at)
  return length
}

const STAR = -1
const ANY = -2

/** A glob of one name, letter by letter; null for what needs the path or a set, which a regular expression answers. */
function globBytes(glob: string): Int16Array | null {
  if (glob.includes('[') || glob.includes('**')) return null
  return Int16Array.from(utf8(glob.toLowerCase()), (byte) =>
    byte === 0x2a ? STAR : byte === 0x3f ? ANY : byte,
  )
}

/** Walks name and glob together; after a mismatch the last star takes one byte more. */
function fits(glob: Int16Array, names: Uint8Array, from: number, to: number): boolean {
  let at = from
  let g = 0
  let star = -1
  let mark = 0
  while (at < to) {
    if (g < glob.length && (glob[g] === ANY || glob[g] === lower(names[at]))) {
      at++
      g++
    } else if (g < glob.length && glob[g] === STAR) {
      star = g++
      mark = at
    } else if (star >= 0) {
      g = star + 1
      at = ++mark
    } else return false
  }
  while (g < glob.length && glob[g] === STAR) g++
  return g === glob.length
}
