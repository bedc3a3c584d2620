/**
 * Globs over the paths of a tree, name by name: a directory hands down how much of the glob it has passed, so that no
 * path is ever written out, and below a directory that passed none nothing is looked at.
 *
 * "/etc" + "**" + "*.conf" is three parts; /etc has passed the first, /etc/ssl the first or the first two, and so on.
 */
import { NodeName } from '../core/rootfs/node-name'
import type { Tree } from '../core/rootfs/tree'
import { lettersIn, lettersOf, lowercase, lowered } from './letters'

/** To be asked for every node in the order of their numbers: parents stand before their children. */
export type NodeTest = (node: number) => boolean

export const isGlob = (pattern: string): boolean => /[*?[]/.test(pattern)

/** With a slash the glob is about whole paths, beginning anywhere unless it begins with the slash; else about names. */
export function globTest(tree: Tree, glob: string): NodeTest {
  if (!glob.includes('/')) return partOf(tree, glob).fits
  const words = wordsOf(glob)
  // As many parts as a number has bits; and "**" within a name goes over slashes, which no part can.
  const simple = words.length < 31 && !words.some((word) => word !== '**' && word.includes('**'))
  return simple
    ? pathTest(
        tree,
        words.map((word) => partOf(tree, word)),
      )
    : regexTest(tree, glob)
}

// ---------------------------------------------------------------- parts

interface Part {
  readonly any: boolean
  readonly fits: NodeTest
}

function wordsOf(glob: string): string[] {
  const words = (glob.startsWith('/') ? glob : `**/${glob}`).split('/').filter((word) => word !== '')
  // "/etc/**" is what is in /etc, not /etc itself.
  if (words.at(-1) === '**') words.splice(-1, 1, '*', '**')
  return words
}

function partOf(tree: Tree, word: string): Part {
  if (word === '**') return { any: true, fits: () => true }
  return { any: false, fits: word.includes('[') ? setTest(tree, word) : nameTest(tree, word) }
}

/** Sets go the slow way, over text; names without the letters that stand outside of them are passed by. */
function setTest(tree: Tree, word: string): NodeTest {
  const regex = globRegex(word)
  const needed = lettersIn(lowered(word.replace(/\[.[^\]]*\]|\[.*|[*?]/gs, '')))
  const held = lettersOf(tree)
  // Below 0: bytes beyond ASCII, which text may show as others.
  return (node) => (held[node] < 0 || (held[node] & needed) === needed) && regex.test(tree.name(node))
}

function nameTest(tree: Tree, word: string): NodeTest {
  const glob = Int16Array.from(lowered(word), (byte) => (byte === 0x2a ? STAR : byte === 0x3f ? ANY : byte))
  if (!glob.includes(ANY) && glob.includes(STAR)) return pieceTest(tree, piecesOf(glob))
  const name = new NodeName(tree.names)
  return (node) => {
    name.at(node)
    return fits(glob, name.bytes, name.from, name.to)
  }
}

/** Bit p of a node's state: what is left of the glob behind its path are the parts from p on. */
function pathTest(tree: Tree, parts: readonly Part[]): NodeTest {
  const states = new Int32Array(tree.length)
  const done = 1 << parts.length
  // "**" may also stand for nothing.
  const widened = (state: number): number => {
    for (let p = 0; p < parts.length; p++) if (parts[p].any && (state & (1 << p)) !== 0) state |= 1 << (p + 1)
    return state
  }
  states[0] = widened(1)
  return (node) => {
    const above = states[tree.parent[node]] & ~done
    if (above === 0) return false
    let next = 0
    for (let p = 0; p < parts.length; p++)
      if ((above & (1 << p)) !== 0) {
        if (parts[p].any) next |= 1 << p
        else if (parts[p].fits(node)) next |= 1 << (p + 1)
      }
    states[node] = next = widened(next)
    return (next & done) !== 0
  }
}

function regexTest(tree: Tree, glob: string): NodeTest {
  const regex = globRegex(glob.startsWith('/') ? glob : `**/${glob}`)
  return (node) => regex.test(tree.path(node))
}

// ---------------------------------------------------------------- one name

const STAR = -1
const ANY = -2

/** What stands before, between and behind the stars. */
function piecesOf(glob: Int16Array): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let from = 0; from <= glob.length;) {
    const star = glob.indexOf(STAR, from)
    const to = star < 0 ? glob.length : star
    pieces.push(Uint8Array.from(glob.subarray(from, to)))
    from = to + 1
  }
  return pieces
}

/** The end is looked at first, since most names fall there; what stands between is taken where it first comes. */
function pieceTest(tree: Tree, pieces: readonly Uint8Array[]): NodeTest {
  const name = new NodeName(tree.names)
  const head = pieces[0]
  const tail = pieces[pieces.length - 1]
  const middles = pieces.slice(1, -1).filter((piece) => piece.length > 0)
  return (node) => {
    name.at(node)
    let { from, to } = name
    const { bytes } = name
    if (to - from < head.length + tail.length) return false
    to -= tail.length
    for (let i = tail.length - 1; i >= 0; i--) if (lowercase[bytes[to + i]] !== tail[i]) return false
    for (let i = 0; i < head.length; i++) if (lowercase[bytes[from + i]] !== head[i]) return false
    from += head.length
    for (const piece of middles) {
      from = indexIn(bytes, from, to, piece)
      if (from < 0) return false
      from += piece.length
    }
    return true
  }
}

/** Where `piece`, which is not empty and in lower case, comes first in [from, to); -1 for nowhere. */
export function indexIn(names: Uint8Array, from: number, to: number, piece: Uint8Array): number {
  const first = piece[0]
  const last = to - piece.length
  for (let start = from; start <= last; start++) {
    if (lowercase[names[start]] !== first) continue
    let i = 1
    while (i < piece.length && lowercase[names[start + i]] === piece[i]) i++
    if (i === piece.length) return start
  }
  return -1
}

/** Walks name and glob together; after a mismatch the last star takes one byte more. */
function fits(glob: Int16Array, names: Uint8Array, from: number, to: number): boolean {
  let at = from
  let g = 0
  let star = -1
  let mark = 0
  while (at < to) {
    if (g < glob.length && glob[g] === ANY) {
      at++
      g++
      // One letter, however many bytes it has.
      while (at < to && (names[at] & 0xc0) === 0x80) at++
    } else if (g < glob.length && glob[g] === lowercase[names[at]]) {
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

/** `*` and `?` stop at slashes, `**` does not; a `[` that is never closed stands for itself. */
export function globRegex(glob: string): RegExp {
  let source = ''
  for (let i = 0; i < glob.length; i++) {
    const char = glob[i]
    if (glob.startsWith('**/', i)) {
      source += '(?:.*/)?'
      i += 2
    } else if (glob.startsWith('**', i)) {
      source += '.*'
      i++
    } else if (char === '*') source += '[^/]*'
    else if (char === '?') source += '[^/]'
    else if (char === '[' && glob.indexOf(']', i + 2) > 0) {
      const end = glob.indexOf(']', i + 2)
      const set = glob
        .slice(i + 1, end)
        .replace(/^!/, '^')
        .replace(/[\\\]]/g, '\\$&')
      source += `[${set}]`
      i = end
    } else source += char.replace(/[\\^$.|+(){}[\]]/g, '\\$&')
  }
  try {
    return new RegExp(`^${source}$`, 'is')
  } catch {
    return new RegExp(`^${glob.replace(/[\\^$.|?*+(){}[\]]/g, '\\$&')}$`, 'i')
  }
}
