/**
 * Globs over the paths of a tree, name by name: a directory hands down how much of the glob it has passed, so that no
 * path is ever written out, and below a directory that passed none nothing is looked at.
 *
 * "/etc" + "**" + "*.conf" is three parts; /etc has passed the first, /etc/ssl the first or the first two, and so on.
 */
import { utf8 } from '../core/bytes/text'
import type { Tree } from '../core/rootfs/tree'

/** To be asked for every node in the order of their numbers: parents stand before their children. */
export type NodeTest = (node: number) => boolean

export const isGlob = (pattern: string): boolean => /[*?[]/.test(pattern)

/** With a slash the glob is about whole paths, beginning anywhere unless it begins with the slash; else about names. */
export function globTest(tree: Tree, glob: string): NodeTest {
  if (!glob.includes('/')) {
    const part = partOf(glob)
    return (node) => part.fits(tree, node)
  }
  const words = wordsOf(glob)
  // As many parts as a number has bits; and "**" within a name goes over slashes, which no part can.
  const simple = words.length < 31 && !words.some((word) => word !== '**' && word.includes('**'))
  return simple ? pathTest(tree, words.map(partOf)) : regexTest(tree, glob)
}

// ---------------------------------------------------------------- parts

interface Part {
  readonly any: boolean
  readonly fits: (tree: Tree, node: number) => boolean
}

function wordsOf(glob: string): string[] {
  const words = (glob.startsWith('/') ? glob : `**/${glob}`).split('/').filter((word) => word !== '')
  // "/etc/**" is what is in /etc, not /etc itself.
  if (words.at(-1) === '**') words.splice(-1, 1, '*', '**')
  return words
}

function partOf(word: string): Part {
  if (word === '**') return { any: true, fits: () => true }
  if (word.includes('[')) {
    const regex = globRegex(word)
    return { any: false, fits: (tree, node) => regex.test(tree.name(node)) }
  }
  const glob = Int16Array.from(lowered(word), (byte) => (byte === 0x2a ? STAR : byte === 0x3f ? ANY : byte))
  const tail = tailOf(glob)
  if (tail !== null) return { any: false, fits: (tree, node) => endsWith(tree, node, tail) }
  return {
    any: false,
    fits: (tree, node) => fits(glob, tree.names, tree.nameStart(node), tree.nameEnd[node]),
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
        else if (parts[p].fits(tree, node)) next |= 1 << (p + 1)
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

/** What a name must end with, where that is all that the glob says: "*.conf". */
function tailOf(glob: Int16Array): Int16Array | null {
  const tail = glob.subarray(1)
  return glob[0] === STAR && tail.every((byte) => byte >= 0) ? tail : null
}

function endsWith(tree: Tree, node: number, tail: Int16Array): boolean {
  const { names } = tree
  let at = tree.nameEnd[node] - tail.length
  if (at < tree.nameStart(node)) return false
  for (let i = 0; i < tail.length; i++) if (lowercase[names[at++]] !== tail[i]) return false
  return true
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

/** By byte: letters of ASCII are the same in either case; others are taken as they are, since names are bytes. */
export const lowercase = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte,
)

export function lowered(text: string): Uint8Array {
  return utf8(text).map((byte) => lowercase[byte])
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
