/**
 * Which letters the names of a tree hold, a bit each, so that a search passes by most names without looking into them.
 * Made once a tree: names are only ever added to it.
 */
import { utf8 } from '../core/bytes/text'
import { NodeName } from '../core/rootfs/node-name'
import type { Tree } from '../core/rootfs/tree'

/** By byte: letters of ASCII are the same in either case; others are taken as they are, since names are bytes. */
export const lowercase = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte,
)

export function lowered(text: string): Uint8Array {
  return utf8(text).map((byte) => lowercase[byte])
}

/** Bits of a to z by themselves; digits, marks and all other bytes share the rest. */
const bitOf = Int32Array.from({ length: 256 }, (_, byte) => {
  const letter = lowercase[byte] - 0x61
  if (letter >= 0 && letter < 26) return 1 << letter
  if (byte >= 0x30 && byte <= 0x39) return byte < 0x35 ? 1 << 26 : 1 << 27
  if (byte === 0x2e) return 1 << 28
  if (byte === 0x2d || byte === 0x5f) return 1 << 29
  return byte < 0x80 ? 1 << 30 : 1 << 31
})

const known = new WeakMap<Tree, Int32Array>()

export function lettersOf(tree: Tree): Int32Array {
  const before = known.get(tree)
  if (before?.length === tree.length) return before
  const letters = new Int32Array(tree.length)
  if (before) letters.set(before)
  const name = new NodeName(tree.names)
  for (let node = before?.length ?? 0; node < tree.length; node++) {
    name.at(node)
    const { bytes, to } = name
    let bits = 0
    for (let at = name.from; at < to; at++) bits |= bitOf[bytes[at]]
    letters[node] = bits
  }
  known.set(tree, letters)
  return letters
}

export function lettersIn(bytes: Uint8Array): number {
  let bits = 0
  for (const byte of bytes) bits |= bitOf[byte]
  return bits
}
