/** Names that take something away (image-spec, layer.md, "Whiteouts"; the AUFS heritage behind them). */

const PREFIX = [0x2e, 0x77, 0x68, 0x2e] // .wh.
const OPAQUE_REST = [0x2e, 0x77, 0x68, 0x2e, 0x2e, 0x6f, 0x70, 0x71] // .wh..opq, behind a first .wh.

export type Marker = 'none' | 'whiteout' | 'opaque' | 'aufs' | 'invalid'

/** What the last element of a path, bytes [from, to), means. */
export function markerOf(bytes: Uint8Array, from: number, to: number): Marker {
  if (to - from < 4 || bytes[from] !== 0x2e || !has(bytes, from, PREFIX)) return 'none'
  const rest = from + 4
  if (to === rest) return 'invalid' // ".wh." names nothing
  if (bytes[rest] === 0x2e && (to === rest + 1 || (to === rest + 2 && bytes[rest + 1] === 0x2e)))
    return 'invalid' // ".wh.." and ".wh..."
  if (to - rest >= 4 && has(bytes, rest, PREFIX))
    return to - rest === OPAQUE_REST.length && has(bytes, rest, OPAQUE_REST) ? 'opaque' : 'aufs'
  return 'whiteout'
}

function has(bytes: Uint8Array, at: number, expected: readonly number[]): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false
  return true
}
