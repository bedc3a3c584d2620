/** Which nodes of a tree a filter lets through: a substring, or a glob where it holds * ? or [. */
import { utf8 } from '../core/bytes/text'
import type { Tree } from '../core/rootfs/tree'

/** Answers for each node 1 or 0. A pattern with a slash is held against the whole path, else against the name; letters match in either case. */
export function matches(
  tree: Tree,
  pattern: string,
  candidates: (node: number) => boolean,
): { flags: Uint8Array; count: number } {
  const flags = new Uint8Array(tree.length)
  const test = pattern.includes('/') ? pathTest(tree, pattern) : nameTest(tree, pattern)
  let count = 0
  for (let node = 1; node < tree.length; node++)
    if (candidates(node) && test(node)) {
      flags[node] = 1
      count++
    }
  return { flags, count }
}

const isGlob = (pattern: string): boolean => /[*?[]/.test(pattern)

function nameTest(tree: Tree, pattern: string): (node: number) => boolean {
  if (isGlob(pattern)) {
    const regex = globRegex(pattern)
    return (node) => regex.test(tree.name(node))
  }
  // Bytes, not strings: a million names are looked through in the time of a frame or two.
  const wanted = utf8(pattern.toLowerCase())
  const { names } = tree
  return (node) => holds(names, tree.nameStart(node), tree.nameEnd[node], wanted)
}

function holds(bytes: Uint8Array, from: number, to: number, wanted: Uint8Array): boolean {
  const last = to - wanted.length
  for (let start = from; start <= last; start++) {
    let i = 0
    while (i < wanted.length && lower(bytes[start + i]) === wanted[i]) i++
    if (i === wanted.length) return true
  }
  return false
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte
}

function pathTest(tree: Tree, pattern: string): (node: number) => boolean {
  const paths: string[] = ['']
  const path = (node: number): string => (paths[node] ??= `${path(tree.parent[node])}/${tree.name(node)}`)
  if (isGlob(pattern)) {
    const regex = globRegex(pattern.startsWith('/') ? pattern : `**/${pattern}`)
    return (node) => regex.test(path(node))
  }
  const wanted = pattern.toLowerCase()
  return (node) => path(node).toLowerCase().includes(wanted)
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
