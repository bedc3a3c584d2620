/** A report as JSON text, piece by piece: the list of files of a large image is longer than a string may be. */

/** JSON that stands in a report as it was found: order, spacing and numbers too large for JavaScript are kept. */
export class RawJson {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** What `JSON.stringify(value, null, 2)` gives, with every RawJson verbatim in its place. */
export function* jsonPieces(value: unknown, indent = ''): Generator<string> {
  if (value instanceof RawJson) yield value.text
  else if (Array.isArray(value))
    yield* bracketed(
      '[]',
      indent,
      value.map((item: unknown) => ['', item]),
    )
  else if (typeof value === 'object' && value !== null)
    yield* bracketed(
      '{}',
      indent,
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [`${JSON.stringify(key)}: `, item]),
    )
  else yield JSON.stringify(value ?? null)
}

function* bracketed(
  [open, close]: string,
  indent: string,
  items: readonly (readonly [prefix: string, value: unknown])[],
): Generator<string> {
  if (items.length === 0) {
    yield open + close
    return
  }
  const inner = `${indent}  `
  let before = `${open}\n${inner}`
  for (const [prefix, item] of items) {
    yield before + prefix
    yield* jsonPieces(item, inner)
    before = `,\n${inner}`
  }
  yield `\n${indent}${close}`
}

/** Pieces gathered to about 64 Ki characters: fewer writes, and parts of a Blob. */
export function* gathered(pieces: Iterable<string>): Generator<string> {
  let text = ''
  for (const piece of pieces) {
    text += piece
    if (text.length < 65_536) continue
    yield text
    text = ''
  }
  if (text) yield text
}
