/** The words of the command line. */
import { ImageError } from '../core/fault/fault'

export interface Arguments {
  readonly command: string
  readonly archive: string
  readonly options: ReadonlyMap<string, string | true>
}

export const USAGE = `usage:
  peel inspect ARCHIVE [--json] [--files] [--no-verify]
      what is in a saved image: layers with their steps, sizes, findings, waste
      exit 0: nothing wrong; 1: findings of severity error; 2: refused
  peel rebuild ARCHIVE -o OUT [--recipe R.json] [--build add|flatten]
               [--format docker|oci|rootfs] [--tag NAME:TAG]
      the archive with a recipe's changes, as a tar that docker load takes`

const VALUED = new Set(['recipe', 'build', 'format', 'tag', 'o', 'output'])
const FLAGS = new Set(['json', 'files', 'no-verify', 'help'])

/** Throws `bad-operation` with the usage. */
export function parseArguments(words: readonly string[]): Arguments {
  const options = new Map<string, string | true>()
  const plain: string[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    if (!word.startsWith('-') || word === '-') {
      plain.push(word)
      continue
    }
    const [, name, value] = /^--?([^=]+)(?:=([^]*))?$/.exec(word) ?? []
    if (FLAGS.has(name)) options.set(name, true)
    else if (VALUED.has(name)) {
      const given = value ?? words[++i]
      if (given === undefined) throw new ImageError('bad-operation', `${word} needs a value.\n${USAGE}`)
      options.set(name === 'output' ? 'o' : name, given)
    } else throw new ImageError('bad-operation', `${word} is not known.\n${USAGE}`)
  }
  const [command = '', archive = ''] = plain
  if (options.has('help')) return { command: 'help', archive, options }
  if (!['inspect', 'rebuild'].includes(command) || archive === '' || plain.length > 2)
    throw new ImageError('bad-operation', USAGE)
  return { command, archive, options }
}
