/** A containerd of our own for `ctr images import`: own root, own socket, no CRI. Only what was started here is stopped. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { command, complaint, type Result } from './command'
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
  call(...args: readonly string[]): Result {
    return this.#place.run('ctr', ['-a', this.#socket, '-n', 'peel', ...args])
  }
  #out(...args: readonly string[]): string {
    const result = this.call(...args)
    if (!result.ok) throw new Error(`ctr ${args.join(' ')}: ${complaint(result)}`)
    return result.stdout
  }
  /** The native snapshotter, since it needs nothing of the kernel; containerd 2 unpacks with its own default only. */
  load(tar: string, ...options: readonly string[]): Result {
    const snapshotter = this.version.startsWith('1.') ? ['--snapshotter', 'native'] : []
    return this.call('images', 'import', ...snapshotter, ...options, this.#place.path(tar))
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
    const snapshotter = this.version.startsWith('1.') ? ['--snapshotter', 'native'] : []
    return this.call('snapshots', ...snapshotter, ...args)
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
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'a containerd of our own needs Linux and root'
  for (const program of ['containerd', 'ctr'])
    if (!command(program, ['--version']).ok) return `${program} is not installed (Debian: containerd)`
  return null
}

export async function withContainerd<T>(job: (containerd: Containerd) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'peel-containerd-'))
  const socket = join(folder, 'containerd.sock')
  const config = join(folder, 'config.toml')
  const log = join(folder, 'log')
  writeFileSync(
    config,
    `version = 2\nroot = "${folder}/root"\nstate = "${folder}/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "${socket}"\n`,
  )
  const output = openSync(log, 'w')
  const daemon = spawn('containerd', ['--config', config], { stdio: ['ignore', output, output] })
  closeSync(output)
  const stopNow = (): void => void daemon.kill('SIGTERM')
  process.once('exit', stopNow)
  try {
    await ready(daemon, socket, log)
    return await job(new Containerd(socket))
  } finally {
    process.off('exit', stopNow)
    await stop(daemon)
    const mounts = readFileSync('/proc/self/mounts', 'utf8')
    if (mounts.includes(` ${folder}/`)) console.error(`${folder} stays: something is mounted in it.`)
    else rmSync(folder, { recursive: true, force: true })
  }
}

async function ready(daemon: ChildProcess, socket: string, log: string): Promise<void> {
  for (let tries = 0; tries < 150 && daemon.exitCode === null; tries++) {
    if (command('ctr', ['-a', socket, 'version'], { seconds: 10 }).ok) return
    await sleep(200)
  }
  const said = readFileSync(log, 'utf8')
  throw new Error(`containerd does not start: ${complaint({ ok: false, stdout: said, stderr: '' })}`)
}

async function stop(daemon: ChildProcess): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    daemon.kill(signal)
    for (let left = 100; left > 0; left--) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) return
      await sleep(100)
    }
  }
}
