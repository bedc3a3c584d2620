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
  peel rules ARCHIVE [--json] [--no-verify]
      what docker, ctr, podman, skopeo and umoci do with the archive as it is: load it under which names and image ID,
      load it otherwise than one would think, or fail with which message; and the way out of it
      exit 0: every engine takes it; 1: some refuse it; 2: it is no archive
  peel rebuild ARCHIVE -o OUT [--recipe R.json] [--tag NAME:TAG] [--image WHICH [--alone]] [--dry-run]
               [--build add|rewrite|squash|flatten] [--from LAYER] [--onto ARCHIVE [--replace N]]
               [--format docker|oci|rootfs|context|unpacked|zip|delta] [--base ARCHIVE] [--gzip] [--epoch SECONDS]
      the archive with a recipe's changes
      add       the changes are one more layer
      rewrite   the same, and what is removed is taken out of the layers below
      squash    layers from --from on (else all) become one with the changes
      flatten   all becomes one layer, FROM scratch
      docker    a tar that docker load, ctr, podman and skopeo take; oci: an OCI layout alone
      rootfs    the root filesystem alone; context: a Dockerfile with what it needs
      unpacked  LAYER_0.tar and further, with the documents in metadata/; zip: the same as a zip
      delta     as docker, without the layers of --base, for docker load (classic store) where that one is loaded
      --onto ARCHIVE puts the image onto the layers of that one, in place of its lowest N (as many as the two share)
      --image NUMBER, PLATFORM or NAME: of several images, which; the others come along unless --alone
      --dry-run says what happens to paths by moved, dropped and exchanged layers, size and IDs; nothing is written
      --gzip compresses new layers; --epoch: nothing that is written bears a later time`

const VALUED = new Set([
  'recipe',
  'build',
  'format',
  'base',
  'image',
  'onto',
  'replace',
  'tag',
  'from',
  'epoch',
  'o',
  'output',
])
const FLAGS = new Set(['json', 'files', 'no-verify', 'gzip', 'alone', 'dry-run', 'help'])

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
  if (!['inspect', 'rules', 'rebuild'].includes(command) || archive === '' || plain.length > 2)
    throw new ImageError('bad-operation', USAGE)
  return { command, archive, options }
}
