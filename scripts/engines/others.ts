/** Engines and tools without a daemon: podman, skopeo, umoci. Each with a store of its own in a folder that goes away. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { command, complaint, outputOf, type Result } from './command'
import { here, type Place } from './place'

export interface Verdict {
  readonly ok: boolean
  readonly words: string
  readonly name?: string
  readonly id?: string
}

const refused = (result: Result): Verdict => ({ ok: false, words: complaint(result) })

export function withFolder<T>(job: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'peel-engine-'))
  try {
    return job(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function versionOf(program: string): string | null {
  const { ok, stdout } = command(program, ['--version'])
  return ok ? (/\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] ?? '?') : null
}

type Podman = (...args: readonly string[]) => Result

/** podman with a store of its own. */
export function withPodman<T>(place: Place, job: (podman: Podman) => T): T {
  return place.withFolder((folder) => {
    const at = (name: string): string => join(folder, name)
    const driver = place.hasOverlay() ? 'overlay' : 'vfs'
    const podman: Podman = (...args) =>
      place.run(
        'podman',
        [
          ...['--root', at('root'), '--runroot', at('run'), '--tmpdir', at('tmp')],
          // runc, since Debian's crun refuses some cgroup set-ups.
          ...['--storage-driver', driver, '--events-backend', 'none', '--cgroup-manager', 'cgroupfs'],
          ...['--runtime', 'runc', '--log-level', 'error', ...args],
        ],
        { env: { PODMAN_IGNORE_CGROUPSV1_WARNING: '1' } },
      )
    try {
      return job(podman)
    } finally {
      // Its own folder, laid over itself.
      place.run('umount', ['--quiet', at('root/overlay')])
    }
  })
}

/** Loads into an empty podman store, and runs `args` in a container where some are given. */
export function podmanTakes(tar: string, args: readonly string[] | null): Verdict {
  return withPodman(here, (podman) => {
    const loaded = podman('load', '-i', tar)
    if (!loaded.ok) return refused(loaded)
    const name = /^Loaded images?(?:\(s\))?: *(\S+?),?$/m.exec(loaded.stdout)?.[1] ?? ''
    const inspected = podman('image', 'inspect', '-f', '{{.Id}}', name)
    if (!inspected.ok) return refused(inspected)
    const id = `sha256:${inspected.stdout.trim().replace(/^sha256:/, '')}`
    if (!args) return { ok: true, words: 'loaded', name, id }
    // podman asks for limits of its own that are higher than what a container around it may set.
    const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024']
    const ran = podman('run', '--rm', '--pull', 'never', '--network', 'none', ...limits, name, ...args)
    return ran.ok ? { ok: true, words: ran.stdout.split('\n')[0], name, id } : { ...refused(ran), name, id }
  })
}

/** Copies into a folder, which reads and hashes every blob. `kind`: how skopeo is told to look at the archive. */
export function skopeoTakes(tar: string, kind: 'docker-archive' | 'oci-archive'): Verdict {
  return withFolder((folder) => {
    mkdirSync(join(folder, 'tmp'))
    const skopeo = (...args: readonly string[]): Result =>
      command('skopeo', ['--insecure-policy', '--tmpdir', join(folder, 'tmp'), ...args])
    // Without a name where there is one image; by its place where there are more, which oci-archive does not know.
    const source = [`${kind}:${tar}`, `${kind}:${tar}:@0`].find(
      (one) => skopeo('inspect', '--config', '--raw', one).ok,
    )
    if (!source) return refused(skopeo('inspect', `${kind}:${tar}`))
    const copied = skopeo('copy', '-q', source, `dir:${join(folder, 'out')}`)
    if (!copied.ok) return refused(copied)
    const blobs = readdirSync(join(folder, 'out')).filter((name) => /^[0-9a-f]{64}$/.test(name))
    return { ok: true, words: `${blobs.length} blobs copied, every digest checked` }
  })
}

/** Unpacks the layout's first name, which checks every blob on its way. */
export function umociTakes(tar: string): Verdict {
  return withFolder((folder) => {
    const layout = join(folder, 'layout')
    mkdirSync(layout)
    outputOf('tar', ['-C', layout, '-xf', tar])
    const listed = command('umoci', ['ls', '--layout', layout])
    if (!listed.ok) return refused(listed)
    const [name] = listed.stdout.trim().split('\n')
    if (!name) return { ok: false, words: 'no org.opencontainers.image.ref.name in index.json' }
    const unpacked = command('umoci', ['unpack', '--image', `${layout}:${name}`, join(folder, 'bundle')])
    if (!unpacked.ok) return refused(unpacked)
    return { ok: true, words: `unpacked ${name}`, name }
  })
}
