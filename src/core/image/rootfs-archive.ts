/** A plain root filesystem, as `docker export` writes it: an image of one layer that says nothing about itself. */
import { utf8 } from '../bytes/text'
import type { Bytes } from '../bytes/source'
import type { DiffId } from '../digest/digest'
import type { Notices } from '../fault/notice'
import type { LayerClaim } from './assemble'
import type { PlainDigest } from './legacy'
import type { Member, Members } from './members'
import type { Draft } from './merge'

/** Folders of which a root filesystem has at least one (FHS 3.0, chapter 3); `.dockerenv` is docker export's own mark. */
const ROOTS = new Set([
  'bin',
  'boot',
  'dev',
  'etc',
  'home',
  'lib',
  'lib64',
  'opt',
  'proc',
  'root',
  'run',
  'sbin',
  'srv',
  'sys',
  'tmp',
  'usr',
  'var',
  '.dockerenv',
])

export function looksLikeRootfs(members: Members): boolean {
  return members.list.some(({ path }) => ROOTS.has(path.split('/', 1)[0]))
}

const MACHINES: Record<number, string> = {
  0x3e: 'amd64',
  0xb7: 'arm64',
  0x28: 'arm',
  0x03: '386',
  0xf3: 'riscv64',
  0x15: 'ppc64le',
  0x16: 's390x',
  0x102: 'loong64',
}

/** Architecture of the first program found, in Go's words; null where there is none to ask. */
async function architectureOf(members: Members): Promise<string | null> {
  const places = /^(usr\/)?(s?bin|lib(32|64)?)\/|^[^/]+$/
  let asked = 0
  for (const member of members.list) {
    if (member.size < 64 || !places.test(member.path) || asked++ > 50) continue
    const head = await members.body(member).read(0, 20)
    if (head[0] !== 0x7f || head[1] !== 0x45 || head[2] !== 0x4c || head[3] !== 0x46) continue
    const bigEndian = head[5] === 2
    const machine = bigEndian ? head[18] * 256 + head[19] : head[18] + head[19] * 256
    if (MACHINES[machine]) return MACHINES[machine]
  }
  return null
}

/** The least config that engines take. No clock: the same tar gives the same image ID. */
function configFor(diffId: DiffId, architecture: string): Bytes {
  return utf8(
    JSON.stringify({
      architecture,
      config: {},
      created: '1970-01-01T00:00:00Z',
      history: [
        { created: '1970-01-01T00:00:00Z', created_by: 'root filesystem tar', comment: 'opened by peel' },
      ],
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [diffId] },
    }),
  )
}

/** The whole tar as the one layer of an image; that it is one is said. */
export async function rootfsDraft(members: Members, digestOf: PlainDigest, notices: Notices): Promise<Draft> {
  const { source } = members
  const architecture = await architectureOf(members)
  if (!architecture)
    notices.add(
      'info',
      'rootfs-architecture',
      'No program tells which architecture this root filesystem is for; amd64 is assumed.',
    )
  const whole: Member = {
    index: -1,
    path: '',
    type: 0,
    link: '',
    size: source.size,
    headerAt: 0,
    bodyAt: 0,
    endsAt: source.size,
  }
  const claim: LayerClaim = { member: whole, descriptor: null, name: 'the archive itself' }
  notices.add(
    'info',
    'rootfs-only',
    'This is a root filesystem without a config; it is shown as an image of one layer. Exporting makes an image of it.',
  )
  return {
    tags: [],
    configBytes: configFor(await digestOf(source), architecture ?? 'amd64'),
    configMember: null,
    manifest: null,
    dockerLine: null,
    claims: [claim],
  }
}
