/**
 * Paths by their names: letters in order (fuzzy), or a glob. Over the bytes of the names in one pass, without making a
 * string of any that is not shown: a million paths are gone through within a tenth of a second.
 */
import { NodeName } from '../core/rootfs/node-name'
import { ROOT, type Tree } from '../core/rootfs/tree'
import { globTest, isGlob } from './glob'
import { lettersIn, lettersOf, lowercase, lowered } from './letters'

export interface Found {
  /** How many paths match. */
  readonly total: number
  /** The best of them, best first. */
  readonly nodes: readonly number[]
}

export function findPaths(tree: Tree, query: string, limit: number): Found {
  const wanted = query.trim()
  if (wanted === '') return { total: 0, nodes: [] }
  return isGlob(wanted) ? byGlob(tree, wanted, limit) : byLetters(tree, wanted, limit)
}

// ---------------------------------------------------------------- letters

/** How well a name fits; smaller is better. Within one rank the shorter path wins. */
const RANK = { whole: 0, start: 1, word: 2, inside: 3, path: 4, letters: 5, scattered: 6 } as const
const RANKS = 7

function byLetters(tree: Tree, query: string, limit: number): Found {
  // More letters than a byte counts are no name of anything.
  const letters = lowered(query.replace(/^\/+/, '')).subarray(0, 255)
  if (letters.length === 0) return { total: 0, nodes: [] }
  const { parent, alive } = tree
  const name = new NodeName(tree.names)
  const held = lettersOf(tree)
  const bits = Int32Array.from(letters, (_, i) => lettersIn(letters.subarray(i, i + 1)))
  // Letters of the query that a path has passed in order, up to and with each node; and the same from its own name on.
  const passed = new Uint8Array(tree.length)
  const depth = new Uint16Array(tree.length)
  const ranks = Array.from({ length: RANKS }, () => new Shortest(limit))
  const count = letters.length
  const withSlash = letters.includes(SLASH)
  let total = 0
  for (let node = 1; node < tree.length; node++) {
    if (alive[node] === 0) continue
    const above = parent[node]
    name.at(node)
    const { bytes, from, to } = name
    depth[node] = Math.min(65535, depth[above] + 1 + to - from)
    // Once from this name on, and once on from where the path above stood; what is below a match does not match by that alone.
    let alone = 0
    let after = passed[above] === count ? 0 : passed[above]
    if (after > 0 && letters[after] === SLASH) after++
    const two = after > 0 && (held[node] & bits[after]) !== 0
    if (two || (held[node] & bits[0]) !== 0)
      for (let i = from; i < to && alone < count; i++) {
        const byte = lowercase[bytes[i]]
        if (two && after < count && byte === letters[after]) after++
        if (byte === letters[alone]) alone++
      }
    passed[node] = alone > after ? alone : after
    if (passed[node] < count) continue
    const rank = alone === count ? rankOf(letters, bytes, from, to) : withSlash ? RANK.path : RANK.scattered
    total++
    ranks[rank].offer(node, depth[node])
  }
  return { total, nodes: ranks.flatMap((rank) => rank.nodes).slice(0, limit) }
}

const SLASH = 0x2f

/** How the letters stand in a name that has them all in their order. */
function rankOf(letters: Uint8Array, names: Uint8Array, from: number, to: number): number {
  const count = letters.length
  let found = -1
  let word = -1
  const first = letters[0]
  for (let start = from; start + count <= to; start++) {
    if (lowercase[names[start]] !== first) continue
    let i = 1
    while (i < count && lowercase[names[start + i]] === letters[i]) i++
    if (i < count) continue
    if (start === from) return to - from === count ? RANK.whole : RANK.start
    if (found < 0) found = start
    if (word < 0 && !isLetter(names[start - 1])) word = start
  }
  if (found >= 0) return word >= 0 ? RANK.word : RANK.inside
  return RANK.letters
}

function isLetter(byte: number): boolean {
  const letter = lowercase[byte]
  return (letter >= 0x61 && letter <= 0x7a) || (byte >= 0x30 && byte <= 0x39)
}

/** The shortest of what was offered; of two that are as short, the first. Nothing is kept of what is surely too long. */
class Shortest {
  readonly #limit: number
  #kept: { node: number; length: number }[] = []
  #tooLong = Infinity

  constructor(limit: number) {
    this.#limit = limit
  }

  offer(node: number, length: number): void {
    if (length >= this.#tooLong) return
    this.#kept.push({ node, length })
    if (this.#kept.length >= 8 * this.#limit + 64) this.#cut()
  }

  #cut(): void {
    this.#kept.sort((a, b) => a.length - b.length || a.node - b.node)
    this.#kept.length = Math.min(this.#kept.length, this.#limit)
    this.#tooLong = this.#kept.at(-1)?.length ?? Infinity
  }

  get nodes(): number[] {
    this.#cut()
    return this.#kept.map(({ node }) => node)
  }
}

// ---------------------------------------------------------------- globs

function byGlob(tree: Tree, glob: string, limit: number): Found {
  const test = globTest(tree, glob)
  const best = new Shortest(limit)
  const { parent } = tree
  let total = 0
  // Siblings mostly stand together.
  let above: number = ROOT
  let before = 0
  for (let node = 1; node < tree.length; node++) {
    if (!test(node) || tree.alive[node] === 0) continue
    total++
    if (parent[node] !== above) before = lengthOf(tree, (above = parent[node]))
    best.offer(node, before + 1 + tree.names.lengthOf(node))
  }
  return { total, nodes: best.nodes }
}

function lengthOf(tree: Tree, node: number): number {
  let length = 0
  for (let at = node; at !== ROOT; at = tree.parent[at]) length += 1 + tree.names.lengthOf(at)
  return length
}
