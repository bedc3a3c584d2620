/** A planned layer as bytes. */
import { joinedBytes } from '../bytes/join'
import type { ByteSource, Bytes } from '../bytes/source'
import { throwIfCancelled } from '../fault/fault'
import { padded, TYPE, type PaxRecord } from '../tar/entry'
import { encodeHeader, END, headerSize, paddingOf, type EntryFields } from '../tar/write'
import type { Content } from '../rootfs/entry'
import type { PlannedEntry } from './plan'

/** Where contents come from. */
export type OpenContent = (content: Content) => ByteSource | Promise<ByteSource>

/** Small pieces are gathered up to this before they are handed on: a header a piece would drown in messages. */
const GATHER = 1024 * 1024

/** A time that is written: as it is, or not later than an epoch. */
export type Clamp = (mtime: number) => number

export const asItIs: Clamp = (mtime) => mtime

/** Not later than `epoch`, never "set to it" (SOURCE_DATE_EPOCH as umoci and BuildKit read it). */
export function notAfter(epoch: number | undefined): Clamp {
  return epoch === undefined ? asItIs : (mtime) => Math.min(mtime, epoch)
}

/** The plain tar of a layer, in pieces of about a MiB. Deterministic: the same plan gives the same bytes. */
export async function* layerBytes(
  entries: Iterable<PlannedEntry>,
  open: OpenContent,
  signal?: AbortSignal,
  clamp: Clamp = asItIs,
): AsyncGenerator<Bytes, void, undefined> {
  for await (const part of layerParts(entries, open, signal, clamp))
    if (part instanceof Uint8Array) yield part
    else yield* part.stream(signal)
}

/** The same, with contents of more than a MiB as the sources that they are. */
export async function* layerParts(
  entries: Iterable<PlannedEntry>,
  open: OpenContent,
  signal?: AbortSignal,
  clamp: Clamp = asItIs,
): AsyncGenerator<Bytes | ByteSource, void, undefined> {
  const gather = new Gather()
  for (const planned of entries) {
    throwIfCancelled(signal)
    const { entry, linkTo } = planned
    const hasBody = linkTo === null && entry.type === TYPE.file && entry.size > 0
    gather.push(encodeHeader(fieldsOf(planned, clamp)))
    if (hasBody && entry.content) {
      const source = await open(entry.content)
      if (source.size <= GATHER) gather.push(await source.read(0, source.size))
      else {
        yield* gather.flush()
        yield source
      }
      gather.push(paddingOf(source.size))
    }
    if (gather.length >= GATHER) yield* gather.flush()
  }
  gather.push(END)
  yield* gather.flush()
}

/** Size of the plain tar that `layerBytes` will give. */
export function layerSize(entries: Iterable<PlannedEntry>, clamp: Clamp = asItIs): number {
  let size = END.length
  for (const planned of entries) {
    size += headerSize(fieldsOf(planned, clamp))
    if (planned.linkTo === null && planned.entry.type === TYPE.file) size += padded(planned.entry.size)
  }
  return size
}

function fieldsOf({ path, entry, linkTo }: PlannedEntry, clamp: Clamp): EntryFields {
  const mtime = clamp(entry.mtime)
  return {
    path,
    type: linkTo === null ? entry.type : TYPE.hardlink,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    size: linkTo === null && entry.type === TYPE.file ? entry.size : 0,
    mtime,
    link: linkTo ?? entry.link,
    uname: entry.uname,
    gname: entry.gname,
    major: entry.major,
    minor: entry.minor,
    pax: linkTo === null ? dated(entry.pax, mtime === entry.mtime) : [],
  }
}

const TIMES = new Set(['mtime', 'atime', 'ctime'])

/** Exact times go where the time was clamped. */
export function dated(pax: readonly PaxRecord[], same: boolean): readonly PaxRecord[] {
  return same ? pax : pax.filter(({ key }) => !TIMES.has(key))
}

class Gather {
  #parts: Bytes[] = []
  length = 0
  push(bytes: Bytes): void {
    if (bytes.length === 0) return
    this.#parts.push(bytes)
    this.length += bytes.length
  }
  *flush(): Iterable<Bytes> {
    if (this.length === 0) return
    if (this.#parts.length === 1) yield this.#parts[0]
    else yield joinedBytes(this.#parts)
    this.#parts = []
    this.length = 0
  }
}
