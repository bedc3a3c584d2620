/** The engine behind the page: at most one archive open at a time, and what this browser keeps. */
import type {
  ArchiveView,
  BaseView,
  Build,
  BuildSizes,
  ChangeView,
  CopyRow,
  Edit,
  EditsView,
  EngineEvent,
  EngineRow,
  ExportForecast,
  ExportRequest,
  ExportResult,
  ImageView,
  LayerEdit,
  LayerPreview,
  MemberView,
  OpenedFile,
  PathRef,
  Listing,
  Preview,
  Recent,
  Row,
  Treemap,
  TreeSummary,
  ViewRequest,
  Details,
  DiveView,
  FoundPaths,
  SearchBatch,
  SearchRequest,
  WasteRow,
  WasteView,
} from '../../workers/api'
import { BlobSource, type ByteSource } from '../core/bytes/source'
import { inForce, readJournal } from '../core/edit/journal'
import { newBaseIn, type NewBase } from '../core/edit/operation'
import { ImageError } from '../core/fault/fault'
import { restoredOriginal, restoredTar } from './keep'
import { folderAsTar, openArchiveIn, openSource, type OpenedSource } from './open'
import type { LayerPool } from './pool'
import type { ArchiveRecord, Claims, Stores } from './ports'
import { readAhead } from './read-ahead'
import { sweep, type SweepableStores } from './sweep'
import { Spill } from './spill'
import { asTask, Tasks } from './tasks'
import { Way } from './way'
import { Workspace } from './workspace'

export interface EnginePorts {
  readonly stores: SweepableStores
  readonly persistent: boolean
  readonly claims: Claims
  readonly pool: LayerPool
  /** The image behind "Try a sample image". */
  readonly sample: () => Promise<{ readonly name: string; readonly blob: Blob }>
  /** Tries a request; true where it is blocked. */
  readonly probeNetwork: () => Promise<boolean>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly newId: () => string
}

/**
 * Events are handed on in batches, this many milliseconds after the first of one: while layers are read they come by the
 * hundred, and of most kinds only the last one counts. They go by a port of their own, so nothing orders them against
 * the answers to calls; waiting lets the answer that an event follows from arrive first.
 */
const BATCH = 50

export class Engine {
  readonly #ports: EnginePorts
  readonly #tasks: Tasks
  readonly #way = new Way()
  #listener: ((events: readonly EngineEvent[]) => void) | null = null
  #queue: EngineEvent[] = []
  #timer: ReturnType<typeof setTimeout> | null = null
  #workspace: Workspace | null = null
  /** The plain tar of the open archive, where it was compressed as a whole. */
  #spill: Spill | null = null

  constructor(ports: EnginePorts) {
    this.#ports = ports
    this.#tasks = new Tasks((tasks) => this.#emit({ type: 'tasks', tasks }))
  }

  subscribe(listener: (events: readonly EngineEvent[]) => void): void {
    this.#listener = listener
    if (!this.#ports.persistent) this.#emit({ type: 'storage', state: 'unavailable' })
  }

  #emit(event: EngineEvent): void {
    // Of what only says "as it is now", the last one is enough.
    const replaces = (old: EngineEvent): boolean =>
      old.type === event.type &&
      (event.type !== 'layer' || (old.type === 'layer' && old.layer.index === event.layer.index))
    this.#queue = this.#queue.filter((old) => !replaces(old))
    this.#queue.push(event)
    // Somebody waits for whole trees.
    if (event.type === 'tree' && event.summary.complete) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), BATCH)
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const events = this.#queue.splice(0)
    if (events.length > 0) this.#listener?.(events)
  }

  get #open(): Workspace {
    if (this.#workspace) return this.#workspace
    throw new ImageError('not-kept', 'No image is open.')
  }

  async open(files: readonly OpenedFile[]): Promise<ArchiveView> {
    if (files.length === 0) throw new ImageError('not-an-archive', 'Nothing was chosen.')
    const alone = files.length === 1
    const source = alone
      ? new BlobSource(files[0].file)
      : folderAsTar(files.map(({ path, file }) => ({ path, source: new BlobSource(file) })))
    const name = alone ? files[0].file.name : `${files[0].path.split('/')[0] || 'folder'}.tar`
    return this.#openSource(source, name, alone ? files[0].file.lastModified : 0)
  }

  async openSample(): Promise<ArchiveView> {
    const { name, blob } = await this.#ports.sample()
    return this.#openSource(new BlobSource(blob), name, 0)
  }

  async #openSource(file: ByteSource, name: string, fileModified: number): Promise<ArchiveView> {
    const spill = new Spill(this.#ports.stores.blobs, 'opened')
    let view: ArchiveView
    try {
      const opened = await asTask(this.#tasks, `opening ${name}`, file.size, 'bytes', (task) =>
        openSource(file, {
          signal: task.signal,
          onBytes: (done) => task.progress(done),
          store: spill.put,
        }),
      )
      view = await this.#enter(opened, name, fileModified)
    } catch (thrown) {
      await spill.abandon().catch(() => {})
      throw thrown
    }
    this.#spill = spill
    return view
  }

  /** The old image stays open until the new one has been read well enough to show. */
  async #enter(
    opened: OpenedSource,
    name: string,
    fileModified: number,
    stores: Stores = this.#ports.stores,
  ): Promise<ArchiveView> {
    const archive = await openArchiveIn(opened.tar)
    this.#workspace?.close()
    this.#leaveSpill()
    const { persistent, claims, pool, now, newId } = this.#ports
    this.#workspace = await Workspace.open({
      name,
      fileModified,
      opened,
      archive,
      stores,
      persistent,
      claims,
      pool,
      now,
      newId,
      tasks: this.#tasks,
      way: this.#way,
      emit: (event) => this.#emit(event),
    })
    return this.#workspace.view
  }

  async reopen(id: string): Promise<ArchiveView> {
    const taken = this.#takeUp(id)
    const shown = taken.then(() => this.#workspace?.scanned).catch(() => {})
    this.#ports.pool.hold?.(shown)
    return taken
  }

  async #takeUp(id: string): Promise<ArchiveView> {
    const { stores } = this.#ports
    const record = await stores.archives.get(id)
    const tar = record?.complete ? await restoredTar(record, stores, true) : null
    if (!record || !tar)
      throw new ImageError(
        'not-kept',
        `This browser does not hold all of ${record?.name ?? 'that image'}. Open its file again: your edits are kept and will be there.`,
      )
    const original = await restoredOriginal(record, stores)
    const opened: OpenedSource = {
      file: original ?? tar,
      tar,
      compression: original ? (record.compression as OpenedSource['compression']) : 'none',
    }
    return this.#enter(opened, record.name, record.fileModified, readAhead(stores, record))
  }

  close(): void {
    this.#workspace?.close()
    this.#workspace = null
    this.#leaveSpill()
    this.#emit({ type: 'closed' })
  }

  #leaveSpill(): void {
    void this.#spill?.abandon().catch(() => {}) // What is left, the next start sweeps away.
    this.#spill = null
  }

  async recents(): Promise<Recent[]> {
    const { stores } = this.#ports
    const records = await stores.archives.list()
    const recents: Recent[] = []
    for (const { id, name, tags, fileBytes, openedAt, complete } of records) {
      const edits = editsIn(await stores.journals.load(id))
      recents.push({ id, name, tags, bytes: fileBytes, edits, openedAt, kept: complete })
    }
    return recents.sort((a, b) => b.openedAt - a.openedAt)
  }

  /** Throws `bad-operation` where another tab has the image open. */
  async forget(id: string): Promise<void> {
    const { stores, claims } = this.#ports
    const elsewhere = await claims.elsewhere()
    if (elsewhere.has(id))
      throw new ImageError('bad-operation', 'Another tab has this image open. Close it there first.')
    const resting = await this.#restingOn(id)
    if (resting !== null)
      throw new ImageError(
        'bad-operation',
        `The changes on ${resting} put it onto this one. Take them back, or forget that image first.`,
      )
    if (this.#workspace?.id === id) this.close()
    await stores.archives.remove(id)
    await stores.journals.remove(id)
    // What another tab is about to save is not in its journal yet, and would be swept away: next time is soon enough.
    if (elsewhere.size > 0) return
    const left = await stores.archives.list()
    const journals = await Promise.all(left.map((record) => stores.journals.load(record.id)))
    const contents = journals.flatMap(contentsIn)
    await sweep(stores, left, { layers: left.flatMap(({ layers }) => layers), contents })
  }

  /** Name of an image whose changes have no other base than that archive; null where none has. */
  async #restingOn(id: string): Promise<string | null> {
    const { stores } = this.#ports
    const records = await stores.archives.list()
    const holders = (diffId: string): readonly ArchiveRecord[] =>
      records.filter(
        ({ complete, layers, parts }) =>
          complete &&
          (layers.some((one) => one === diffId) ||
            parts.some((part) => part.kind === 'layer' && part.key === diffId)),
      )
    for (const record of records) {
      if (record.id === id) continue
      const last = baseIn(await stores.journals.load(record.id))?.diffIds.at(-1)
      if (last === undefined) continue
      const holding = holders(last)
      if (holding.length > 0 && holding.every((one) => one.id === id)) return record.tags[0] ?? record.name
    }
    return null
  }

  chooseImage(index: number): Promise<ImageView> {
    return this.#open.chooseImage(index)
  }
  member(index: number, check = false): Promise<MemberView> {
    return this.#open.members.view(index, check)
  }
  downloadMember(index: number): Promise<Blob> {
    return this.#open.members.download(index)
  }
  show(request: ViewRequest): TreeSummary {
    return this.#open.screen.show(request)
  }
  rows(from: number, count: number): { version: number; rows: readonly Row[] } {
    return this.#open.screen.rows(from, count)
  }
  expand(path: string, open: boolean, deep = false): TreeSummary {
    return this.#open.screen.expand(path, open, deep)
  }
  reveal(path: string): { summary: TreeSummary; row: number } {
    return this.#open.screen.reveal(path)
  }
  typeAhead(prefix: string, from: number): number {
    return this.#open.screen.typeAhead(prefix, from)
  }
  treemap(path: string, most: number): Treemap {
    return this.#open.screen.treemap(path, most)
  }
  details(at: PathRef): Details {
    return this.#open.screen.details(at)
  }
  preview(at: PathRef, from: number, length: number): Promise<Preview> {
    return this.#open.screen.preview(at, from, length)
  }
  sameContents(one: PathRef, other: PathRef): Promise<boolean> {
    return this.#open.screen.sameContents(one, other)
  }
  listing(at: PathRef): Promise<Listing> {
    return this.#open.screen.listing(at)
  }
  download(at: PathRef): Promise<{ blob: Blob; fileName: string }> {
    return this.#open.screen.download(at)
  }
  edit(edits: readonly Edit[]): Promise<EditsView> {
    return this.#open.edits.edit(edits)
  }
  setConfigText(text: string): Promise<EditsView> {
    return this.#open.edits.setConfigText(text)
  }
  undo(): Promise<EditsView> {
    return this.#open.edits.undo()
  }
  redo(): Promise<EditsView> {
    return this.#open.edits.redo()
  }
  drop(index: number): Promise<EditsView> {
    return this.#open.edits.drop(index)
  }
  takeOver(): void {
    this.#workspace?.access.takeOver()
  }
  change(index: number): Promise<ChangeView> {
    return this.#open.edits.change(index)
  }
  recipe(): Promise<{ blob: Blob; fileName: string }> {
    return this.#open.edits.recipe()
  }
  replayRecipe(text: string, beside: readonly File[]): Promise<EditsView> {
    return this.#open.edits.replayRecipe(text, beside)
  }
  copies(paths: readonly string[]): Promise<readonly CopyRow[]> {
    return this.#open.edits.copies(paths)
  }
  layerPreview(edit: LayerEdit): Promise<LayerPreview> {
    return this.#open.edits.layerPreview(edit)
  }
  baseFrom(from: File | string): Promise<BaseView> {
    return this.#open.edits.baseFrom(from)
  }
  describeBase(from: File | string): Promise<BaseView> {
    return this.#open.edits.describeBase(from)
  }
  export(request: ExportRequest): Promise<ExportResult> {
    return this.#open.exports.export(request)
  }
  foretell(request: ExportRequest): Promise<ExportForecast> {
    return this.#open.exports.foretell(request)
  }
  stopExport(): void {
    this.#workspace?.exports.stop()
  }
  takeExport(): void {
    this.#workspace?.exports.take()
  }
  releaseExport(): void {
    this.#workspace?.exports.release()
  }
  sizes(request: Omit<ExportRequest, 'build'>, builds: readonly Build[]): Promise<BuildSizes> {
    return this.#open.exports.sizes(request, builds)
  }
  find(query: string, limit: number): FoundPaths {
    return this.#open.screen.find(query, limit)
  }
  search(request: SearchRequest, listener: (batch: SearchBatch) => void): Promise<void> {
    return this.#open.search(request, listener)
  }
  stopSearch(): void {
    this.#workspace?.stopSearch()
  }
  rules(): Promise<readonly EngineRow[]> {
    return this.#open.findings.rules()
  }
  exportRules(request: ExportRequest): Promise<readonly EngineRow[]> {
    return this.#open.exports.rules(request)
  }
  diveScore(): Promise<DiveView | null> {
    return this.#open.findings.diveScore()
  }
  waste(): Promise<WasteView> {
    return this.#open.findings.waste()
  }
  wasteRows(from: number, count: number): Promise<readonly WasteRow[]> {
    return this.#open.findings.wasteRows(from, count)
  }
  report(): Promise<{ blob: Blob; fileName: string }> {
    return this.#open.findings.report()
  }
  makeWay(): void {
    this.#way.make()
    this.#ports.pool.makeWay?.()
  }
  cancel(task: number): void {
    this.#tasks.cancel(task)
  }
  probeNetwork(): Promise<boolean> {
    return this.#ports.probeNetwork()
  }
}

/** How many edits are stored; none that can be counted where a newer program stored them. */
function editsIn(stored: unknown): number {
  try {
    return inForce(readJournal(stored)).length
  } catch {
    return 0
  }
}

/** The new base that a stored journal asks for; none that can be read where a newer program stored it. */
function baseIn(stored: unknown): NewBase | null {
  try {
    return newBaseIn(inForce(readJournal(stored)))
  } catch {
    return null
  }
}

/** Ids of contents that a stored journal names, whatever version it is of. */
function contentsIn(stored: unknown): string[] {
  const { steps } = (stored ?? {}) as { steps?: unknown }
  if (!Array.isArray(steps)) return []
  return (steps.flat() as { content?: unknown }[]).flatMap((operation) =>
    typeof operation?.content === 'string' ? [operation.content] : [],
  )
}
