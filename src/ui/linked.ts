/** JSON cut at its links. */
import type { MemberView } from '../../workers/api'

export interface LinkedPiece {
  readonly text: string
  /** The member that this piece names; null for the text between. */
  readonly member: number | null
}

/** A document cut at its links. */
export function linked(text: string, links: MemberView['links']): LinkedPiece[] {
  const pieces: LinkedPiece[] = []
  let at = 0
  for (const { from, to, member } of links) {
    if (from > at) pieces.push({ text: text.slice(at, from), member: null })
    pieces.push({ text: text.slice(from, to), member })
    at = to
  }
  if (at < text.length) pieces.push({ text: text.slice(at), member: null })
  return pieces
}
