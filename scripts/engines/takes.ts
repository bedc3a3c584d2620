/** What engines do with an archive as it is, each asked with an empty store, in words that rules can foresee. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { complaint, type Result } from './command'
import type { Containerd } from './containerd'
import type { Docker } from './dockerd'
import { withPodman } from './others'
import type { Place } from './place'

export interface TakenImage {
  /** As the engine itself lists it; none for an image without a name. */
  readonly names: readonly string[]
  /** As the engine prints it; null where it has none (umoci). */
  readonly id: string | null
}

export interface Taken {
  readonly ok: boolean
  readonly images: readonly TakenImage[]
  /** All it said. */
  readonly words: string
  /** Names that it lists, and does not find an image under. */
  readonly lost?: readonly string[]
}

function taken(result: Result, images: readonly TakenImage[]): Taken {
  const words = `${result.stderr}\n${result.stdout}`
  return result.ok
    ? { ok: true, images, words }
    : { ok: false, images, words: `${complaint(result)}\n${words}` }
}

/** One image an ID, with all names that lead to it. */
function grouped(pairs: readonly { readonly name: string | null; readonly id: string }[]): TakenImage[] {
  const names = new Map<string, string[]>()
  for (const { name, id } of pairs)
    names.set(id, [...(names.get(id) ?? []), ...(name === null ? [] : [name])])
  return [...names]
    .map(([id, all]) => ({ id, names: [...new Set(all)].sort() }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

export function dockerTakes(docker: Docker, tar: string): Taken {
  docker.wipe()
  const loaded = docker.load(tar)
  const listed = docker.listed()
  const lost = listed.filter(({ name }) => name !== null && !docker.finds(name)).map(({ name }) => name!)
  return { ...taken(loaded, grouped(listed)), lost }
}

export function ctrTakes(containerd: Containerd, tar: string): Taken {
  containerd.wipe()
  const loaded = containerd.load(tar)
  return taken(loaded, grouped(containerd.images()))
}

export function podmanTakes(place: Place, tar: string): Taken {
  return withPodman(place, (podman) => {
    const loaded = podman('load', '-q', '-i', place.path(tar))
    const listed = podman('images', '-a', '--no-trunc', '--format', '{{.ID}} {{.Repository}}:{{.Tag}}')
    const pairs = listed.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' '))
      .map(([id, name]) => ({ id, name: name.startsWith('<none>') ? null : name }))
    return taken(loaded, grouped(pairs))
  })
}

/** Copied into a folder, which reads and hashes every blob; the ID is the config's. */
export function skopeoTakes(place: Place, tar: string, kind: 'docker-archive' | 'oci-archive'): Taken {
  return place.withFolder((folder, outside) => {
    const source = `${kind}:${place.path(tar)}`
    const copied = place.run('skopeo', [
      ...['--insecure-policy', '--tmpdir', folder, 'copy', '-q'],
      ...[source, `dir:${folder}/out`],
    ])
    if (!copied.ok) return taken(copied, [])
    const manifest = JSON.parse(readFileSync(join(outside, 'out', 'manifest.json'), 'utf8')) as {
      config?: { digest: string }
    }
    return taken(copied, [{ names: [], id: manifest.config?.digest ?? null }])
  })
}

/** Every name of the layout unpacked as root, which reads and hashes every blob on its way. */
export function umociTakes(place: Place, tar: string): Taken {
  return place.withFolder((folder, outside) => {
    const layout = `${folder}/layout`
    const untarred = place.run('sh', [
      '-c',
      `mkdir "$1" && tar -C "$1" -xf "$2"`,
      'sh',
      layout,
      place.path(tar),
    ])
    if (!untarred.ok) return taken(untarred, [])
    const listed = place.run('umoci', ['ls', '--layout', layout])
    if (!listed.ok) return taken(listed, [])
    const names = listed.stdout.split('\n').filter(Boolean)
    for (const [i, name] of names.entries()) {
      const unpacked = place.run('umoci', [
        'raw',
        'unpack',
        '--image',
        `${layout}:${name}`,
        `${folder}/rootfs${i}`,
      ])
      if (!unpacked.ok) return taken(unpacked, [])
    }
    const images = [...names].sort().map((name) => ({ names: [name], id: null }))
    return { ok: true, images, words: `${readdirSync(outside).length - 1} unpacked` }
  })
}
