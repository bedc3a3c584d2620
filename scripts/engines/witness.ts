/** What outside tools say about a tar: GNU tar, Python's tarfile, sha256sum. Used by the engines and by e2e. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { root } from '../../src/testkit/corpus'
import { command, outputOf } from './command'

/** One path of a root filesystem, as scripts/engines/union.py prints it. */
export interface Seen {
  readonly type: string
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly mtime?: number
  readonly size?: number
  readonly sha256?: string
  readonly link?: string
  readonly device?: string
  readonly xattrs?: Readonly<Record<string, string>>
  readonly names?: readonly string[]
  readonly missing?: true
}

export interface SeenImage {
  readonly id: string
  readonly tags: readonly string[]
  readonly config: {
    readonly config?: Readonly<Record<string, unknown>>
    readonly history?: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[]
    readonly [field: string]: unknown
  }
  /** Digests of the plain layers, computed. */
  readonly layers: readonly string[]
  readonly entries: Readonly<Record<string, Seen>>
}

const python = (...args: readonly string[]): unknown =>
  JSON.parse(outputOf('python3', [join(root, 'scripts/engines/union.py'), ...args]))

/** An image, its layers united by Python's tarfile. */
export const unionOf = (archive: string, image = 0): SeenImage => python(archive, String(image)) as SeenImage

/** The entries of a root filesystem tar. */
export const rootfsOf = (tar: string): SeenImage['entries'] => (python('--rootfs', tar) as SeenImage).entries

/** Names of the members, as GNU tar lists them. */
export function namesIn(tar: string): readonly string[] {
  return outputOf('tar', ['--list', '--file', tar], { env: { LC_ALL: 'C' } })
    .split('\n')
    .filter(Boolean)
}

export function memberOf(tar: string, path: string): string {
  return outputOf('tar', ['--extract', '--to-stdout', '--file', tar, path])
}

/** Blobs of an archive whose bytes are not what they are called, by sha256sum. Empty: all is well. */
export function wrongBlobs(tar: string): readonly string[] {
  return namesIn(tar)
    .filter((name) => /(^|\/)blobs\/sha256\/[0-9a-f]{64}$/.test(name))
    .filter((name) => {
      const pipe = `set -o pipefail; tar --extract --to-stdout --file "$1" "$2" | sha256sum`
      const { ok, stdout } = command('bash', ['-c', pipe, 'bash', tar, name])
      return !ok || stdout.slice(0, 64) !== name.slice(-64)
    })
}

export const sha256Of = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex')

/** Where two root filesystems differ, one line for each path; `ignored` paths are not looked at. */
export function differences(
  due: SeenImage['entries'],
  there: SeenImage['entries'],
  { ignored = () => false }: { readonly ignored?: (path: string, field: string) => boolean } = {},
): readonly string[] {
  const lines: string[] = []
  for (const path of new Set([...Object.keys(due), ...Object.keys(there)])) {
    const [one, other] = [due[path], there[path]]
    if (ignored(path, '')) continue
    if (!one || !other) lines.push(`${path}: ${one ? 'is not there' : 'should not be there'}`)
    // A parent that no layer lists has whatever attributes the engine gives it.
    else if (!one.missing && !other.missing)
      for (const field of new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof Seen>)
        if (!ignored(path, field) && JSON.stringify(one[field]) !== JSON.stringify(other[field]))
          lines.push(
            `${path}: ${field} is ${JSON.stringify(other[field])}, not ${JSON.stringify(one[field])}`,
          )
  }
  return lines.sort()
}

/** Paths that docker makes in every container, and folders whose dates change thereby. */
const MADE_BY_DOCKER =
  /^(\.dockerenv|dev|dev\/(console|pts|shm)|proc|sys|etc\/(hosts|hostname|resolv\.conf|mtab))$/

export function ignoreDockers(path: string, field: string): boolean {
  return MADE_BY_DOCKER.test(path) || (field === 'mtime' && path === 'etc')
}
