/** Trees as text, so that a test is two drawings: what went in, and what came out. */

/** What a row needs to be drawn; the rows of workers/api.ts fit as they are. */
export interface DrawnRow {
  readonly depth: number
  readonly name: string
  readonly type: string
  readonly link?: string
  readonly change?: string
}

const LETTERS: { readonly [type: string]: string } = {
  file: 'f',
  directory: 'd',
  symlink: 's',
  hardlink: 'h',
  char: 'c',
  block: 'b',
  fifo: 'p',
}
const MARKS: { readonly [change: string]: string } = {
  added: '+ ',
  changed: '~ ',
  metadata: '* ',
  removed: '- ',
}

/**
 * One line for each row, children below their parents:
 *
 *   d etc/
 *     f motd
 *     s mtab -> /proc/mounts
 *
 * With `changes`, a mark before what is not the same: + added, ~ changed, * only metadata, - removed.
 */
export function printTree(rows: Iterable<DrawnRow>, { changes = false } = {}): string {
  let out = ''
  for (const { depth, name, type, link, change } of rows) {
    const mark = changes && change ? (MARKS[change] ?? '') : ''
    const arrow = link ? ` ${type === 'hardlink' ? '=>' : '->'} ${link}` : ''
    out += `${'  '.repeat(depth)}${mark}${LETTERS[type] ?? '?'} ${name}${type === 'directory' ? '/' : ''}${arrow}\n`
  }
  return out
}

/** A drawing as it stands in a test, without the indentation of the code around it, to compare with printTree. */
export function drawn(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'))
  const margin = Math.min(...lines.map((line) => line.length - line.trimStart().length))
  return lines.map((line) => `${line.slice(margin).trimEnd()}\n`).join('')
}
