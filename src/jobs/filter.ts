/** Which nodes of a tree a filter lets through: a part of a name or path, or a glob where it holds * ? or [. */
import type { Tree } from '../core/rootfs/tree'
import { globTest, isGlob, lowercase, lowered, type NodeTest } from './glob'
import { lettersIn, lettersOf } from './letters'

/** Answers for each node 1 or 0. A pattern with a slash is held against the whole path, else against the name; letters match in either case. */
export function matches(
  tree: Tree,
  pattern: string,
  candidates: (node: number) => boolean,
): { flags: Uint8Array; count: number } {
  const flags = new Uint8Array(tree.length)
  const test = testOf(tree, pattern)
  let count = 0
  for (let node = 1; node < tree.length; node++)
    // The test goes first: what it knows of a directory it hands down.
    if (test(node) && candidates(node)) {
      flags[node] = 1
      count++
    }
  return { flags, count }
}

function testOf(tree: Tree, pattern: string): NodeTest {
  if (isGlob(pattern)) return globTest(tree, pattern)
  const wanted = lowered(pattern)
  return pattern.includes('/') ? inPath(tree, wanted) : inName(tree, wanted)
}

/** Bytes, not strings: a million names are looked through in the time of a frame or two. */
function inName(tree: Tree, wanted: Uint8Array): NodeTest {
  const { names, nameEnd } = tree
  const first = wanted[0]
  const further = wanted.length
  const held = lettersOf(tree)
  const needed = lettersIn(wanted)
  return (node) => {
    if ((held[node] & needed) !== needed) return false
    const last = nameEnd[node] - further
    for (let start = tree.nameStart(node); start <= last; start++) {
      if (lowercase[names[start]] !== first) continue
      let i = 1
      while (i < further && lowercase[names[start + i]] === wanted[i]) i++
      if (i === further) return true
    }
    return false
  }
}

/**
 * Paths gone through letter by letter, each directory's end being where its children go on (Knuth, Morris and Pratt:
 * how much of the pattern the letters so far end with). What is below a match matches.
 */
function inPath(tree: Tree, wanted: Uint8Array): NodeTest {
  const { names, nameEnd, parent } = tree
  const back = failures(wanted)
  const reached = new Uint16Array(tree.length)
  const all = wanted.length
  const step = (at: number, byte: number): number => {
    while (at > 0 && wanted[at] !== byte) at = back[at]
    return wanted[at] === byte ? at + 1 : 0
  }
  return (node) => {
    let at = reached[parent[node]]
    if (at < all) at = step(at, SLASH)
    for (let i = tree.nameStart(node); i < nameEnd[node] && at < all; i++) at = step(at, lowercase[names[i]])
    reached[node] = at
    return at === all
  }
}

const SLASH = 0x2f

/** For each length of a beginning of the pattern: how much of it the beginning also ends with. */
function failures(wanted: Uint8Array): Uint16Array {
  const back = new Uint16Array(wanted.length + 1)
  for (let end = 1, at = 0; end < wanted.length; end++) {
    while (at > 0 && wanted[at] !== wanted[end]) at = back[at]
    if (wanted[at] === wanted[end]) at++
    back[end + 1] = at
  }
  return back
}
