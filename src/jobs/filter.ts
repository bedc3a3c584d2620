/** Which nodes of a tree a filter lets through: a part of a name or path, or a glob where it holds * ? or [. */
import { NodeName } from '../core/rootfs/node-name'
import type { Tree } from '../core/rootfs/tree'
import { globTest, indexIn, isGlob, type NodeTest } from './glob'
import { lettersIn, lettersOf, lowercase, lowered } from './letters'

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
  const name = new NodeName(tree.names)
  const held = lettersOf(tree)
  const needed = lettersIn(wanted)
  return (node) => {
    if ((held[node] & needed) !== needed) return false
    name.at(node)
    return indexIn(name.bytes, name.from, name.to, wanted) >= 0
  }
}

/**
 * Between two slashes of the pattern stands a whole name; before the first the end of one, behind the last the beginning
 * of one: only nodes whose own name begins as the pattern ends are looked at further. What is below a match matches.
 */
function inPath(tree: Tree, wanted: Uint8Array): NodeTest {
  const { parent } = tree
  const name = new NodeName(tree.names)
  const parts = partsOf(wanted)
  const last = parts.length - 1
  const passed = new Uint8Array(tree.length)
  const has = (start: number, part: Uint8Array): boolean => {
    const { bytes } = name
    for (let i = 0; i < part.length; i++) if (lowercase[bytes[start + i]] !== part[i]) return false
    return true
  }
  const ends = (node: number): boolean => {
    const part = parts[last]
    name.at(node)
    if (name.to - name.from < part.length || !has(name.from, part)) return false
    let at = parent[node]
    for (let p = last - 1; p > 0; p--) {
      if (at < 0) return false
      name.at(at)
      if (name.to - name.from !== parts[p].length || !has(name.from, parts[p])) return false
      at = parent[at]
    }
    if (at < 0) return false
    name.at(at)
    const from = name.to - parts[0].length
    return from >= name.from && has(from, parts[0])
  }
  return (node) => {
    if (passed[parent[node]] === 0 && !ends(node)) return false
    passed[node] = 1
    return true
  }
}

const SLASH = 0x2f

function partsOf(wanted: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = []
  for (let from = 0; from <= wanted.length;) {
    const slash = wanted.indexOf(SLASH, from)
    const to = slash < 0 ? wanted.length : slash
    parts.push(wanted.subarray(from, to))
    from = to + 1
  }
  return parts
}
