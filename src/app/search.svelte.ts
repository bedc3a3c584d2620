/** The search over the open image: paths by name as they are typed, contents on request. */
import type { FoundPaths, SearchBatch, SearchHit } from '../../workers/api'
import { faultOf, type Fault } from '../core/fault/fault'
import type { Desk } from './files.svelte'

export type SearchMode = 'everything' | 'contents'

const none: FoundPaths = { total: 0, paths: [] }
/** Paths asked for; the list says how many more there are. */
const shown = 50

export class SearchPane {
  readonly #desk: Desk
  #query = $state('')
  #mode = $state<SearchMode>('everything')
  #paths = $state.raw<FoundPaths>(none)
  #finding = $state(false)
  #found: Promise<void> = Promise.resolve()
  #regex = $state(false)
  #matchCase = $state(false)
  #hidden = $state(false)
  #hits = $state.raw<readonly SearchHit[]>([])
  #progress = $state.raw<SearchBatch | null>(null)
  #running = $state(false)
  #fault = $state.raw<Fault | null>(null)
  /** What the hits on screen are of. */
  #asked = $state('')
  #turn = 0
  #searches = 0

  constructor(desk: Desk) {
    this.#desk = desk
  }

  get query(): string {
    return this.#query
  }
  get mode(): SearchMode {
    return this.#mode
  }
  get paths(): FoundPaths {
    return this.#paths
  }
  /** Whether the paths are still those of what stood in the box before. */
  get finding(): boolean {
    return this.#finding
  }
  get regex(): boolean {
    return this.#regex
  }
  set regex(value: boolean) {
    this.#regex = value
  }
  get matchCase(): boolean {
    return this.#matchCase
  }
  set matchCase(value: boolean) {
    this.#matchCase = value
  }
  get hidden(): boolean {
    return this.#hidden
  }
  set hidden(value: boolean) {
    this.#hidden = value
  }
  get hits(): readonly SearchHit[] {
    return this.#hits
  }
  get progress(): SearchBatch | null {
    return this.#progress
  }
  get running(): boolean {
    return this.#running
  }
  get fault(): Fault | null {
    return this.#fault
  }
  /** Whether the hits are of what stands in the box now. */
  get answered(): boolean {
    return this.#asked === this.#wanted
  }
  get #wanted(): string {
    return JSON.stringify([this.#query, this.#regex, this.#matchCase, this.#hidden])
  }

  turnTo(mode: SearchMode): void {
    this.#mode = mode
    if (mode === 'everything') void this.type(this.#query)
  }

  type(query: string): Promise<void> {
    this.#query = query
    this.#fault = null
    return (this.#found = this.#find(query, ++this.#turn))
  }

  async #find(query: string, turn: number): Promise<void> {
    const isOfPaths = this.#mode === 'everything' && query.trim() !== '' && !query.startsWith('>')
    this.#finding = isOfPaths
    if (this.#mode === 'contents') return
    const paths = isOfPaths ? await this.#desk.engine.find(query, shown).catch(() => none) : none
    if (turn !== this.#turn) return
    this.#paths = paths
    this.#finding = false
  }

  /** Resolves once the paths are those of what stands in the box: who types and presses Enter means what they typed. */
  async settled(): Promise<void> {
    for (let found = null; found !== this.#found;) await (found = this.#found)
  }

  async searchContents(): Promise<void> {
    this.#mode = 'contents'
    if (this.#query === '') return
    const search = ++this.#searches
    const mine = () => search === this.#searches
    this.#hits = []
    this.#progress = null
    this.#fault = null
    this.#running = true
    this.#asked = this.#wanted
    const request = {
      text: this.#query,
      regex: this.#regex,
      matchCase: this.#matchCase,
      hidden: this.#hidden,
    }
    try {
      await this.#desk.engine.search(request, (batch) => {
        if (!mine()) return
        this.#progress = batch
        if (batch.hits.length > 0) this.#hits = [...this.#hits, ...batch.hits]
      })
    } catch (thrown) {
      const fault = faultOf(thrown)
      if (mine() && fault.code !== 'cancelled') this.#fault = fault
    }
    if (mine()) this.#running = false
  }

  stop(): void {
    this.#searches += 1
    this.#running = false
    void this.#desk.run('stopping the search', () => this.#desk.engine.stopSearch())
  }

  /** Back to the beginning, for another image. */
  reset(): void {
    if (this.#running) this.stop()
    this.#query = ''
    this.#mode = 'everything'
    this.#paths = none
    this.#hits = []
    this.#progress = null
    this.#fault = null
    this.#asked = ''
  }
}
