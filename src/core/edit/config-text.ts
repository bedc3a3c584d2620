/** JSON that a person typed: what is wrong with it is said with line and column. */
import { parseTree, printParseErrorCode, type ParseError } from 'jsonc-parser'
import { ImageError } from '../fault/fault'
import type { Json } from './operation'

const WORDS: Record<string, string> = {
  InvalidSymbol: 'this is no value of JSON',
  InvalidNumberFormat: 'this is no number',
  PropertyNameExpected: 'the name of a field in double quotes is due',
  ValueExpected: 'a value is due',
  ColonExpected: 'a colon is due',
  CommaExpected: 'a comma is due',
  CloseBraceExpected: 'a closing } is due',
  CloseBracketExpected: 'a closing ] is due',
  EndOfFileExpected: 'the config ends before this',
  InvalidCommentToken: 'JSON has no comments',
  UnexpectedEndOfComment: 'JSON has no comments',
  UnexpectedEndOfString: 'a string is not closed',
  UnexpectedEndOfNumber: 'this is no number',
  InvalidUnicode: 'this is no character',
  InvalidEscapeCharacter: 'nothing is escaped like this',
  InvalidCharacter: 'a character that may not stand in a string',
}

/** The object that the text is. Throws `bad-json` with the place of the first thing that is wrong. */
export function checkedText(text: string): { readonly [key: string]: Json } {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false })
  if (errors.length > 0) {
    const { offset, error } = errors[0]
    throw refused(text, offset, WORDS[printParseErrorCode(error)] ?? 'this is not JSON')
  }
  if (root?.type !== 'object') throw refused(text, root?.offset ?? 0, 'a config is an object: { … }')
  try {
    return JSON.parse(text) as { [key: string]: Json }
  } catch (thrown) {
    throw new ImageError('bad-json', (thrown as Error).message)
  }
}

function refused(text: string, offset: number, words: string): ImageError {
  const lines = text.slice(0, offset).split('\n')
  return new ImageError(
    'bad-json',
    `Line ${lines.length}, column ${lines[lines.length - 1].length + 1}: ${words}.`,
    { at: offset },
  )
}
