/**
 * Newer engines than this machine's: Debian suites, each in a chroot under its own mount and pid namespaces, kept from
 * run to run. In each run docker with its classic store and with the containerd store, and a containerd for ctr;
 * podman, skopeo and umoci need no daemon. scripts/engines/modern.sh brings them up, and takes down only those.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../../src/testkit/corpus'
import { command, complaint } from './command'
import { Containerd } from './containerd'
import { Docker } from './dockerd'
import { classicDocker, ctr, dockerWithContainerd, withoutDaemon, type Asked } from './fleet'
import { chrooted } from './place'
import { prove, skip } from './table'

/** Where the chroots are kept. */
const HOME = process.env.PEEL_CHROOTS ?? join(tmpdir(), 'peel-chroots')
const SUITES = (process.env.PEEL_SUITES ?? 'trixie sid').split(' ').filter(Boolean)

export async function withModern(job: (fleet: readonly Asked[]) => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) {
    skip('modern', SUITES.join(' '), 'chroots and namespaces need root')
    return
  }
  for (const suite of SUITES) {
    const script = join(root, 'scripts/engines/modern.sh')
    const up = command('sh', [script, 'up', HOME, suite], { seconds: 1500 })
    if (!up.ok) {
      skip('modern', suite, complaint(up))
      continue
    }
    try {
      let fleet: Asked[] = []
      await prove('modern', suite, () => {
        fleet = fleetOf(suite)
        return { words: fleet.map(({ title }) => title).join(', ') }
      })
      await job(fleet)
    } finally {
      command('sh', [script, 'down', HOME, suite])
    }
  }
}

function fleetOf(suite: string): Asked[] {
  const chroot = join(HOME, suite)
  const holder = readFileSync(join(HOME, `${suite}.pid`), 'utf8').trim()
  const child = readFileSync(`/proc/${holder}/task/${holder}/children`, 'utf8').trim().split(' ')[0]
  const place = chrooted(suite, Number(child), chroot)
  const folder = join(HOME, 'files')
  mkdirSync(folder, { recursive: true })
  const docker = (store: string): Docker => new Docker(`unix://${chroot}/w/${store}/docker.sock`, folder)
  return [
    classicDocker(docker('classic')),
    dockerWithContainerd(docker('cstore')),
    ctr(new Containerd('/w/ctrd/containerd.sock', place)),
    ...withoutDaemon(place),
  ]
}
