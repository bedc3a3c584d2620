/** Peel at a terminal, and its tree in the words of the witnesses. */
import { join } from 'node:path'
import { root } from '../../src/testkit/corpus'
import { command, complaint, type Result } from './command'
import type { Seen, SeenImage } from './witness'

export function peel(...args: readonly string[]): Result {
  return command(process.execPath, [join(root, 'scripts/peel.mjs'), ...args], { cwd: root })
}

interface PeelFile extends Omit<Seen, 'mode'> {
  readonly path: string
  readonly layer: number | null
  readonly mode?: string
}

const trees = new Map<string, SeenImage['entries'][]>()

/** The final root filesystem of an image as Peel shows it: `peel inspect --files`, asked once an archive; `anew` where another has taken its place. */
export function treeOf(tar: string, image = 0, anew = false): SeenImage['entries'] {
  const known = (anew ? null : trees.get(tar)) ?? readTrees(tar)
  trees.set(tar, known)
  return known[image]
}

function readTrees(tar: string): SeenImage['entries'][] {
  const said = peel('inspect', tar, '--json', '--files')
  if (!said.stdout.startsWith('{')) throw new Error(`peel inspect: ${complaint(said)}`)
  const { images } = JSON.parse(said.stdout) as { images: readonly { readonly files: PeelFile[] }[] }
  return images.map(({ files }) =>
    Object.fromEntries(files.map((file) => [inPython(file.path.slice(1)), seenAs(file)])),
  )
}

/** A name as union.py prints it: bytes that are not UTF-8 escaped as here, all others as they are. */
function inPython(name: string): string {
  return name.replace(/\\(?:x([0-9a-f]{2})|\\)/g, (escape, hex?: string) => {
    if (hex === undefined) return '\\'
    const byte = parseInt(hex, 16)
    return byte < 0x80 ? String.fromCharCode(byte) : escape
  })
}

/** Hard links are names of one file to docker export, which writes another of them as the file. */
function seenAs({ path: _, layer, mode, ...file }: PeelFile): Seen {
  const type = file.type === 'hardlink' && file.sha256 !== undefined ? 'file' : file.type
  const link = file.link === undefined ? undefined : inPython(file.link)
  const seen = compared({ ...file, type, mode: parseInt(String(mode), 8), link })
  return layer === null ? { ...seen, missing: true } : seen
}

/** What a root filesystem read back from an engine can be asked for: times in whole seconds, sizes of files only. */
export function compared({ type, mode, uid, gid, mtime, size, sha256, link }: Seen): Seen {
  const common = { type, mode, uid, gid, mtime: Math.floor(mtime ?? 0) }
  if (type === 'file') return { ...common, size, sha256 }
  return type === 'symlink' ? { ...common, link } : common
}

export function comparedAll(entries: SeenImage['entries']): SeenImage['entries'] {
  return Object.fromEntries(Object.entries(entries).map(([path, entry]) => [path, compared(entry)]))
}
