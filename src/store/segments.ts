/**
 * A SegmentStore in IndexedDB. Segments lie under [key, writer, n]; the commit record lies under the key itself and
 * names its writer, so that two writers of one key never mix, and nothing is readable that is not whole.
 */
import { LateSource } from '../core/bytes/late'
import { BlobSource, type ByteSource } from '../core/bytes/source'
import { ImageError } from '../core/fault/fault'
import type { SegmentStore, SegmentWriter } from '../jobs/ports'
import { asBlob, forgotten, joined, type Segment } from '../jobs/segments'
import { Keyval, isLost, type Kind } from './keyval'
import { livingSessions, session } from './session'

interface Commit {
  readonly version: 1
  readonly writer: string
  /** Bytes of each segment. */
  readonly sizes: readonly number[]
}

type SegmentKey = [key: string, writer: string, index: number]

let writers = 0

export class IdbSegments implements SegmentStore {
  readonly #records: Keyval

  constructor(database: string, kind: Kind = 'cache') {
    this.#records = new Keyval(database, kind)
  }

  async has(key: string): Promise<boolean> {
    return (await this.#commit(key)) !== null
  }

  async get(key: string): Promise<ByteSource | null> {
    const commit = await this.#commit(key)
    return commit && this.#read(key, commit)
  }

  async late(key: string): Promise<ByteSource | null> {
    const commit = await this.#commit(key)
    if (!commit) return null
    return new LateSource(sizeOf(commit), async () => {
      const bytes = await this.#read(key, commit)
      if (bytes) return bytes
      throw new ImageError(
        'not-kept',
        'What this browser kept of the image is not all there any more. Open its file again: the changes are kept.',
      )
    })
  }

  async #read(key: string, commit: Commit): Promise<ByteSource | null> {
    const stored = await this.#records.getMany<Blob | ArrayBuffer>(segmentKeys(key, commit))
    const segments = stored.map((value) => (value instanceof ArrayBuffer ? new Blob([value]) : value))
    return (await areReadable(segments, commit.sizes)) ? joined(segments as Blob[]) : null
  }

  async write(key: string): Promise<SegmentWriter> {
    return new IdbSegmentWriter(this.#records, key, `${session()}/${writers++}`)
  }

  async remove(key: string): Promise<void> {
    const commit = await this.#commit(key)
    if (commit) await this.#records.remove([key, ...segmentKeys(key, commit)])
  }

  async list(): Promise<readonly { readonly key: string; readonly bytes: number }[]> {
    const keys = (await this.#records.keys()).filter((key) => typeof key === 'string')
    const commits = await this.#records.getMany<Commit>(keys)
    return keys.flatMap((key, index) => {
      const commit = asCommit(commits[index])
      return commit ? [{ key, bytes: sizeOf(commit) }] : []
    })
  }

  /** Removes segments that no commit record names and that no living worker or tab is writing. */
  async sweep(): Promise<void> {
    // Keys first: whoever wrote one of these held its lock before, so that it cannot be missed.
    const keys = await this.#records.keys()
    const isAlive = await livingSessions()
    const committed = new Map<string, string | undefined>()
    for (const key of keys) if (typeof key === 'string') committed.set(key, (await this.#commit(key))?.writer)
    const leftovers = keys.filter(
      (of) => isSegmentKey(of) && committed.get(of[0]) !== of[1] && !isAlive(of[1].split('/')[0]),
    )
    if (leftovers.length > 0) await this.#records.remove(leftovers)
  }

  async #commit(key: string): Promise<Commit | null> {
    return asCommit(await this.#records.get(key))
  }
}

class IdbSegmentWriter implements SegmentWriter {
  readonly #records: Keyval
  readonly #key: string
  readonly #writer: string
  readonly #sizes: number[] = []
  constructor(records: Keyval, key: string, writer: string) {
    this.#records = records
    this.#key = key
    this.#writer = writer
  }

  async append(given: Segment): Promise<ByteSource> {
    const segment = asBlob(given)
    const key: SegmentKey = [this.#key, this.#writer, this.#sizes.length]
    await putBlob(this.#records, key, segment)
    this.#sizes.push(segment.size)
    // Read back: the Blob that was given still lies in memory, the one that comes out of the store does not.
    const stored = await this.#records.get<Blob | ArrayBuffer>(key)
    if (!(stored instanceof Blob) || stored.size !== segment.size) return new BlobSource(segment)
    return forgotten<ByteSource>(segment.size)(new BlobSource(stored))
  }

  /** Makes it readable, and takes away what was there under the key before, in one transaction. */
  async commit(): Promise<void> {
    const before = asCommit(await this.#records.get(this.#key))
    const record: Commit = { version: 1, writer: this.#writer, sizes: this.#sizes }
    const old = before && before.writer !== this.#writer ? segmentKeys(this.#key, before) : []
    await this.#records.replace([[this.#key, record]], old)
  }

  async abandon(): Promise<void> {
    await this.#records.remove(this.#sizes.map((_, index): SegmentKey => [this.#key, this.#writer, index]))
  }
}

/** Set once this browser refused a Blob: WebKit does in private windows, and wherever it cannot write the side file. */
let refusesBlobs = false

async function putBlob(records: Keyval, key: SegmentKey, blob: Blob): Promise<void> {
  if (!refusesBlobs)
    try {
      return await records.set([key, blob])
    } catch (thrown) {
      if (isFull(thrown)) throw thrown
    }
  // What fails as a buffer too has another reason than being a Blob, and that one is told.
  await records.set([key, await blob.arrayBuffer()])
  refusesBlobs = true
}

function isFull(thrown: unknown): boolean {
  return thrown instanceof ImageError && thrown.fault.code === 'storage-full'
}

function sizeOf({ sizes }: Commit): number {
  return sizes.reduce((sum, size) => sum + size, 0)
}

function asCommit(value: unknown): Commit | null {
  const commit = value as Commit | undefined
  return commit?.version === 1 ? commit : null
}

function isSegmentKey(key: IDBValidKey): key is SegmentKey {
  return Array.isArray(key) && key.length === 3 && typeof key[0] === 'string' && typeof key[1] === 'string'
}

function segmentKeys(key: string, { writer, sizes }: Commit): SegmentKey[] {
  return sizes.map((_, index) => [key, writer, index])
}

/**
 * Whether all are there, of the right sizes, and can be read: Chromium hands out a Blob whose file is gone, and only
 * reading tells.
 */
async function areReadable(segments: (Blob | undefined)[], sizes: readonly number[]): Promise<boolean> {
  const probes = segments.map(async (segment, index) => {
    if (segment?.size !== sizes[index]) return false
    try {
      return (await segment.slice(0, 1).arrayBuffer()).byteLength === Math.min(1, segment.size)
    } catch (thrown) {
      if (isLost(thrown)) return false
      throw thrown
    }
  })
  return (await Promise.all(probes)).every(Boolean)
}
