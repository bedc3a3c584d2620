/** One open archive: which of its images is on screen, read, verified and kept. What is asked about that image, its screen, its edits and its findings answer. */
import type { ArchiveView, EngineEvent, ImageView, SearchBatch, SearchRequest } from '../../workers/api'
import { ImageError } from '../core/fault/fault'
import type { Notice } from '../core/fault/notice'
import type { Archive, Image } from '../core/image/image'
import { ImageAccess } from './access'
import { archiveView } from './anatomy'
import { archiveId } from './archive-id'
import { Bases } from './bases'
import type { Exportable } from './exporting'
import { Exports } from './exports'
import { Findings } from './findings'
import { imageView } from './image-view'
import { keepOpened } from './keeping'
import { Layers } from './layers'
import { Members } from './members'
import type { OpenedSource } from './open'
import { Pending } from './pending'
import type { LayerPool } from './pool'
import type { ArchiveRecord, Claims, Stores } from './ports'
import { Screen, type OpenImage } from './screen'
import { searchContents } from './search'
import { asTask, type Task, type Tasks } from './tasks'
import { turn } from './turn'
import type { Way } from './way'

export interface WorkspaceOptions {
  readonly name: string
  readonly fileModified: number
  readonly opened: OpenedSource
  readonly archive: Archive
  readonly stores: Stores
  /** False where nothing outlives the page: then nothing is kept either. */
  readonly persistent: boolean
  readonly claims: Claims
  readonly pool: LayerPool
  readonly tasks: Tasks
  /** What keeping the image makes way for. */
  readonly way: Way
  readonly emit: (event: EngineEvent) => void
  readonly now: () => number
  readonly newId: () => string
}

export class Workspace {
  readonly id: string
  readonly screen: Screen
  readonly exports: Exports
  readonly findings: Findings
  readonly members: Members
  readonly access: ImageAccess
  readonly #options: WorkspaceOptions
  readonly #archive: Archive
  readonly #bases: Bases
  #open: OpenImage
  #scanned: Promise<void> = Promise.resolve()
  #record: () => Promise<void> = () => Promise.resolve()
  #recorded: Promise<void> = Promise.resolve()
  #searching: Task | null = null
  #closed = false

  private constructor(id: string, options: WorkspaceOptions, image: number) {
    this.id = id
    this.#options = options
    this.#archive = options.archive
    const { stores, persistent, pool, tasks, now, newId, emit } = options
    const onUnkept = () => emit({ type: 'storage', state: 'partly' })
    this.#bases = new Bases({ stores, persistent, pool, tasks, now, onUnkept })
    this.#open = this.#opened(options.archive.images[image])
    this.screen = new Screen({
      tasks,
      current: () => this.#open,
      onTree: (summary) => emit({ type: 'tree', summary }),
    })
    this.members = new Members(options.archive, tasks)
    this.findings = new Findings({
      ...options,
      current: () => this.#open,
      ready: () => this.#scanned,
      left: (open) => this.#left(open),
    })
    this.exports = new Exports({
      tasks,
      stores,
      persistent,
      newId,
      from: async () => {
        await this.#scanned
        return this.#exportable
      },
      rules: () => this.findings.rules(),
      contents: () => this.findings.contents(),
    })
    this.access = new ImageAccess({
      emit,
      regained: () => this.#regained(),
      settled: () => this.edits.settled(),
    })
  }

  /** Opens the workspace and its stored edits; trees follow in the background. */
  static async open(options: WorkspaceOptions): Promise<Workspace> {
    const id = await archiveId(options.opened, options.archive)
    const record = await options.stores.archives.get(id)
    const workspace = new Workspace(
      id,
      options,
      Math.min(record?.image ?? 0, options.archive.images.length - 1),
    )
    try {
      await workspace.#begin(record)
    } catch (thrown) {
      workspace.close()
      throw thrown
    }
    // What nothing keeps, no other tab can have.
    if (options.persistent) workspace.access.ask(id, options.claims)
    else workspace.access.set('mine')
    return workspace
  }

  /** Resolves when its layers are read, or taken up as they were kept. */
  get scanned(): Promise<void> {
    return this.#scanned
  }

  /** The edits of the image on screen. */
  get edits(): Pending {
    return this.#open.pending
  }

  #opened(image: Image): OpenImage {
    const { id } = this
    const { name, pool, stores, emit, now, newId } = this.#options
    const layers = new Layers({
      image,
      pool,
      stores,
      onLayer: (layer) => emit({ type: 'layer', layer }),
      onUnion: () => this.#unionGrew(),
    })
    const pending = new Pending({
      id,
      name,
      image,
      layers,
      bases: this.#bases,
      stores,
      now,
      newId,
      ready: () => this.#scanned,
      mayChange: async () => {
        await this.access.mustBeMine()
        await this.#mustBeRecorded()
      },
      onChange: () => this.#edited(),
    })
    return { image, layers, pending }
  }

  /** A journal is found by its image's record, which is on disk before it. Throws `storage-full` or `storage-unavailable`. */
  async #mustBeRecorded(): Promise<void> {
    this.#recorded = this.#recorded.catch(() => this.#record())
    await this.#recorded
  }

  #unionGrew(): void {
    this.edits.layersGrew()
    this.findings.reset()
    this.screen.refresh()
  }

  #edited(): void {
    this.screen.refresh()
    this.#options.emit({ type: 'edits', edits: this.edits.view })
  }

  /** Takes up what another tab has saved; false where it was of a newer program. */
  async #regained(): Promise<boolean> {
    const stored = await this.#options.stores.journals.load(this.id)
    if (this.#closed) return true
    try {
      this.edits.take(stored)
    } catch {
      return false
    }
    await this.edits.findBase()
    this.#edited()
    return true
  }

  async #begin(record: ArchiveRecord | null): Promise<void> {
    const { emit, stores, opened } = this.#options
    emit({ type: 'archive', archive: this.view })
    emit({ type: 'image', image: this.imageView })
    for (const layer of this.#open.layers.views) emit({ type: 'layer', layer })
    try {
      this.edits.take(await stores.journals.load(this.id))
    } catch {
      this.access.set('newer')
    }
    const kept = record?.complete ? record : null
    const known: ArchiveRecord = kept
      ? { ...kept, ...this.#recordHead() }
      : {
          ...this.#recordHead(),
          parts: record?.parts ?? [],
          layers: record?.layers ?? [],
          original: null,
          complete: false,
          compression: opened.compression,
        }
    // Looking at an image does not wait for the disk, nor does it take room there; changing it does.
    this.#record = () => stores.archives.put(known)
    this.#recorded = this.#record()
    this.#recorded.catch(() => {})
    // In a turn of its own: what is known so far is answered first, and the page draws it while layers are taken up.
    const open = this.#open
    this.#scanned = turn().then(() => (this.#left(open) ? undefined : this.#readLayers(kept)))
    this.#scanned.catch(() => {}) // Said as faults of layers; nobody else waits here.
  }

  #recordHead() {
    const { name, opened, fileModified, now } = this.#options
    return {
      version: 1 as const,
      id: this.id,
      name,
      tags: this.edits.tags,
      fileBytes: opened.file.size,
      fileModified,
      openedAt: now(),
      image: this.#open.image.index,
    }
  }

  /** Whether that image is not the one on screen any more. */
  #left(open: OpenImage): boolean {
    return this.#closed || open !== this.#open
  }

  /** Scans, then verifies, then keeps; each in its turn behind what the screen needs. */
  async #readLayers(kept: ArchiveRecord | null): Promise<void> {
    const { tasks, emit } = this.#options
    const open = this.#open
    const { layers, pending } = open
    await asTask(tasks, 'reading layers', layers.scanBytes, 'bytes', (task) => layers.scan(task))
    await pending.findBase()
    if (this.#left(open)) return
    pending.replay()
    emit({ type: 'edits', edits: pending.view })
    emit({ type: 'notices', notices: this.notices })
    void this.#verifyAndKeep(open, kept).catch(() => {})
  }

  async #verifyAndKeep(open: OpenImage, kept: ArchiveRecord | null): Promise<void> {
    const { tasks, emit } = this.#options
    await asTask(tasks, 'checking digests', 1, 'bytes', (task) => open.layers.verify(task))
    emit({ type: 'notices', notices: this.notices })
    if (this.#left(open)) return
    const isLost = open.layers.views.some(({ fault }) => fault?.code === 'not-kept')
    if (kept && isLost) await this.#lost(kept)
    else await this.#keep(open, kept)
  }

  /** What was taken up from storage may turn out to be gone when it is read: the next time, its file is asked for. */
  async #lost(kept: ArchiveRecord): Promise<void> {
    const { stores, emit } = this.#options
    emit({ type: 'storage', state: 'partly' })
    await stores.archives.put({ ...kept, ...this.#recordHead(), complete: false })
  }

  async #keep({ image, layers }: OpenImage, kept: ArchiveRecord | null): Promise<void> {
    const { persistent, stores, opened, emit, tasks, way } = this.#options
    if (!persistent) {
      emit({ type: 'storage', state: 'unavailable' })
      return
    }
    if (kept) {
      for (const { diffId } of layers.toKeep()) layers.markKept(diffId)
      await layers.keepUnion().catch(() => {}) // A cache: without it the next opening is slower.
      emit({ type: 'storage', state: 'kept' })
      return
    }
    emit({ type: 'storage', state: 'keeping' })
    try {
      await asTask(tasks, 'keeping layers in this browser', 0, 'bytes', (task) =>
        keepOpened({
          archive: this.#archive,
          image,
          layers,
          opened,
          stores,
          head: this.#recordHead(),
          task,
          pause: way.pause,
        }),
      )
      this.#recorded = Promise.resolve()
      emit({ type: 'storage', state: 'kept' })
    } catch (thrown) {
      const full = thrown instanceof ImageError && thrown.fault.code === 'storage-full'
      emit({ type: 'storage', state: full ? 'full' : 'partly' })
    }
  }

  close(): void {
    this.#closed = true
    this.access.close()
    this.#bases.close()
    this.exports.stop()
    this.exports.release()
    this.#options.tasks.cancelAll()
  }

  // ------------------------------------------------------------ the archive

  get view(): ArchiveView {
    const { name, opened } = this.#options
    return archiveView(
      this.id,
      name,
      opened.file.size,
      opened.compression,
      this.#archive,
      this.#open.image.index,
    )
  }

  get notices(): readonly Notice[] {
    return [...this.#archive.notices, ...this.#open.image.notices, ...this.#open.layers.notices.list]
  }

  get imageView(): ImageView {
    return imageView(this.#archive, this.#open.image)
  }

  async chooseImage(index: number): Promise<ImageView> {
    const image = this.#archive.images[index]
    if (!image)
      throw new ImageError(
        'no-such-path',
        `The archive holds ${this.#archive.images.length} images; there is no number ${index}.`,
      )
    if (index !== this.#open.image.index) {
      if (this.edits.operations.length > 0)
        throw new ImageError(
          'bad-operation',
          'There are edits on the image that is open. Export or undo them before you open another image of this archive.',
        )
      this.#options.tasks.cancelAll()
      this.#open = this.#opened(image)
      this.findings.reset()
      this.screen.reset()
      const record = await this.#options.stores.archives.get(this.id)
      await this.#begin(record)
    }
    return this.imageView
  }

  // ------------------------------------------------------------ search

  async search(request: SearchRequest, listener: (batch: SearchBatch) => void): Promise<void> {
    this.stopSearch()
    await this.#scanned
    const { tasks, pool } = this.#options
    const { edits } = this
    const { tree, sources } = edits.edited
    await asTask(tasks, 'searching contents', 0, 'bytes', async (task) => {
      this.#searching = task
      const plainOf = (layer: number) => edits.plainOf(layer)
      const stored = (id: string) => edits.stored(id)
      await searchContents({ tree, sources, plainOf, stored, pool }, request, task, listener)
    })
  }

  stopSearch(): void {
    this.#searching?.cancel()
    this.#searching = null
  }

  // ------------------------------------------------------------ export

  get #exportable(): Exportable {
    const { name, opened, pool } = this.#options
    const { edits } = this
    return {
      ...edits.editedImage,
      name,
      opened,
      archive: this.#archive,
      tags: edits.tags,
      stored: (id) => edits.stored(id),
      pool,
    }
  }
}
