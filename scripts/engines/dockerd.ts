/** A docker daemon of our own, for as long as a job lasts: own data, own socket, no network. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { command, outputOf, type Result } from './command'
import { whyNoDaemon, withDaemon, type Daemon } from './daemon'

export interface Loaded extends Result {
  /** NAME:TAG of each image that the daemon says it loaded. */
  readonly names: readonly string[]
  /** "sha256:…" of images that it loaded without a name. */
  readonly ids: readonly string[]
}

export interface Inspected {
  readonly Id: string
  readonly RepoTags: readonly string[]
  readonly Size: number
  readonly Architecture: string
  readonly Os: string
  readonly Config: { readonly [field: string]: unknown }
  readonly RootFS: { readonly Layers?: readonly string[] }
}

export class Docker {
  readonly version: string
  readonly host: string
  readonly #folder: string
  #files = 0
  constructor(host: string, folder: string) {
    this.host = host
    this.#folder = folder
    this.version = this.#out('version', '-f', '{{.Server.Version}}').trim().replace(/\+.*/, '')
  }
  call(...args: readonly string[]): Result {
    return command('docker', ['-H', this.host, ...args])
  }
  #out(...args: readonly string[]): string {
    return outputOf('docker', ['-H', this.host, ...args])
  }
  #file(ending: string): string {
    return join(this.#folder, `${++this.#files}.${ending}`)
  }
  load(tar: string): Loaded {
    const result = this.call('load', '-i', tar)
    const said = (pattern: RegExp): string[] => [...result.stdout.matchAll(pattern)].map((match) => match[1])
    const loaded = { names: said(/^Loaded image: *(\S+)/gm), ids: said(/^Loaded image ID: *(\S+)/gm) }
    // The containerd store exits 0 and says "Error unpacking" for an archive that will not run.
    const ok = result.ok && !/error unpacking/i.test(result.stdout + result.stderr)
    return { ...result, ok, ...loaded }
  }
  run(image: string, args: readonly string[], options: readonly string[] = []): Result {
    return this.call('run', '--rm', '--pull', 'never', '--network', 'none', ...options, image, ...args)
  }
  /** Starts the image as it is meant to start, runs `probe` inside until it succeeds, and takes the container away. */
  async serve(image: string, probe: readonly string[], seconds = 20): Promise<Result> {
    const id = this.#out('run', '-d', '--pull', 'never', '--network', 'none', image).trim()
    try {
      for (let tries = seconds * 2; ; tries--) {
        const result = this.call('exec', id, ...probe)
        if (result.ok || tries === 0) return result
        await sleep(500)
      }
    } finally {
      this.call('rm', '-f', id)
    }
  }
  /** Newest first, as docker prints it. */
  history(
    image: string,
  ): readonly { readonly CreatedBy: string; readonly Size: string; readonly Comment: string }[] {
    const lines = this.#out('history', '--no-trunc', '--format', '{{json .}}', image).trim().split('\n')
    return lines.map((line) => JSON.parse(line) as { CreatedBy: string; Size: string; Comment: string })
  }
  inspect(image: string): Inspected {
    return (JSON.parse(this.#out('image', 'inspect', image)) as Inspected[])[0]
  }
  /** The root filesystem of a container of it, never started, as a tar. */
  exportRootfs(image: string): string {
    // A command is needed even for an image without one, and is never run.
    const id = this.#out('create', '--pull', 'never', '--network', 'none', image, '/nothing').trim()
    const tar = this.#file('rootfs.tar')
    try {
      this.#out('export', '-o', tar, id)
    } finally {
      this.call('rm', '-f', id)
    }
    return tar
  }
  /** NAME:TAG of every image in the store. */
  names(): readonly string[] {
    return this.#out('images', '--format', '{{.Repository}}:{{.Tag}}').split('\n').filter(Boolean)
  }
  /** Every image in the store, one line a name; without one where it has none. */
  listed(): readonly { readonly id: string; readonly name: string | null }[] {
    return this.#out('images', '--no-trunc', '--format', '{{.ID}} {{.Repository}}:{{.Tag}}')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' '))
      .map(([id, name]) => ({ id, name: name.includes('<none>') ? null : name }))
  }
  /** A context with its Dockerfile, as a tar, by the builder that the daemon itself has. */
  build(context: string, tag: string): Result {
    const args = ['-H', this.host, 'build', '--network', 'none', '--tag', tag, '-']
    const pipe = `DOCKER_BUILDKIT=0 docker "$@" < "$0"`
    return command('sh', ['-c', pipe, context, ...args])
  }
  /** Whether docker finds it again under that name. */
  finds(name: string): boolean {
    return this.call('image', 'inspect', name).ok
  }
  save(image: string): string {
    const tar = this.#file('save.tar')
    this.#out('save', '-o', tar, image)
    return tar
  }
  /** No container, no image, no layer: an engine does not read again a layer that it has. */
  wipe(): void {
    const containers = this.#out('ps', '-aq').split('\n').filter(Boolean)
    if (containers.length > 0) this.call('rm', '-f', ...containers)
    const images = [...new Set(this.#out('images', '-aq', '--no-trunc').split('\n').filter(Boolean))]
    if (images.length > 0) this.call('rmi', '-f', ...images)
    this.call('image', 'prune', '-af')
    const left = this.#out('images', '-aq').trim()
    if (left !== '') throw new Error(`docker keeps images: ${left}`)
  }
}

/** Why no daemon can be started here, or null. */
export function whyNoDockerd(): string | null {
  return whyNoDaemon('a docker daemon', ['dockerd', 'docker'], 'docker.io')
}

/**
 * overlay2 unpacks each layer alone and leaves merging to the kernel, as nearly every docker does; vfs needs nothing of the
 * kernel, and unpacks each layer onto those below.
 */
export type Driver = 'overlay2' | 'vfs'

export function withDockerd<T>(driver: Driver, job: (docker: Docker) => Promise<T>): Promise<T> {
  const hostIn = (folder: string): string => `unix://${join(folder, 'docker.sock')}`
  const daemon: Daemon = {
    program: 'dockerd',
    args: (folder) => [
      ...['--storage-driver', driver, '--iptables=false', '--ip6tables=false', '--bridge=none'],
      ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
      ...['--pidfile', join(folder, 'pid'), '-H', hostIn(folder)],
    ],
    answers: (folder) => command('docker', ['-H', hostIn(folder), 'version'], { seconds: 10 }).ok,
  }
  return withDaemon(daemon, async (folder) => {
    const docker = new Docker(hostIn(folder), folder)
    try {
      return await job(docker)
    } finally {
      const containers = docker.call('ps', '-aq').stdout.split('\n').filter(Boolean)
      if (containers.length > 0) docker.call('rm', '-f', ...containers)
    }
  })
}
