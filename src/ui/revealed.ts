/** Text that cannot hide anything. */
import { plain } from '../app/words'

export interface Piece {
  readonly text: string
  /** Stands for a character that cannot be seen, or that would turn the text around. */
  readonly hidden: boolean
}

/** Text in pieces, with what would be invisible or misleading written as an escape. Line ends and tabs stay. */
export function revealed(text: string): Piece[] {
  return text
    .split(/([\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+)/)
    .map((part, index) => (index % 2 ? carriageReturnsFirst(part) : { text: part, hidden: false }))
    .filter((piece) => piece.text !== '')
}

/** A "\r" before a line end is how Windows ends lines, and no secret. */
function carriageReturnsFirst(part: string): Piece {
  return part === '\r' ? { text: '', hidden: false } : { text: plain(part), hidden: true }
}
