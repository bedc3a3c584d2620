/** Two byte strings, line by line of sixteen as `hexdump -C` prints them: the lines that differ, in order. */
import { hexLines } from './hex'

export interface HexPair {
  /** "" where one has ended. */
  readonly before: string
  readonly after: string
}

const LINE = 16

/** At most `most` lines, each with its offset. Bytes are compared in their places: what was put in between moves all that follows. */
export function differingLines(before: Uint8Array, after: Uint8Array, most: number): HexPair[] {
  const pairs: HexPair[] = []
  for (let at = 0; at < Math.max(before.length, after.length) && pairs.length < most; at += LINE) {
    const [one, other] = [before.subarray(at, at + LINE), after.subarray(at, at + LINE)]
    const same = one.length === other.length && one.every((byte, i) => byte === other[i])
    if (!same) pairs.push({ before: hexLines(one, at), after: hexLines(other, at) })
  }
  return pairs
}
