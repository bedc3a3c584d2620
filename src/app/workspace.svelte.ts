/** The open image as the page knows it: events of the engine in, calls out. Components read it and use its verbs. */
import type {
  Access,
  ArchiveView,
  EngineEvent,
  ImageView,
  LayerView,
  Notice,
  OpenedFile,
  Recent,
  StepView,
  TaskView,
  ViewKind,
} from '../../workers/api'
import { faultOf, type Fault } from '../core/fault/fault'
import { onNewVersion } from '../../workers/register-service-worker'
import { startEngine, type Engine } from './engine'
import { Editing } from './editing.svelte'
import { FilesPane, type Desk } from './files.svelte'
import { Inspector } from './inspector.svelte'
import { Install } from './install.svelte'
import type { Dropped } from './opening'
import { Place } from './place.svelte'
import { Questions, type Question } from './questions.svelte'
import { Recipes } from './recipes.svelte'
import type { Route } from './route'
import { copyText, download } from './saving'
import { SearchPane } from './search.svelte'
import { TreemapPane } from './treemap.svelte'
import { Unfolded } from './unfolded.svelte'
import { nameOf } from './words'

/** A fault on screen, with what was being done. */
export interface Trouble {
  readonly id: number
  readonly during: string
  readonly fault: Fault
}

export type Storage = Extract<EngineEvent, { type: 'storage' }>['state']
export type Network = 'checking' | 'blocked' | 'open'
export class Workspace implements Desk {
  #engine: Engine
  #archive = $state.raw<ArchiveView | null>(null)
  #image = $state.raw<ImageView | null>(null)
  #layers = $state.raw<readonly LayerView[]>([])
  #notices = $state.raw<readonly Notice[]>([])
  #tasks = $state.raw<readonly TaskView[]>([])
  #storage = $state<Storage>('keeping')
  #access = $state<Access>('asking')
  /** An image whose file is asked for again: its changes wait for it. */
  #awaited = $state.raw<{ readonly id: string; readonly name: string } | null>(null)
  #recents = $state.raw<readonly Recent[] | null>(null)
  #network = $state<Network>('checking')
  #troubles = $state.raw<readonly Trouble[]>([])
  #opening = $state('')
  #stopped = $state(false)
  #said = $state('')
  /** Something about what is open that should stay on screen. */
  #note = $state('')
  #renew = $state.raw<(() => void) | null>(null)
  #opened: FileSystemFileHandle | null = null
  #openings = 0
  #troubleCount = 0
  #writes = 0
  /** Files that came together, of which one is open. */
  #shelf = $state.raw<readonly OpenedFile[]>([])
  #onShelf = $state(0)

  readonly place: Place
  readonly files: FilesPane
  readonly inspector: Inspector
  readonly search: SearchPane
  readonly treemap: TreemapPane
  readonly questions = new Questions()
  readonly editing: Editing
  readonly recipes: Recipes
  readonly unfolded = new Unfolded()
  readonly install = new Install()

  constructor(engine: Engine = startEngine()) {
    this.#engine = engine
    this.place = new Place(this)
    this.files = new FilesPane(this)
    this.inspector = new Inspector(this)
    this.search = new SearchPane(this)
    this.treemap = new TreemapPane(this, this.files)
    this.editing = new Editing(this)
    this.recipes = new Recipes(this, this.editing)
    this.#listen()
    onNewVersion((apply) => (this.#renew = apply))
  }

  // ---- what is known

  get engine(): Engine {
    return this.#engine
  }
  get archive(): ArchiveView | null {
    return this.#archive
  }
  get image(): ImageView | null {
    return this.#image
  }
  get layers(): readonly LayerView[] {
    return this.#layers
  }
  get notices(): readonly Notice[] {
    return this.#notices
  }
  get tasks(): readonly TaskView[] {
    return this.#tasks
  }
  get access(): Access {
    return this.#access
  }
  /** Whether another tab, or a newer program, is the one that may change the image. */
  get readOnly(): boolean {
    return this.#access === 'other' || this.#access === 'newer'
  }
  get awaited(): { readonly id: string; readonly name: string } | null {
    return this.#awaited
  }
  /** Whether the address leads into an image that this browser does not have. */
  get isElsewhere(): boolean {
    return this.place.awaited !== null && this.#recents !== null && !this.#awaited && this.#opening === ''
  }
  get storage(): Storage {
    return this.#storage
  }
  /** Null until they are known. */
  get recents(): readonly Recent[] | null {
    return this.#recents
  }
  get network(): Network {
    return this.#network
  }
  get troubles(): readonly Trouble[] {
    return this.#troubles
  }
  /** Name of what is being opened; "" while nothing is. */
  get opening(): string {
    return this.#opening
  }
  /** The engine is gone and waits to be started again. */
  get stopped(): boolean {
    return this.#stopped
  }
  get note(): string {
    return this.#note
  }
  /** Something is being written that leaving the page would cut off. */
  get writing(): boolean {
    return this.#writes > 0
  }
  /** The last thing worth hearing, for the live region. */
  get said(): string {
    return this.#said
  }
  /** Puts a newer version of the page in force and reloads; null while there is none. */
  get renew(): (() => void) | null {
    return this.#renew
  }
  get shelf(): readonly OpenedFile[] {
    return this.#shelf
  }
  get onShelf(): number {
    return this.#onShelf
  }
  get openedHandle(): FileSystemFileHandle | null {
    return this.#opened
  }
  /** The steps, with the words of the history that the edits give them. */
  readonly steps = $derived.by((): readonly StepView[] => {
    const edited = this.editing.edits?.history ?? {}
    return (this.#image?.steps ?? []).map((step) =>
      step.history !== null && edited[step.history] ? { ...step, ...edited[step.history] } : step,
    )
  })
  readonly tags = $derived.by(() => this.editing.edits?.tags ?? this.#image?.tags ?? [])
  readonly title = $derived.by(() => this.tags[0] ?? this.#archive?.name ?? '')
  readonly verified = $derived.by(() => this.#layers.filter((layer) => layer.verified === true).length)
  layer(index: number): LayerView | null {
    return this.#layers[index] ?? null
  }

  // ---- beginning

  /** Takes up where the address says, and keeps the address up to date from then on. Answers how to stop. */
  start(): () => void {
    void this.#measure()
    void this.place.begin()
    return this.place.keepAddress()
  }

  async #measure(): Promise<void> {
    const blocked = await this.run('measuring the network', () => this.#engine.probeNetwork())
    if (blocked !== null) this.#network = blocked ? 'blocked' : 'open'
  }

  // ---- the engine

  #listen(): void {
    const engine = this.#engine
    void this.run('starting', () => engine.subscribe((events) => this.#hear(events)))
    void engine.died.then((fault) => {
      if (engine !== this.#engine) return
      this.#stopped = true
      this.#opening = ''
      this.#tasks = []
      this.#report(fault, 'working in the background')
    })
  }

  /** A new engine, and in it what was open: layers and edits are in this browser's storage. */
  async restart(): Promise<void> {
    const { archive } = this
    const { route } = this.place
    this.#troubles = []
    this.#stopped = false
    this.#engine = startEngine()
    this.#listen()
    const known = (await this.refreshRecents())?.find((recent) => recent.id === archive?.id)
    if (known) await this.reopen(known, route)
  }

  #hear(events: readonly EngineEvent[]): void {
    let layers: LayerView[] = []
    for (const event of events)
      if (event.type === 'layer') layers.push(event.layer)
      else {
        this.#takeLayers(layers)
        layers = []
        this.#take(event)
      }
    this.#takeLayers(layers)
  }

  #take(event: Exclude<EngineEvent, { type: 'layer' }>): void {
    switch (event.type) {
      case 'archive':
        return this.#adopt(event.archive)
      case 'image':
        return this.#takeImage(event.image)
      case 'tree':
        return this.files.take(event.summary)
      case 'edits':
        return this.editing.take(event.edits)
      case 'notices':
        this.#notices = event.notices
        return
      case 'tasks':
        this.#tasks = event.tasks
        return
      case 'storage':
        this.#storage = event.state
        return
      case 'access':
        this.#access = event.access
        return
      case 'closed':
        return this.#clear()
    }
  }

  /** All of a turn together: every row of the list looks when the list is another one. */
  #takeLayers(layers: readonly LayerView[]): void {
    if (layers.length === 0) return
    const before = this.#layers
    const now = before.slice()
    for (const layer of layers) now[layer.index] = layer
    this.#layers = now
    for (const layer of layers) this.#reportLayer(layer, before[layer.index])
  }

  /** A layer that turns out to be broken is said once; the image stays open. */
  #reportLayer(layer: LayerView, before: LayerView | undefined): void {
    if (layer.fault && !before?.fault) this.#report(layer.fault, `reading layer ${layer.index}`)
    else if (layer.verified === false && before?.verified !== false)
      this.#report(
        {
          code: 'digest-mismatch',
          message: `Layer ${layer.index} is not what its digest says.`,
          where: { layer: layer.index },
        },
        `checking layer ${layer.index}`,
      )
  }

  #adopt(archive: ArchiveView): void {
    if (archive.id !== this.#archive?.id) this.#clear()
    this.#archive = archive
  }

  #takeImage(image: ImageView): void {
    if (this.#image && (image.index !== this.#image.index || image.id !== this.#image.id)) {
      this.#layers = []
      this.place.leaveStep()
    }
    this.#image = image
  }

  #clear(): void {
    this.#archive = null
    this.#image = null
    this.#layers = []
    this.editing.reset()
    this.#notices = []
    this.#tasks = []
    this.place.reset()
    this.#access = 'asking'
    // That of the image before says nothing of the next one; that there is no storage is so for all.
    if (this.#storage !== 'unavailable') this.#storage = 'keeping'
    this.#opened = null
    this.files.reset()
    this.search.reset()
    this.treemap.reset()
    this.recipes.reset()
    this.questions.done()
    this.unfolded.reset()
    this.inspector.close()
    this.inspector.forgetDrafts()
  }

  /** While `job` lasts, the page is not left without asking. */
  async guarded<T>(job: () => Promise<T>): Promise<T> {
    this.#writes++
    try {
      return await job()
    } finally {
      this.#writes--
    }
  }

  // ---- faults

  async run<T>(during: string, call: () => Promise<T>): Promise<T | null> {
    try {
      return await call()
    } catch (thrown) {
      this.#report(faultOf(thrown), during)
      return null
    }
  }

  #report(fault: Fault, during: string): void {
    if (fault.code === 'cancelled') return this.say('Cancelled.')
    if (fault.code === 'source-changed') {
      // What this browser keeps does not need the file.
      if (this.#storage === 'kept' && this.#archive) return void this.#goOnWithout()
      this.#awaited = this.#archive && { id: this.#archive.id, name: this.title }
    }
    // Everything that was asked of a dead engine fails with the same words: once is enough.
    if (
      this.#troubles.some((known) => known.fault.message === fault.message && known.fault.code === fault.code)
    )
      return
    this.#troubles = [...this.#troubles.slice(-4), { id: ++this.#troubleCount, during, fault }]
  }

  /** The file on disk is another one now, and everything of the old one is in this browser. */
  async #goOnWithout(): Promise<void> {
    const { archive } = this
    const { route } = this.place
    const known = (await this.refreshRecents())?.find((recent) => recent.id === archive?.id)
    if (!known) return
    await this.reopen(known, route)
    this.say('The file on disk was changed or is gone. Peel goes on with what this browser keeps.')
    this.#note = 'The file on disk was changed or is gone. Peel goes on with what this browser keeps of it.'
  }

  /** Shows a fault that did not come from the engine. */
  fail(thrown: unknown, during: string): void {
    this.#report(faultOf(thrown), during)
  }

  dismissNote(): void {
    this.#note = ''
  }

  takeOver(): void {
    void this.run('taking over', () => this.#engine.takeOver())
  }

  dismiss(id: number): void {
    this.#troubles = this.#troubles.filter((trouble) => trouble.id !== id)
  }

  say(words: string): void {
    this.#said = words
  }

  // ---- opening and closing

  /** The one door for whatever was dropped, chosen, pasted or handed over by the system. */
  async openDropped({ files, folder, handle }: Dropped): Promise<void> {
    if (files.length === 0) return this.say('Nothing to open in there.')
    const several = folder === '' && files.length > 1 && files.every(({ path }) => path === '')
    this.#shelf = several ? files : []
    this.#onShelf = 0
    if (several) return this.openFromShelf(0)
    const name = folder === '' ? files[0].file.name : folder
    const opened = files.map(({ path, file }) => ({ path: folder === '' ? path : `${folder}/${path}`, file }))
    await this.open(opened, name, handle)
  }

  /** One of several files that came together: each is an image of its own, and keeps its edits while another is open. */
  async openFromShelf(index: number): Promise<void> {
    const chosen = this.#shelf[index]
    if (!chosen) return
    this.#onShelf = index
    await this.open([chosen], chosen.file.name, null)
  }

  async open(files: readonly OpenedFile[], name: string, handle: FileSystemFileHandle | null): Promise<void> {
    const archive = await this.#open(name, () => this.#engine.open(files))
    if (archive) this.#opened = handle
  }

  async openSample(): Promise<void> {
    this.#shelf = []
    await this.#open('a sample image', () => this.#engine.openSample())
  }

  async reopen(recent: Recent, route: Route | null = null): Promise<void> {
    this.#shelf = []
    this.#awaited = null
    const archive = await this.#open(recent.name, () => this.#engine.reopen(recent.id), route)
    if (!archive) this.#awaited = { id: recent.id, name: recent.tags[0] ?? recent.name }
  }

  async #open(
    name: string,
    call: () => Promise<ArchiveView>,
    route: Route | null = null,
  ): Promise<ArchiveView | null> {
    const opening = ++this.#openings
    this.#opening = name
    this.#troubles = []
    const archive = await this.run(`opening ${name}`, call)
    if (opening !== this.#openings) return null
    // Before the way to its address: what is done on the way is a page of the history.
    this.#opening = ''
    if (archive) {
      const led = this.place.arrive(archive.id)
      route ??= led
      this.#adopt(archive)
      this.#note = this.#welcome(archive)
      this.say(this.#note === '' ? `${name} is open.` : this.#note)
      if (route) await this.place.goTo(route)
      else {
        this.place.turnPage()
        await this.files.show({})
      }
    }
    void this.refreshRecents()
    return archive
  }

  /** Whether it is the image whose file was asked for again: told by its digests, whatever the file is called. */
  #welcome(archive: ArchiveView): string {
    const awaited = this.#awaited
    if (!awaited) return ''
    this.#awaited = null
    return archive.id === awaited.id
      ? `This is ${awaited.name} again, by its digests: your changes are all there.`
      : `This is another image than ${awaited.name}, whose changes are kept and wait for its own file.`
  }

  async closeImage(): Promise<void> {
    this.#shelf = []
    await this.run('closing', () => this.#engine.close())
    this.#note = ''
    this.#clear()
    await this.refreshRecents()
  }

  async refreshRecents(): Promise<readonly Recent[] | null> {
    const recents = await this.run('looking for recent images', () => this.#engine.recents())
    if (recents) this.#recents = recents
    return recents
  }

  async forget(id: string): Promise<void> {
    await this.run('forgetting an image', () => this.#engine.forget(id))
    await this.refreshRecents()
  }

  async chooseImage(index: number): Promise<void> {
    const image = await this.run('choosing an image', () => this.#engine.chooseImage(index))
    if (!image || !this.#archive) return
    this.#archive = { ...this.#archive, image: index }
    this.inspector.close()
    this.files.reset()
    this.search.reset()
    this.treemap.reset()
    this.#takeImage(image)
    await this.files.show({})
  }

  // ---- looking

  async downloadPath(path: string): Promise<void> {
    await this.downloadVersion(path, this.files.view)
  }

  async downloadVersion(path: string, view: ViewKind): Promise<void> {
    const made = await this.run('downloading', () => this.#engine.download({ view, path }))
    if (made) download(made.blob, made.fileName)
  }

  async downloadMember(index: number): Promise<void> {
    const blob = await this.run('downloading', () => this.#engine.downloadMember(index))
    if (blob) download(blob, nameOf(this.#archive?.members[index]?.path ?? 'member'))
  }

  async downloadReport(): Promise<void> {
    const made = await this.run('writing the report', () => this.#engine.report())
    if (made) download(made.blob, made.fileName)
  }

  /** True once the text is in the clipboard; said either way. */
  async copy(text: string): Promise<boolean> {
    const copied = await copyText(text)
    this.say(copied ? 'Copied.' : 'The browser does not let this page copy. Select the text instead.')
    return copied
  }

  ask(question: Question): void {
    this.questions.ask(question)
  }

  /** The person does something: what runs in the background leaves the cores to them. */
  makeWay(): void {
    if (this.#tasks.length > 0) this.#engine.makeWay().catch(() => {}) // A dead engine is in nobody's way.
  }

  cancel(task: number): void {
    void this.run('cancelling', () => this.#engine.cancel(task))
  }
}
