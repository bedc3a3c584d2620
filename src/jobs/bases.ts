/** New bases for the open image: read from files, or from what this browser keeps; and kept there, so that changes that rest on one outlive the page. */
import { BlobSource } from '../core/bytes/source'
import type { NewBase } from '../core/edit/operation'
import { faultOf, ImageError, type Fault } from '../core/fault/fault'
import type { Image } from '../core/image/image'
import { archiveId } from './archive-id'
import { restoredTar } from './keep'
import { keepOpened } from './keeping'
import { ontoIn, sharedLayers, type Onto } from './onto'
import { openArchiveIn, openSource, type OpenedSource } from './open'
import type { LayerPool } from './pool'
import type { ArchiveRecord, Stores } from './ports'
import { Spill } from './spill'
import { asTask, type Tasks } from './tasks'

export interface BasesOptions {
  readonly stores: Stores
  readonly persistent: boolean
  readonly pool: LayerPool
  readonly tasks: Tasks
  readonly now: () => number
  /** Not all of a base could be kept. */
  readonly onUnkept: (fault: Fault) => void
}

export class Bases {
  readonly #options: BasesOptions
  readonly #known = new Map<string, Onto>()
  readonly #spills: Spill[] = []

  constructor(options: BasesOptions) {
    this.#options = options
  }

  /** Throws `not-kept` where neither this page nor this browser's storage has it. */
  async of(base: NewBase, own: Image): Promise<Onto> {
    const known = this.#known.get(keyOf(base))
    if (known) return known
    const records = (await this.#options.stores.archives.list()).filter(({ complete }) => complete)
    const last = base.diffIds.at(-1)
    const holds = ({ layers, parts }: ArchiveRecord): boolean =>
      layers.some((diffId) => diffId === last) ||
      parts.some((part) => part.kind === 'layer' && part.key === last)
    for (const record of [...records.filter(holds), ...records.filter((one) => !holds(one))]) {
      const onto = await this.#read(record, base, own).catch(() => null)
      if (onto) return this.#remember(onto)
    }
    throw new ImageError(
      'not-kept',
      `The changes put this image onto ${base.file}, which this browser does not hold. Open that file here once, then this image again: the changes are kept.`,
    )
  }

  /** An archive that this browser keeps. Throws `not-kept`, and what `ontoIn` throws. */
  async kept(id: string, own: Image): Promise<Onto> {
    const record = await this.#options.stores.archives.get(id)
    const onto = record && (await this.#read(record, { file: record.name, diffIds: [] }, own))
    if (!onto) throw new ImageError('not-kept', 'This browser does not hold all of that image any more.')
    return this.#remember(onto)
  }

  async #read(record: ArchiveRecord, base: NewBase, own: Image): Promise<Onto | null> {
    const { stores, pool, tasks } = this.#options
    const tar = await restoredTar(record, stores)
    return (
      tar &&
      asTask(tasks, `reading ${record.name}`, 0, 'bytes', (task) =>
        ontoIn(tar, base, own, { stores, pool, task }),
      )
    )
  }

  /** A file of the person's, with the layers in `diffIds` where any are asked for; it is kept behind, as an image that was opened is. */
  async file(file: File, own: Image, diffIds: NewBase['diffIds'] = []): Promise<Onto> {
    const { stores, pool, tasks, persistent } = this.#options
    const spill = new Spill(stores.blobs, `base/${this.#spills.length}`)
    this.#spills.push(spill)
    const opened = await asTask(tasks, `opening ${file.name}`, file.size, 'bytes', (task) =>
      openSource(new BlobSource(file), {
        signal: task.signal,
        onBytes: (done) => task.progress(done),
        store: spill.put,
      }),
    )
    const onto = await asTask(tasks, `reading ${file.name}`, 0, 'bytes', (task) =>
      ontoIn(opened.tar, { file: file.name, diffIds }, own, { stores, pool, task }),
    )
    if (persistent)
      void this.#keep(onto, opened, file).catch((thrown) => this.#options.onUnkept(faultOf(thrown)))
    return this.#remember(onto)
  }

  /** The image of an archive that has most layers in common with another one; its documents are read, its layers are not. */
  async described(from: File | string, own: Image): Promise<Pick<Onto, 'file' | 'image'>> {
    const { stores, tasks } = this.#options
    const record = typeof from === 'string' ? await stores.archives.get(from) : null
    const kept = record && (await restoredTar(record, stores))
    if (typeof from === 'string' && !kept)
      throw new ImageError('not-kept', 'This browser does not hold all of that image any more.')
    const file = typeof from === 'string' ? record!.name : from.name
    return asTask(tasks, `reading ${file}`, 0, 'bytes', async (task) => {
      const tar = kept ?? (await openSource(new BlobSource(from as File), { signal: task.signal })).tar
      const { images } = await openArchiveIn(tar, task.signal)
      const image = images.reduce((best, one) =>
        sharedLayers(own, one) > sharedLayers(own, best) ? one : best,
      )
      return { file, image }
    })
  }

  async #keep({ archive, image, layers }: Onto, opened: OpenedSource, file: File): Promise<void> {
    const { stores, tasks, now } = this.#options
    const id = await archiveId(opened, archive)
    if ((await stores.archives.get(id))?.complete) return
    await asTask(tasks, `checking ${file.name}`, 1, 'bytes', (task) => layers.verify(task))
    const head = {
      version: 1 as const,
      id,
      name: file.name,
      tags: image.tags,
      fileBytes: file.size,
      fileModified: file.lastModified,
      openedAt: now(),
      image: image.index,
    }
    await asTask(tasks, `keeping ${file.name} in this browser`, 0, 'bytes', (task) =>
      keepOpened({ archive, image, layers, opened, stores, head, task }),
    )
  }

  #remember(onto: Onto): Onto {
    this.#known.set(keyOf({ diffIds: onto.image.layers.map(({ diffId }) => diffId) }), onto)
    return onto
  }

  /** Gives back what compressed archives were unpacked to. */
  close(): void {
    for (const spill of this.#spills) void spill.abandon().catch(() => {}) // What is left, the next start sweeps away.
  }
}

function keyOf({ diffIds }: Pick<NewBase, 'diffIds'>): string {
  return diffIds.join()
}
