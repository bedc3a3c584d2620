/** One open archive: its image on screen, its trees, the pending edits. Everything the page asks about it is answered here. */
import type {
  Access,
  ArchiveView,
  BaseView,
  ChangeView,
  CopyRow,
  Details,
  Edit,
  EditsView,
  EngineEvent,
  EngineRow,
  ImageView,
  LayerEdit,
  LayerPreview,
  MemberView,
  PathRef,
  Listing,
  Preview,
  Row,
  Treemap,
  TreeSummary,
  ViewKind,
  FoundPaths,
  SearchBatch,
  SearchRequest,
  ViewRequest,
  WasteRow,
  WasteView,
} from '../../workers/api'
import type { ByteSource } from '../core/bytes/source'
import { BlobSource } from '../core/bytes/source'
import {
  added,
  EMPTY_JOURNAL,
  inForce,
  readJournal,
  redone,
  undone,
  without,
  type Journal,
} from '../core/edit/journal'
import { contentIds, newBaseIn, type Operation } from '../core/edit/operation'
import { editedConfig } from '../core/edit/config'
import type { Ground } from '../core/edit/ground'
import { isUntouched, keepsLayers, standing, stacked, UNTOUCHED, type Stack } from '../core/edit/stack'
import { ImageError } from '../core/fault/fault'
import type { Notice } from '../core/fault/notice'
import { checked, ImageConfig, parseJson } from '../core/image/documents'
import { namesOf, platformOf, type Archive, type Image } from '../core/image/image'
import { instructionOf } from '../core/image/instruction'
import { copiesOf } from '../core/rebuild/copies'
import { conflictsOf } from '../core/rebuild/conflicts'
import { previewOf as stackPreview } from '../core/rebuild/preview'
import { shadowedBy } from '../core/rebuild/shadowed'
import { entryOf, sizeIn, type Content } from '../core/rootfs/entry'
import { typeCounts } from '../core/rootfs/sums'
import { Tree } from '../core/rootfs/tree'
import { applyLayer } from '../core/rootfs/union'
import { contentOf } from '../core/layer/rows'
import { listingOf } from './listing'
import { readRecipe } from '../core/edit/recipe'
import { recipeText } from '../core/edit/recipe-text'
import { archiveView, memberView } from './anatomy'
import { Bases } from './bases'
import { blocksOf } from './blocks'
import { changeView } from './change'
import { mustFit, namedLine } from './fit'
import { configOperations } from './config-text'
import { archiveId } from './archive-id'
import { configView } from './config-view'
import { annotationsInForce, configEdits, operationsFor, replay, tagsInForce, type Replayed } from './edits'
import type { Exportable } from './exporting'
import { Exports } from './exports'
import { findPaths } from './find'
import { editedHistory, formattedConfig, imageView, textPairs } from './image-view'
import { keepOpened } from './keeping'
import { Layers } from './layers'
import { lifeInEdits, lifeOf } from './life'
import { groundOf, sharedLayers, withBase, type Onto } from './onto'
import type { OpenedSource } from './open'
import type { LayerPool } from './pool'
import type { ArchiveRecord, Claim, Claims, Stores } from './ports'
import {
  contentAt,
  directoryTar,
  fieldsOf,
  otherNames,
  previewOf,
  sameContents,
  xattrFields,
  type At,
} from './read'
import { reportOf, reportText } from './report'
import { blobOf } from './segments'
import { rowsOfOpened } from './rules'
import { searchContents } from './search'
import { asTask, type Task, type Tasks } from './tasks'
import { TYPES as TYPE_WORDS, View, type ViewTree } from './view'
import { Wasted } from './wasted'

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
  readonly emit: (event: EngineEvent) => void
  readonly now: () => number
  readonly newId: () => string
}

let workspaces = 0

export class Workspace {
  readonly id: string
  readonly #options: WorkspaceOptions
  readonly #archive: Archive
  #image: Image
  #layers: Layers
  #scanned: Promise<void> = Promise.resolve()
  #journal: Journal = EMPTY_JOURNAL
  #replayed: Replayed | null = null
  readonly #bases: Bases
  /** What the edits in force put the image onto. */
  #onto: Onto | null = null
  /** Why the new base is not at hand: then the edits wait for it. */
  #ontoFault: ImageError | null = null
  #ground: Ground | null = null
  #saved = true
  #access: Access = 'asking'
  #claim: Claim | null = null
  /** Resolves once it is known who may change the image. */
  readonly #asked: Promise<void>
  #known: () => void = () => {}
  /** Changes are made one after the other: each rests on the one before. */
  #committing: Promise<unknown> = Promise.resolve()
  #view: View | null = null
  #wasted: Wasted | null = null
  #searching: Task | null = null
  readonly exports: Exports
  #request: ViewRequest = { view: { kind: 'rootfs' }, filter: '', sort: 'name', descending: false }
  readonly #expanded = new Map<string, Set<string>>()
  #asOf: { layer: number; tree: Tree } | null = null
  // Later than all of the workspace before: the page drops what is older, and an answer of that one may still be on its way.
  #version = 1e6 * ++workspaces
  #closed = false

  private constructor(id: string, options: WorkspaceOptions, image: number) {
    this.id = id
    this.#options = options
    this.#archive = options.archive
    this.#image = options.archive.images[image]
    this.#layers = this.#layersOf(this.#image)
    const { stores, persistent, pool, tasks, now, emit } = options
    const onUnkept = () => emit({ type: 'storage', state: 'partly' })
    this.exports = new Exports({
      tasks,
      stores,
      persistent,
      newId: options.newId,
      from: async () => {
        await this.#scanned
        return this.#exportable
      },
      rules: () => this.rules(),
    })
    this.#bases = new Bases({ stores, persistent, pool, tasks, now, onUnkept })
    this.#asked = new Promise((resolve) => (this.#known = resolve))
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
    await workspace.#begin(record)
    workspace.#lay(options)
    return workspace
  }

  /** Asks for the image, so that no other tab changes it at the same time. */
  #lay({ persistent, claims }: WorkspaceOptions): void {
    const claimant = {
      held: () => this.#held(),
      other: () => this.#setAccess('other'),
      lost: async () => {
        this.#setAccess('other')
        await this.#committing.catch(() => {})
      },
    }
    // What nothing keeps, no other tab can have.
    if (persistent) this.#claim = claims.claim(this.id, claimant)
    else this.#setAccess('mine')
  }

  /** The image is this tab's. Another may have changed it since it was opened here. */
  async #held(): Promise<void> {
    const was = this.#access
    if (this.#closed || was === 'newer') return
    if (was === 'other') {
      const stored = await this.#options.stores.journals.load(this.id)
      if (this.#closed) return
      try {
        this.#journal = readJournal(stored)
      } catch {
        return this.#setAccess('newer')
      }
      await this.#findBase()
      this.#replayed = null
      this.#refresh()
    }
    this.#setAccess('mine')
    if (was === 'other') this.#options.emit({ type: 'edits', edits: this.editsView })
  }

  #setAccess(access: Access): void {
    if (this.#closed) return
    this.#access = access
    this.#options.emit({ type: 'access', access })
    this.#known()
  }

  takeOver(): void {
    this.#claim?.takeOver()
  }

  async #mustBeMine(): Promise<void> {
    await this.#asked
    if (this.#access === 'other')
      throw new ImageError(
        'held-elsewhere',
        'Another tab has this image open and may change it. Take it over, or go on there.',
      )
    if (this.#access === 'newer') readJournal({ version: Infinity })
  }

  #layersOf(image: Image): Layers {
    const { pool, stores, emit } = this.#options
    return new Layers({
      image,
      pool,
      stores,
      onLayer: (layer) => emit({ type: 'layer', layer }),
      onUnion: () => this.#unionGrew(),
    })
  }

  async #begin(record: ArchiveRecord | null): Promise<void> {
    const { emit, stores, opened } = this.#options
    emit({ type: 'archive', archive: this.view })
    emit({ type: 'image', image: this.imageView })
    for (const layer of this.#layers.views) emit({ type: 'layer', layer })
    try {
      this.#journal = readJournal(await stores.journals.load(this.id))
    } catch {
      this.#setAccess('newer')
    }
    const kept = record?.complete ? record : null
    await stores.archives.put(
      kept
        ? { ...kept, ...this.#recordHead() }
        : {
            ...this.#recordHead(),
            parts: record?.parts ?? [],
            layers: record?.layers ?? [],
            original: null,
            complete: false,
            compression: opened.compression,
          },
    )
    this.#scanned = this.#readLayers(kept)
    this.#scanned.catch(() => {}) // Said as faults of layers; nobody else waits here.
  }

  #recordHead() {
    const { name, opened, fileModified, now } = this.#options
    return {
      version: 1 as const,
      id: this.id,
      name,
      tags: this.#tags,
      fileBytes: opened.file.size,
      fileModified,
      openedAt: now(),
      image: this.#image.index,
    }
  }

  /** Scans, then verifies, then keeps; each in its turn behind what the screen needs. */
  async #readLayers(kept: ArchiveRecord | null): Promise<void> {
    const { tasks, emit } = this.#options
    const layers = this.#layers
    await asTask(tasks, 'reading layers', layers.scanBytes, 'bytes', (task) => layers.scan(task))
    await this.#findBase()
    if (this.#closed || layers !== this.#layers) return
    this.#replayEdits()
    emit({ type: 'edits', edits: this.editsView })
    emit({ type: 'notices', notices: this.notices })
    void this.#verifyAndKeep(layers, kept).catch(() => {})
  }

  async #verifyAndKeep(layers: Layers, kept: ArchiveRecord | null): Promise<void> {
    const { tasks, emit } = this.#options
    await asTask(tasks, 'checking digests', 1, 'bytes', (task) => layers.verify(task))
    emit({ type: 'notices', notices: this.notices })
    if (this.#closed || layers !== this.#layers) return
    await this.#keep(layers, kept)
  }

  async #keep(layers: Layers, kept: ArchiveRecord | null): Promise<void> {
    const { persistent, stores, emit, tasks } = this.#options
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
      await asTask(tasks, 'keeping layers in this browser', 0, 'bytes', async (task) => {
        const head = this.#recordHead()
        const archive = this.#archive
        const { opened } = this.#options
        await keepOpened({ archive, image: this.#image, layers, opened, stores, head, task })
      })
      emit({ type: 'storage', state: 'kept' })
    } catch (thrown) {
      const full = thrown instanceof ImageError && thrown.fault.code === 'storage-full'
      emit({ type: 'storage', state: full ? 'full' : 'partly' })
    }
  }

  close(): void {
    this.#closed = true
    this.#claim?.release()
    this.#bases.close()
    this.exports.stop()
    this.exports.release()
    this.#known()
    this.#options.tasks.cancelAll()
  }

  // ------------------------------------------------------------ the archive

  get view(): ArchiveView {
    const { name, opened } = this.#options
    return archiveView(this.id, name, opened.file.size, opened.compression, this.#archive, this.#image.index)
  }

  get notices(): readonly Notice[] {
    return [...this.#archive.notices, ...this.#image.notices, ...this.#layers.notices.list]
  }

  get imageView(): ImageView {
    return imageView(this.#archive, this.#image)
  }

  async chooseImage(index: number): Promise<ImageView> {
    const image = this.#archive.images[index]
    if (!image)
      throw new ImageError(
        'no-such-path',
        `The archive holds ${this.#archive.images.length} images; there is no number ${index}.`,
      )
    if (index !== this.#image.index) {
      if (inForce(this.#journal).length > 0)
        throw new ImageError(
          'bad-operation',
          'There are edits on the image that is open. Export or undo them before you open another image of this archive.',
        )
      this.#options.tasks.cancelAll()
      this.#image = image
      this.#layers = this.#layersOf(image)
      this.#asOf = this.#replayed = this.#view = this.#wasted = this.#ground = null
      const record = await this.#options.stores.archives.get(this.id)
      await this.#begin(record)
    }
    return this.imageView
  }

  member(index: number): Promise<MemberView> {
    this.#checkMember(index)
    return memberView(this.#archive, index)
  }

  downloadMember(index: number): Blob {
    this.#checkMember(index)
    return blobOf(this.#archive.members.body(this.#archive.members.list[index]))
  }

  #checkMember(index: number): void {
    if (!this.#archive.members.list[index])
      throw new ImageError('no-such-path', `The archive has no member number ${index}.`)
  }

  // ------------------------------------------------------------ trees

  #unionGrew(): void {
    this.#replayed = this.#wasted = this.#ground = null
    this.#refresh()
  }

  #refresh(): void {
    this.#view = null
    this.#version++
    this.#options.emit({ type: 'tree', summary: this.#shown().summary(this.#version, this.#layers.complete) })
  }

  #viewTree(view: ViewKind): ViewTree {
    const { tables } = this.#layers
    switch (view.kind) {
      case 'rootfs':
      case 'edits': {
        const edited = this.#edited()
        return { ...edited, ghosts: view.kind === 'edits', onlyTouched: view.kind === 'edits' }
      }
      case 'asOf':
      case 'only':
        return {
          tree: this.#treeAsOf(view.layer),
          sources: { tables, upper: [] },
          ghosts: true,
          onlyTouched: view.kind === 'only',
        }
    }
  }

  /** The union of layers 0..layer, the last one's change marked. */
  #treeAsOf(layer: number): Tree {
    if (layer < 0 || layer >= this.#layers.count)
      throw new ImageError('no-such-path', `There is no layer ${layer}.`)
    const top = Math.min(layer, this.#layers.united - 1)
    if (this.#asOf?.layer === top) return this.#asOf.tree
    const { tables } = this.#layers
    const tree = new Tree()
    for (let below = 0; below <= top; below++) applyLayer(tree, tables, below)
    tree.seal()
    if (top === layer) this.#asOf = { layer, tree }
    return tree
  }

  #edited(): Replayed['edited'] {
    if (!this.#replayed) this.#replayEdits()
    return this.#replayed!.edited
  }

  /** Edits wait until all layers are there: they may speak of any path. */
  #replayEdits(): void {
    const { complete } = this.#layers
    try {
      if (this.#ontoFault) throw this.#ontoFault
      const journal = complete ? this.#journal : EMPTY_JOURNAL
      this.#replayed = replay(this.#groundNow(), journal, undefined, true)
    } catch (thrown) {
      // A stored edit that does not fit any more (another Peel made it): the image opens, the edit is said to be lost.
      if (!(thrown instanceof ImageError)) throw thrown
      this.#layers.notices.add(
        'error',
        'edits-unfit',
        `The stored edits do not fit this image: ${thrown.message}`,
      )
      this.#replayed = replay(this.#groundNow(), EMPTY_JOURNAL)
    }
  }

  #groundNow(): Ground {
    return (this.#ground ??= groundOf(this.#layers, this.#onto))
  }

  /** The base that the edits in force rest on, before they are laid on it. */
  async #findBase(): Promise<void> {
    this.#ontoFault = null
    try {
      this.#setBase(await this.#baseOf(this.#journal))
    } catch (thrown) {
      this.#setBase(null)
      this.#ontoFault = thrown instanceof ImageError ? thrown : new ImageError('internal', String(thrown))
    }
  }

  #setBase(onto: Onto | null): void {
    if (onto === this.#onto) return
    this.#onto = onto
    this.#ground = null
  }

  async #baseOf(journal: Journal): Promise<Onto | null> {
    const base = newBaseIn(inForce(journal))
    return base && this.#bases.of(base, this.#image)
  }

  #shown(): View {
    this.#view ??= new View(
      this.#viewTree(this.#request.view),
      this.#request,
      this.#expandedIn(this.#request.view),
    )
    return this.#view
  }

  #expandedIn(view: ViewKind): Set<string> {
    const key = view.kind
    let set = this.#expanded.get(key)
    if (!set) this.#expanded.set(key, (set = new Set()))
    return set
  }

  #summary(): TreeSummary {
    return this.#shown().summary(this.#version, this.#layers.complete)
  }

  show(request: ViewRequest): TreeSummary {
    this.#request = request
    this.#view = null
    this.#version++
    return this.#summary()
  }

  rows(from: number, count: number): { version: number; rows: Row[] } {
    return { version: this.#version, rows: this.#shown().rows(from, Math.min(count, 1000)) }
  }

  expand(path: string, open: boolean, deep: boolean): TreeSummary {
    this.#shown().expand(path, open, deep)
    this.#version++
    return this.#summary()
  }

  reveal(path: string): { summary: TreeSummary; row: number } {
    const row = this.#shown().reveal(path)
    this.#version++
    return { summary: this.#summary(), row }
  }

  typeAhead(prefix: string, from: number): number {
    return this.#shown().typeAhead(prefix, from)
  }

  treemap(path: string, most: number): Treemap {
    return blocksOf(this.#shown(), path, Math.min(most, 2000))
  }

  // ------------------------------------------------------------ one path

  #at({ view, path }: PathRef): { at: At; shown: View } {
    const sameView =
      JSON.stringify(view) === JSON.stringify(this.#request.view) && this.#request.filter === ''
    const shown = sameView
      ? this.#shown()
      : new View(this.#viewTree(view), { view, filter: '', sort: 'name', descending: false }, new Set())
    const node = shown.nodeAt(path)
    if (node < 0) throw new ImageError('no-such-path', `There is no ${path} in this view.`, { path })
    return {
      shown,
      at: {
        tree: shown.tree,
        sources: shown.sources,
        node,
        open: (content) => this.#open(content),
        holds: (other) => shown.holds(other),
      },
    }
  }

  async #open(content: Content): Promise<ByteSource> {
    if (content.from === 'stored') return this.#stored(content.id)
    const { layer, row } = content
    return contentOf(this.#plainOf(layer), this.#groundNow().tables[layer], row)
  }

  /** Of the image's own layers, and behind them those of a new base. */
  #plainOf(layer: number): ByteSource {
    const { count } = this.#layers
    return layer < count || !this.#onto
      ? this.#layers.plainOf(layer)
      : this.#onto.layers.plainOf(layer - count)
  }

  async #stored(id: string): Promise<ByteSource> {
    const blob = await this.#options.stores.contents.get(id)
    if (!blob)
      throw new ImageError('not-kept', 'The contents of an edited file are gone from this browser’s storage.')
    return new BlobSource(blob)
  }

  details(ref: PathRef): Details {
    const { at, shown } = this.#at(ref)
    const { tree, sources, node } = at
    const entry = entryOf(tree, sources, node)
    return {
      row: shown.row(node),
      fields: fieldsOf(tree, node, entry),
      xattrs: xattrFields(entry),
      names: otherNames(tree, node),
      life: [
        ...lifeOf(this.#layers.tables, tree.pathBytes(node), (layer) => this.#stepOf(layer)),
        ...lifeInEdits(this.#edited(), tree.pathBytes(node)),
      ],
    }
  }

  #stepOf(layer: number): string {
    const step = this.#image.steps.find((candidate) => candidate.layer === layer)
    return instructionOf(step?.line?.created_by ?? '')
  }

  preview(ref: PathRef, from: number, length: number): Promise<Preview> {
    return previewOf(this.#at(ref).at, from, Math.min(length, 16 * 1024 * 1024))
  }

  async sameContents(one: PathRef, other: PathRef): Promise<boolean> {
    const [a, b] = await Promise.all([one, other].map((ref) => contentAt(this.#at(ref).at)))
    return asTask(this.#options.tasks, `comparing versions of ${one.path}`, a.size, 'bytes', (task) =>
      sameContents(a, b, task),
    )
  }

  async listing(ref: PathRef): Promise<Listing> {
    const { at } = this.#at(ref)
    const source = await contentAt(at)
    return asTask(this.#options.tasks, `listing ${ref.path}`, 0, 'bytes', ({ signal }) =>
      listingOf(source, ref.path.slice(ref.path.lastIndexOf('/') + 1), signal),
    )
  }

  async download(ref: PathRef): Promise<{ blob: Blob; fileName: string }> {
    const { at } = this.#at(ref)
    const name = ref.path.split('/').filter(Boolean).at(-1) ?? 'rootfs'
    if (!at.tree.isDirectory(at.node)) return { blob: blobOf(await contentAt(at)), fileName: name }
    const blob = await asTask(this.#options.tasks, `packing ${ref.path}`, 0, 'bytes', ({ signal }) =>
      directoryTar(at, signal),
    )
    return { blob, fileName: `${name}.tar` }
  }

  // ------------------------------------------------------------ search

  find(query: string, limit: number): FoundPaths {
    const { tree, sources } = this.#edited()
    const { total, nodes } = findPaths(tree, query, Math.min(limit, 500))
    const size = sizeIn(sources)
    return {
      total,
      paths: nodes.map((node) => ({
        path: tree.path(node),
        type: TYPE_WORDS[tree.type[node]],
        bytes: tree.isDirectory(node) ? 0 : size(tree, node),
        layer: tree.layer[node] === sources.tables.length ? -1 : tree.row[node] < 0 ? null : tree.layer[node],
      })),
    }
  }

  async search(request: SearchRequest, listener: (batch: SearchBatch) => void): Promise<void> {
    this.stopSearch()
    await this.#scanned
    const { tasks, pool } = this.#options
    const { tree, sources } = this.#edited()
    await asTask(tasks, 'searching contents', 0, 'bytes', async (task) => {
      this.#searching = task
      const plainOf = (layer: number) => this.#plainOf(layer)
      const stored = (id: string) => this.#stored(id)
      await searchContents({ tree, sources, plainOf, stored, pool }, request, task, listener)
    })
  }

  stopSearch(): void {
    this.#searching?.cancel()
    this.#searching = null
  }

  // ------------------------------------------------------------ waste

  async #wasteNow(): Promise<Wasted> {
    await this.#scanned
    const { union, tables } = this.#layers
    this.#wasted ??= new Wasted(union, tables)
    return this.#wasted
  }

  async waste(): Promise<WasteView> {
    return (await this.#wasteNow()).view
  }

  async wasteRows(from: number, count: number): Promise<WasteRow[]> {
    return (await this.#wasteNow()).rows(this.#edited().tree, from, count)
  }

  // ------------------------------------------------------------ edits

  get #tags(): readonly string[] {
    return tagsInForce(inForce(this.#journal), namesOf(this.#image))
  }

  get editsView(): EditsView {
    const operations = inForce(this.#journal)
    const config = editedConfig(this.#image.configBytes, configEdits(operations))
    const parsed = checked(ImageConfig, parseJson(config, {}), {})
    const { edited, lines } = this.#replayed ?? { edited: null, lines: [] }
    const { steps, done } = this.#journal
    return {
      operations: lines,
      canUndo: done > 0,
      canRedo: done < steps.length,
      undoes: lines.at(-1)?.words ?? '',
      redoes: steps[done]
        ? `${steps[done][0].op} ${'path' in steps[done][0] ? steps[done][0].path : ''}`.trim()
        : '',
      config: configView(parsed),
      configText: formattedConfig(config),
      tags: this.#tags,
      annotations: textPairs(annotationsInForce(operations, this.#image)),
      history: editedHistory(this.#image.config.history, parsed.history),
      stack: stackView(this.#replayed?.stack ?? UNTOUCHED, operations),
      bytesBefore: typeCounts(this.#layers.union, sizeIn({ tables: this.#layers.tables, upper: [] })).bytes,
      bytesAfter: edited ? typeCounts(edited.tree, sizeIn(edited.sources)).bytes : 0,
      saved: this.#saved,
    }
  }

  async edit(edits: readonly Edit[]): Promise<EditsView> {
    await this.#scanned
    if (edits.length > 0) await this.#mustBeMine()
    const { stores, now, newId } = this.#options
    const operations = await operationsFor(edits, stores.contents, Math.floor(now() / 1000), newId)
    return operations.length === 0 ? this.editsView : this.#commit((journal) => added(journal, operations))
  }

  async setConfigText(text: string): Promise<EditsView> {
    await this.#scanned
    const now = editedConfig(this.#image.configBytes, configEdits(inForce(this.#journal)))
    const operations = configOperations(now, text)
    return operations.length === 0 ? this.editsView : this.#commit((journal) => added(journal, operations))
  }

  async undo(): Promise<EditsView> {
    await this.#scanned
    return this.#commit(undone)
  }

  async redo(): Promise<EditsView> {
    await this.#scanned
    return this.#commit(redone)
  }

  async drop(index: number): Promise<EditsView> {
    await this.#scanned
    return this.#commit((journal) => without(journal, index))
  }

  /** Tried on the tree first, saved second, on screen third: what is on screen is on disk, and what does not fit changes nothing. */
  #commit(change: (journal: Journal) => Journal): Promise<EditsView> {
    const done = this.#committing.then(async () => {
      await this.#mustBeMine()
      return this.#commitOne(change(this.#journal))
    })
    this.#committing = done.catch(() => {})
    return done
  }

  async #commitOne(journal: Journal): Promise<EditsView> {
    const { stores, emit } = this.#options
    const { anyFault } = this.#layers
    if (!this.#layers.complete)
      throw new ImageError(
        anyFault?.code ?? 'bad-operation',
        'The image can be changed once its layers are read.',
      )
    const onto = await this.#baseOf(journal)
    const ground = onto === this.#onto ? this.#groundNow() : groundOf(this.#layers, onto)
    const replayed = replay(ground, journal)
    const config = editedConfig(this.#image.configBytes, configEdits(inForce(journal)))
    checked(ImageConfig, parseJson(config, {}), { member: 'The config' })
    await stores.journals.save(this.id, journal)
    const before = new Set(contentIds(this.#journal.steps.flat()))
    this.#journal = journal
    this.#onto = onto
    this.#ontoFault = null
    this.#ground = ground
    this.#replayed = replayed
    for (const id of contentIds(journal.steps.flat())) before.delete(id)
    for (const id of before) await stores.contents.remove(id)
    const record = await stores.archives.get(this.id)
    if (record) await stores.archives.put({ ...record, tags: this.#tags })
    this.#refresh()
    emit({ type: 'edits', edits: this.editsView })
    return this.editsView
  }

  async change(index: number): Promise<ChangeView> {
    await this.#scanned
    const open = (content: Content) => this.#open(content)
    return changeView(
      {
        image: this.#image,
        onto: this.#onto?.image ?? null,
        ground: this.#groundNow(),
        operations: inForce(this.#journal),
        open,
      },
      index,
    )
  }

  async recipe(): Promise<{ blob: Blob; fileName: string }> {
    const text = await recipeText(inForce(this.#journal), async (id) => {
      const source = await this.#stored(id)
      return source.read(0, source.size)
    })
    const name = (this.#tags[0] ?? this.#options.name.replace(/\.\w+$/, '')).replace(/[^A-Za-z0-9_.-]+/g, '-')
    return { blob: new Blob([text], { type: 'application/json' }), fileName: `${name}.recipe.json` }
  }

  /** One step, whatever it holds: tried first, its contents stored second, in force third. */
  async replayRecipe(text: string, beside: readonly File[]): Promise<EditsView> {
    await this.#scanned
    const { operations: read, contents } = await readRecipe(jsonOf(text), async (name) => {
      const file = beside.find((one) => one.name === name.split('/').at(-1))
      if (!file)
        throw new ImageError(
          'bad-operation',
          `The recipe names the file ${name}: choose it together with the recipe.`,
        )
      return new Uint8Array(await file.arrayBuffer())
    })
    if (read.length === 0) return this.editsView
    const onto = await this.#baseFor(read, beside)
    const operations = onto ? withBase(read, this.#image, onto) : read
    const before = inForce(this.#journal)
    const inRecipe = (index: number, fault: ImageError) =>
      index < before.length ? fault : namedLine(index - before.length, fault)
    replay(groundOf(this.#layers, onto), added(this.#journal, operations), inRecipe)
    mustFit(operations, this.#image)
    const { stores, newId } = this.#options
    const ids = new Map<string, string>()
    for (const [id, bytes] of contents) {
      ids.set(id, newId())
      await stores.contents.put(ids.get(id)!, new Blob([bytes]))
    }
    const stored = operations.map((operation) =>
      operation.op === 'write' ? { ...operation, content: ids.get(operation.content)! } : operation,
    )
    return this.#commit((journal) => added(journal, stored))
  }

  /** The base of a recipe: of a file beside it, of what is kept, or the one that is in force. */
  async #baseFor(operations: readonly Operation[], beside: readonly File[]): Promise<Onto | null> {
    const base = newBaseIn(operations)
    if (!base) return this.#onto
    const file = beside.find(({ name }) => name === base.file.split('/').at(-1))
    if (!file && base.diffIds.length === 0)
      throw new ImageError(
        'bad-operation',
        `The recipe puts the image onto ${base.file || 'another one'}: choose that archive together with the recipe.`,
      )
    return file ? this.#bases.file(file, this.#image, base.diffIds) : this.#bases.of(base, this.#image)
  }

  async copies(paths: readonly string[]): Promise<readonly CopyRow[]> {
    await this.#scanned
    const { tables } = this.#edited().sources
    return copiesOf(tables, paths, standing(this.#stack, this.#layers.count))
  }

  async layerPreview(edit: LayerEdit): Promise<LayerPreview> {
    await this.#scanned
    const { count } = this.#layers
    const from = this.#stack
    const to = stacked(from, edit, count)
    const onto = edit.op === 'rebase' ? await this.#bases.of(edit.onto, this.#image) : this.#onto
    const { tables } = groundOf(this.#layers, onto)
    return {
      ...stackPreview(tables, from, to),
      conflicts: edit.op === 'move' ? conflictsOf(tables, edit.layer, from, to, count) : [],
      shadowed: edit.op === 'rebase' ? shadowedBy(tables, to, count) : [],
    }
  }

  async baseFrom(from: File | string): Promise<BaseView> {
    const own = this.#image
    return this.#baseView(
      typeof from === 'string' ? await this.#bases.kept(from, own) : await this.#bases.file(from, own),
    )
  }

  async describeBase(from: File | string): Promise<BaseView> {
    return this.#baseView(await this.#bases.described(from, this.#image))
  }

  #baseView({ file, image }: Pick<Onto, 'file' | 'image'>): BaseView {
    return {
      base: { file, diffIds: image.layers.map(({ diffId }) => diffId) },
      tags: namesOf(image),
      platform: platformOf(image.config),
      shared: sharedLayers(this.#image, image),
    }
  }

  get #stack(): Stack {
    this.#edited()
    return this.#replayed!.stack
  }

  // ------------------------------------------------------------ export

  /** Of the archive as it was opened: the layers on screen as they are known, the other images' read now. */
  async report(): Promise<{ blob: Blob; fileName: string }> {
    await this.#scanned
    const { tasks, name, opened, pool } = this.#options
    const [image, layers] = [this.#image, this.#layers]
    const report = await asTask(tasks, 'writing the report', 0, '', ({ signal }) =>
      reportOf(name, opened, this.#archive, {
        files: false,
        verify: false,
        pool,
        signal,
        read: (other) => (other === image ? layers : null),
      }),
    )
    return {
      blob: new Blob([...reportText(report)], { type: 'application/json' }),
      fileName: `${name.replace(/(\.tar)?(\.\w+)?$/, '') || 'image'}.report.json`,
    }
  }

  rules(): Promise<EngineRow[]> {
    const layers = this.#layers
    return rowsOfOpened(this.#archive, this.#options.opened.compression, (image, layer) =>
      image === this.#image ? layers.views[layer].verified : null,
    )
  }

  get #exportable(): Exportable {
    const { name, opened, pool } = this.#options
    if (this.#ontoFault) throw this.#ontoFault
    const edited = this.#edited()
    return {
      name,
      opened,
      archive: this.#archive,
      image: this.#image,
      layers: this.#layers,
      operations: inForce(this.#journal),
      edited,
      stack: this.#replayed!.stack,
      onto: this.#onto,
      tags: this.#tags,
      stored: (id) => this.#stored(id),
      pool,
    }
  }
}

function stackView(stack: Stack, operations: readonly Operation[]): EditsView['stack'] {
  const { dropped, ranges, scrubbed, order, rebased, reclaimed } = stack
  const base = newBaseIn(operations)
  return {
    touched: !isUntouched(stack),
    keepsLayers: keepsLayers(stack),
    dropped: [...dropped],
    squashed: ranges,
    scrubbed,
    reclaimed,
    order,
    rebased: rebased && base ? { replaced: rebased.replaced, base } : null,
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    throw new ImageError('bad-json', `This is no recipe: ${(thrown as Error).message}`)
  }
}
