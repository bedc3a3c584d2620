/** The engines that are asked, each with the rules that must have foreseen it. */
import type { EngineId } from '../../src/core/engine/engine'
import type { Containerd } from './containerd'
import type { Docker } from './dockerd'
import { here, type Place } from './place'
import { ctrTakes, dockerTakes, podmanTakes, skopeoTakes, umociTakes, type Taken } from './takes'

export interface Asked {
  /** "podman 4.3.1" */
  readonly title: string
  readonly rules: EngineId
  take(tar: string): Taken
  /** Of an image that it has just taken: its root filesystem as a tar. */
  rootfs?(image: string): string
}

const major = (version: string): number => parseInt(version, 10)

/** 20.10 to 22 know no zstd; from 29 on the v1 form is gone. */
export function classicDocker(docker: Docker): Asked {
  const number = major(docker.version)
  const rules = number < 23 ? 'docker-20' : number < 29 ? 'docker-23' : 'docker-29'
  return { title: `docker ${docker.version}`, rules, ...asked(docker) }
}

const asked = (docker: Docker): Pick<Asked, 'take' | 'rootfs'> => ({
  take: (tar) => dockerTakes(docker, tar),
  rootfs: (image) => docker.exportRootfs(image),
})

export function dockerWithContainerd(docker: Docker): Asked {
  const title = `docker ${docker.version} ctrd`
  return { title, rules: 'docker-containerd', ...asked(docker) }
}

export function ctr(containerd: Containerd): Asked {
  const rules = major(containerd.version) < 2 ? 'ctr-1' : 'ctr-2'
  return { title: `ctr ${containerd.version}`, rules, take: (tar) => ctrTakes(containerd, tar) }
}

/** What needs no daemon, of that place. */
export function withoutDaemon(place: Place = here): Asked[] {
  const versions = Object.fromEntries(
    ['podman', 'skopeo', 'umoci'].map((program) => [program, versionIn(place, program)]),
  )
  const { podman, skopeo, umoci } = versions
  const asked: Asked[] = []
  if (podman)
    asked.push({
      title: `podman ${podman}`,
      rules: major(podman) < 5 ? 'podman-4' : 'podman-5',
      take: (tar) => podmanTakes(place, tar),
    })
  if (skopeo) {
    const old = skopeo.startsWith('1.') && Number(skopeo.split('.')[1]) < 10
    asked.push({
      title: `skopeo ${skopeo} docker`,
      rules: old ? 'skopeo-docker-1.9' : 'skopeo-docker',
      take: (tar) => skopeoTakes(place, tar, 'docker-archive'),
    })
    const oci = `skopeo ${skopeo} oci`
    asked.push({ title: oci, rules: 'skopeo-oci', take: (tar) => skopeoTakes(place, tar, 'oci-archive') })
  }
  if (umoci)
    asked.push({
      title: `umoci ${umoci}`,
      rules: umoci.startsWith('0.4') ? 'umoci-0.4' : 'umoci-0.6',
      take: (tar) => umociTakes(place, tar),
    })
  return asked
}

export function versionIn(place: Place, program: string): string | null {
  const { ok, stdout } = place.run(program, ['--version'])
  return ok ? (/\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] ?? '?') : null
}
