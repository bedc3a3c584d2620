/** Where the person is in the open image: tab, view, shape, path, step; and the address and history that say so. */
import type { MemberView, Recent, Row, SearchHit, StepView, ViewKind } from '../../workers/api'
import {
  hashOf,
  home,
  routeOf,
  unfiltered,
  type Colouring,
  type Facet,
  type Route,
  type Shape,
  type Tab,
} from './route'
import { room } from './room.svelte'
import type { Workspace } from './workspace.svelte'

/** On a narrow screen one of them is seen at a time. */
export type PaneName = 'layers' | 'center' | 'inspector'

export class Place {
  readonly #workspace: Workspace
  #tab = $state<Tab>('files')
  #step = $state<number | null>(null)
  #member = $state.raw<MemberView | null>(null)
  #memberIndex = $state<number | null>(null)
  #pane = $state<PaneName>('center')
  #shape = $state<Shape>('list')
  /** Where the address leads, until the archive is open that it leads into. */
  #awaited = $state.raw<Route | null>(null)
  /** The next change of the address replaces the last one: moving about is no page of the history. */
  #quietly = true
  /** Counted up with each move: what is still on its way to where an earlier one led gives up. */
  #turn = 0
  /** On the way to where the address leads: what is passed until then is not written into it. */
  #going = $state(false)

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  get tab(): Tab {
    return this.#tab
  }
  get step(): number | null {
    return this.#step
  }
  get stepView(): StepView | null {
    return this.#step === null ? null : (this.#workspace.steps[this.#step] ?? null)
  }
  get member(): MemberView | null {
    return this.#member
  }
  get memberIndex(): number | null {
    return this.#memberIndex
  }
  get pane(): PaneName {
    return this.#pane
  }
  get shape(): Shape {
    return this.#shape
  }
  /** Where an address leads whose archive is not open yet. */
  get awaited(): Route | null {
    return this.#awaited
  }
  readonly route = $derived.by((): Route => {
    const { archive, files, inspector, treemap } = this.#workspace
    if (!archive) return home
    return {
      archive: archive.id,
      image: archive.image,
      tab: this.#tab,
      view: files.view,
      shape: this.#shape,
      zoom: treemap.zoomed,
      colouring: treemap.colouring,
      narrowing: files.request,
      path: inspector.at?.path ?? '',
      facet: inspector.turnedTo,
      step: this.#step,
      member: this.#memberIndex,
    }
  })

  /** For another archive. */
  reset(): void {
    this.#move(this.#quietly)
    this.#tab = 'files'
    this.#step = null
    this.#member = null
    this.#memberIndex = null
  }

  /** For another image of the archive. */
  leaveStep(): void {
    this.#step = null
  }

  // ---- the address

  /** Keeps the address up to date. Answers how to stop. */
  keepAddress(): () => void {
    return $effect.root(() => {
      $effect(() => this.#write(hashOf(this.route)))
    })
  }

  #write(hash: string): void {
    // An address from elsewhere stays until its image is open here as well.
    if (this.#workspace.opening !== '' || this.#going || hash === location.hash || this.#awaited) return
    const address = hash === '' ? location.pathname + location.search : hash
    if (this.#quietly) history.replaceState(null, '', address)
    else history.pushState(null, '', address)
    this.#quietly = true
  }

  /** Somebody moves on; answers whether they have moved on again since. `quietly`: it is no page of the history. */
  #move(quietly = false): () => boolean {
    const turn = ++this.#turn
    this.#going = false
    this.#quietly = quietly
    return () => turn !== this.#turn
  }

  /** The next change is a page of the history. */
  turnPage(): void {
    this.#quietly = false
  }

  /** Takes up where the address says. */
  async begin(): Promise<void> {
    const route = routeOf(location.hash)
    if (route.archive !== '') this.#awaited = route
    const known = await this.#known(route)
    if (known) await this.#workspace.reopen(known, route)
  }

  async #known({ archive }: Route): Promise<Recent | null> {
    const recents = await this.#workspace.refreshRecents()
    return recents?.find((recent) => recent.id === archive) ?? null
  }

  /** The address was changed: by back, by forward or by hand. */
  async follow(hash: string): Promise<void> {
    const { archive } = this.#workspace
    const route = routeOf(hash)
    this.#move(true)
    this.#awaited = null
    if (route.archive === '') return archive ? this.#workspace.closeImage() : undefined
    if (route.archive === archive?.id) return this.goTo(route)
    const known = await this.#known(route)
    if (known) return this.#workspace.reopen(known, route)
    this.#awaited = route
    await this.#workspace.closeImage()
  }

  /** Where the address leads in this archive; whatever it led to, it waits no longer. */
  arrive(archive: string): Route | null {
    const awaited = this.#awaited
    this.#awaited = null
    return awaited?.archive === archive ? awaited : null
  }

  /** Whatever of it the address says is so at once; rows, bytes and blocks follow. Given up where somebody moves on meanwhile. */
  async goTo(route: Route): Promise<void> {
    const left = this.#move(true)
    this.#going = true
    try {
      await this.#travel(route, left)
    } finally {
      if (!left()) this.#going = false
    }
  }

  async #travel(route: Route, left: () => boolean): Promise<void> {
    const { archive, files, treemap } = this.#workspace
    if (!archive) return
    if (route.image !== archive.image && route.image < archive.images.length) {
      await this.#workspace.chooseImage(route.image)
      if (left()) return
    }
    this.#tab = route.tab
    this.#step = route.step
    this.#shape = route.shape
    if (route.shape === 'treemap') treemap.restore(route.zoom, route.colouring)
    const shown = files.show({
      ...route.narrowing,
      view: this.#existing(route.view),
      flat: route.shape === 'flat',
    })
    await Promise.all([shown, this.#readMember(route.member), this.#lookAtRoute(route, shown, left)])
    // The map followed the path, and may have left what it was zoomed to.
    if (!left() && route.shape === 'treemap' && treemap.zoomed !== route.zoom)
      await treemap.zoom(route.zoom, route.path)
  }

  /** `shown`: when the tree is that of the route. */
  async #lookAtRoute({ path, facet }: Route, shown: Promise<void>, left: () => boolean): Promise<void> {
    const { files, inspector } = this.#workspace
    if (path === '') return inspector.close()
    const at = { view: files.view, path }
    inspector.turnTo(facet)
    const again = inspector.at?.path === path
    const looked = again ? null : inspector.inspect(at, null)
    await shown
    // What is looked at already stays where the tree does not have it.
    if (!left() && (await files.reveal(path)) && again && !left()) await inspector.inspect(at, null)
    await looked
    // A text that was looked at as hex is hex again.
    if (!left() && facet !== 'text') inspector.turnTo(facet)
  }

  #existing(view: ViewKind): ViewKind {
    const names = view.kind === 'asOf' || view.kind === 'only'
    return names && view.layer >= (this.#workspace.image?.steps.length ?? 0) ? { kind: 'rootfs' } : view
  }

  // ---- looking

  turnTo(tab: Tab): void {
    this.#move()
    this.#tab = tab
    this.#pane = 'center'
  }

  shapeAs(shape: Shape): void {
    this.#move()
    this.#take(shape)
  }

  #take(shape: Shape): void {
    this.#tab = 'files'
    this.#pane = 'center'
    this.#shape = shape
    if (this.#workspace.files.isFlat !== (shape === 'flat'))
      void this.#workspace.files.show({ flat: shape === 'flat' })
  }

  /** Makes a directory the whole of the treemap. */
  zoomTo(path: string, from = ''): Promise<void> {
    this.#move()
    return this.#workspace.treemap.zoom(path, from)
  }

  zoomOut(): Promise<void> {
    this.#move()
    return this.#workspace.treemap.zoomOut()
  }

  colourBy(colouring: Colouring): void {
    this.#move()
    this.#workspace.treemap.colourBy(colouring)
  }

  showPane(pane: PaneName): void {
    this.#pane = pane
  }

  /** A step of the list of layers: its own changes in the tree, itself under the glass. */
  chooseStep(index: number): void {
    const layer = this.#workspace.image?.steps[index]?.layer ?? null
    this.#move()
    this.#step = index
    this.#memberIndex = null
    this.#pane = 'inspector'
    this.#workspace.inspector.close()
    if (layer !== null && this.#tab === 'files') {
      const kind = this.#workspace.files.view.kind === 'asOf' ? 'asOf' : 'only'
      void this.#workspace.files.show({ view: { kind, layer } })
    }
  }

  showView(view: ViewKind): void {
    this.#move()
    this.#tab = 'files'
    this.#pane = 'center'
    if (view.kind === 'rootfs' || view.kind === 'edits') this.#step = null
    void this.#workspace.files.show({ view })
  }

  /** Puts a row under the glass. `quietly`: the cursor only passes by. */
  inspect(row: Row, quietly = false): void {
    this.#move(quietly)
    this.#step = null
    if (!quietly) this.#pane = 'inspector'
    void this.#workspace.inspector.inspect({ view: this.#workspace.files.view, path: row.path }, row)
  }

  /** Puts a path of the tree's own view under the glass, and the tree's cursor on it. `quietly`: the cursor only passes by. */
  lookAtTree(path: string, quietly = false): void {
    this.#move(quietly)
    this.#step = null
    if (!quietly) this.#pane = 'inspector'
    void this.#workspace.files.reveal(path)
    void this.#workspace.inspector.inspect({ view: this.#workspace.files.view, path }, null)
  }

  /** Puts a path under the glass as a view has it, and leaves the tree as it is. */
  lookAt(path: string, view: ViewKind, facet: Facet): void {
    this.#move()
    this.#step = null
    this.#pane = 'inspector'
    this.#workspace.inspector.turnTo(facet)
    void this.#workspace.inspector.inspect({ view, path }, null)
  }

  /** Finds a path in the tree and puts it under the glass. */
  goToPath(path: string): Promise<void> {
    return this.#find(path, this.#move())
  }

  async #find(path: string, left: () => boolean): Promise<void> {
    this.#tab = 'files'
    if (this.#shape === 'treemap' && room.isForOne) this.#take('list')
    const found = await this.#workspace.files.reveal(path)
    if (left()) return
    if (found) {
      this.#step = null
      await this.#workspace.inspector.inspect({ view: this.#workspace.files.view, path }, null)
    } else this.#workspace.say(`${path} is not in this view.`)
  }

  /** Goes to a path of the final filesystem, whatever the tree shows now. */
  openPath(path: string): Promise<void> {
    return this.#findInRootfs(path, this.#move())
  }

  async #findInRootfs(path: string, left: () => boolean): Promise<void> {
    this.#tab = 'files'
    this.#pane = 'inspector'
    const { view } = this.#workspace.files.request
    if (view.kind !== 'rootfs' || this.#workspace.files.isFiltered)
      await this.#workspace.files.show({ view: { kind: 'rootfs' }, ...unfiltered })
    if (!left()) await this.#find(path, left)
  }

  /** Goes to the bytes that a search found: in the tree, or, in a version that nobody sees, in its layer. */
  async openHit({ path, layer, hidden, at, length }: SearchHit): Promise<void> {
    const left = this.#move()
    const view: ViewKind = hidden ? { kind: 'asOf', layer } : { kind: 'rootfs' }
    if (!hidden) await this.#findInRootfs(path, left)
    if (left()) return
    this.#tab = 'files'
    this.#step = null
    this.#pane = 'inspector'
    await this.#workspace.inspector.seek({ view, path }, { at, length })
  }

  chooseMember(index: number): Promise<void> {
    this.#move()
    return this.#readMember(index)
  }

  async #readMember(index: number | null): Promise<void> {
    this.#memberIndex = index
    if (index === null) return
    const member = await this.#workspace.run('reading a member', () => this.#workspace.engine.member(index))
    if (this.#memberIndex === index) this.#member = member
  }

  /** Hashes the member under the glass, whatever its size. */
  async checkMember(): Promise<void> {
    const index = this.#memberIndex
    if (index === null) return
    const member = await this.#workspace.run('checking a member', () =>
      this.#workspace.engine.member(index, true),
    )
    if (member && this.#memberIndex === index) this.#member = member
  }
}
