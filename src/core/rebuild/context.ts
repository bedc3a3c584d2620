/** A Dockerfile with its context: the image from scratch, or the edits on the image that they were made on. */
import { MemorySource, type ByteSource } from '../bytes/source'
import { nameText, sameBytes, utf8 } from '../bytes/text'
import type { ConfigEdit } from '../edit/config'
import type { ImageConfig } from '../image/documents'
import { fileMember, type ArchiveMember } from './archive'
import { instructionsOf } from './dockerfile'
import type { OpenContent } from './layer'
import type { PlannedEntry } from './plan'

/** FROM scratch: all files in one tar, the config as instructions. */
export function scratchContext(config: ImageConfig, rootfs: ByteSource): ArchiveMember[] {
  const lines = ['FROM scratch', 'ADD rootfs.tar /', ...instructionsOf(config.config ?? {})]
  return [dockerfile(lines), fileMember('rootfs.tar', rootfs)]
}

/** Entries of the layer of edits, by the way in which a Dockerfile brings them in. */
export interface SplitEdits {
  /** Absolute paths to be removed first. */
  readonly removed: readonly string[]
  /** Files that were written: one COPY each, so that a team finds them by name in its repository. */
  readonly copied: readonly PlannedEntry[]
  /** The rest, and what COPY would lose: directories with their attributes, links, devices, xattrs, odd names. One layer for all. */
  readonly unpacked: readonly PlannedEntry[]
}

const MARKER = utf8('.wh.')

export function splitEdits(layer: Iterable<PlannedEntry>): SplitEdits {
  const removed: string[] = []
  const copied: PlannedEntry[] = []
  const unpacked: PlannedEntry[] = []
  const entries = [...layer]
  const linked = new Set(entries.flatMap(({ linkTo }) => (linkTo ? [nameText(linkTo)] : [])))
  for (const planned of entries) {
    const slash = planned.path.lastIndexOf(0x2f) + 1
    if (sameBytes(planned.path.subarray(slash, slash + 4), MARKER)) {
      const parent = nameText(planned.path.subarray(0, slash))
      removed.push(`/${parent}${nameText(planned.path.subarray(slash + 4))}`)
    } else if (isPlain(planned, linked)) copied.push(planned)
    else unpacked.push(planned)
  }
  return { removed, copied, unpacked }
}

function isPlain({ path, entry, linkTo }: PlannedEntry, linked: ReadonlySet<string>): boolean {
  const name = nameText(path)
  return (
    linkTo === null &&
    entry.content?.from === 'stored' &&
    !linked.has(name) &&
    !entry.pax.some(({ key }) => key.includes('.xattr.')) &&
    /^[A-Za-z0-9_./+@,:=-]+$/.test(name)
  )
}

/** FROM the image: removals, then what COPY would lose as `edits.tar`, then a COPY for each file, then the config. */
export async function editsContext(
  from: string,
  { removed, copied, unpacked }: SplitEdits,
  editsTar: ByteSource,
  configLines: readonly string[],
  user: string,
  open: OpenContent,
): Promise<ArchiveMember[]> {
  const lines = [
    `FROM ${from}`,
    ...removals(removed, user),
    ...(unpacked.length > 0 ? ['ADD edits.tar /'] : []),
    ...copied.map(({ path, entry }) => copyLine(nameText(path), entry.uid, entry.gid)),
    ...configLines,
  ]
  const members = [dockerfile(lines)]
  if (unpacked.length > 0) members.push(fileMember('edits.tar', editsTar))
  for (const { path, entry } of copied)
    members.push({
      ...fileMember(`files/${nameText(path)}`, entry.content ? await open(entry.content) : null),
      mode: entry.mode,
      mtime: entry.mtime,
    })
  return members
}

/** As root, whatever user the image runs as. */
function removals(paths: readonly string[], user: string): string[] {
  if (paths.length === 0) return []
  const run = `RUN ${JSON.stringify(['rm', '-rf', '--', ...paths])}`
  return /^(root|0)?(:.*)?$/.test(user) ? [run] : ['USER 0', run, `USER ${user}`]
}

function copyLine(name: string, uid: number, gid: number): string {
  return `COPY --chown=${uid}:${gid} files/${name} /${name}`
}

/**
 * Instructions for the edited fields. A field that was taken away has none in most cases: said as a comment, so that
 * nobody believes the Dockerfile did it.
 */
export function configInstructions(config: ImageConfig, edits: readonly ConfigEdit[]): string[] {
  const fields = config.config ?? {}
  const edited = new Set(
    edits.flatMap(({ key }) => (key[0] === 'config' && key.length > 1 ? [String(key[1])] : [])),
  )
  const some = Object.fromEntries(Object.entries(fields).filter(([key]) => edited.has(key)))
  // ENTRYPOINT takes the CMD of the image below away.
  if (edited.has('Entrypoint') && fields.Cmd) some.Cmd = fields.Cmd
  const gone = [...edited].filter((key) => fields[key] === undefined || fields[key] === null)
  return [
    ...gone.map((key) => `# ${key} was taken away, for which a Dockerfile has no word`),
    ...instructionsOf(some),
  ]
}

function dockerfile(lines: readonly string[]): ArchiveMember {
  return fileMember('Dockerfile', new MemorySource(utf8(`${lines.join('\n')}\n`)))
}
