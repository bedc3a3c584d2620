/** A containerd of our own for `ctr images import`: own root, own socket, no CRI. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command, complaint, type Result } from './command'
import { whyNoDaemon, withDaemon, type Daemon } from './daemon'
import { here, type Place } from './place'

export interface StoredImage {
  readonly name: string
  /** Digest of the target: a manifest, or an index. */
  readonly id: string
}

export class Containerd {
  readonly version: string
  readonly #socket: string
  readonly #place: Place
  constructor(socket: string, place: Place = here) {
    this.#socket = socket
    this.#place = place
    this.version = /Server:\s+Version:\s+v?(\d+\.\d+\.\d+)/.exec(this.#out('version'))?.[1] ?? '?'
  }
  get #snapshotter(): readonly string[] {
    return this.#place.hasOverlay() || !this.version.startsWith('1.') ? [] : ['--snapshotter', 'native']
  }
  call(...args: readonly string[]): Result {
    return this.#place.run('ctr', ['-a', this.#socket, '-n', 'peel', ...args])
  }
  #out(...args: readonly string[]): string {
    const result = this.call(...args)
    if (!result.ok) throw new Error(`ctr ${args.join(' ')}: ${complaint(result)}`)
    return result.stdout
  }
  /** Its default snapshotter is overlayfs; where the kernel has none, the native one, which containerd 2 does not unpack with. */
  load(tar: string, ...options: readonly string[]): Result {
    return this.call('images', 'import', ...this.#snapshotter, ...options, this.#place.path(tar))
  }
  images(): readonly StoredImage[] {
    return this.#out('images', 'ls')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([name]) => name)
      .map(([name, , id]) => ({ name, id }))
  }
  /** No image and no content: both would be found again instead of being read. */
  wipe(): void {
    for (const name of this.#out('images', 'ls', '-q').split('\n').filter(Boolean))
      this.call('images', 'rm', '--sync', name)
    const content = this.#out('content', 'ls', '-q').split('\n').filter(Boolean)
    if (content.length > 0) this.call('content', 'rm', ...content)
    for (const key of this.#snapshots()) this.#snapshot('rm', key)
  }
  #snapshot(...args: readonly string[]): Result {
    return this.call('snapshots', ...this.#snapshotter, ...args)
  }
  /** Keys of all snapshots, none before those that stand on it. */
  #snapshots(): readonly string[] {
    const lines = this.#snapshot('ls').stdout.split('\n').slice(1)
    const parents = new Map<string, string>()
    for (const line of lines) {
      const [key, parent] = line.trim().split(/\s+/)
      if (key) parents.set(key, parent)
    }
    const depth = (key: string): number => {
      const parent = parents.get(key)
      return parent !== undefined && parents.has(parent) ? 1 + depth(parent) : 0
    }
    return [...parents.keys()].sort((one, other) => depth(other) - depth(one))
  }
}

/** Why no containerd can be started here, or null. */
export function whyNoContainerd(): string | null {
  return whyNoDaemon('a containerd', ['containerd', 'ctr'], 'containerd')
}

export function withContainerd<T>(job: (containerd: Containerd) => Promise<T>): Promise<T> {
  const socketIn = (folder: string): string => join(folder, 'containerd.sock')
  const daemon: Daemon = {
    program: 'containerd',
    args: (folder) => {
      const config = join(folder, 'config.toml')
      writeFileSync(
        config,
        `version = 2\nroot = "${folder}/root"\nstate = "${folder}/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "${socketIn(folder)}"\n`,
      )
      return ['--config', config]
    },
    answers: (folder) => command('ctr', ['-a', socketIn(folder), 'version'], { seconds: 10 }).ok,
  }
  return withDaemon(daemon, (folder) => job(new Containerd(socketIn(folder))))
}
