/** The tree on screen: which view of it, the rows in sight, where the cursor stands and what is selected. */
/* eslint-disable svelte/prefer-svelte-reactivity -- Maps here are replaced and never changed: $state.raw. */
import type { Row, RowsFrom, SortKey, TreeSummary, ViewKind, ViewRequest } from '../../workers/api'
import { faultOf } from '../core/fault/fault'
import type { Engine } from './engine'
import { unfiltered } from './route'
import { RowWindow, type Range } from './window'

/** What a part of the workspace may use of the whole. */
export interface Desk {
  readonly engine: Engine
  /** Runs a call; a fault is shown to the person, and null comes back. */
  run<T>(during: string, call: () => Promise<T>): Promise<T | null>
  /** Shows a fault that somebody else caught. */
  fail(thrown: unknown, during: string): void
  /** Whether the image can only be looked at here. */
  readonly readOnly: boolean
}

interface Cursor {
  readonly index: number
  /** "" until the row is here. */
  readonly path: string
  /** As it was seen last: rows of a newer tree may be on their way. */
  readonly row?: Row | undefined
}

const nothing: TreeSummary = {
  rows: 0,
  version: -1,
  files: 0,
  directories: 0,
  bytes: 0,
  matched: null,
  complete: false,
}
const plainView: ViewRequest = { view: { kind: 'rootfs' }, filter: '', sort: 'name', descending: false }
/** A selection by shift reaches at most so far: the engine answers no more rows at a time. */
const longestRange = 1000
/** Milliseconds without a key after which a filter is whole enough to be asked for. */
const restOfTyping = 120
/** Paths that a view of changes may have to be opened whole. */
const readAtOnce = 200

export class FilesPane {
  readonly #desk: Desk
  readonly #window = new RowWindow()
  #request = $state.raw<ViewRequest>(plainView)
  /** Why the filter is none; what it showed before stays. */
  #filterFault = $state('')
  #summary = $state.raw<TreeSummary>(nothing)
  /** The rows on screen, and the version of the tree that they are of. */
  #drawn = $state.raw<Pick<RowWindow, 'rows' | 'version'>>({ rows: new Map(), version: -1 })
  #cursor = $state.raw<Cursor>({ index: 0, path: '' })
  #selected = $state.raw<ReadonlyMap<string, Row>>(new Map())
  #anchor = 0
  /** Counted up when the cursor is to be brought into sight. */
  #sought = $state(0)
  /** It was led there from elsewhere: what stands around it is of interest as well. */
  #jumped = false
  #wanted: Range = { from: 0, to: 0 }
  #filling = false
  #typed = { text: '', at: -Infinity }
  /** Questions to the engine that will change what the tree shows. */
  #asking = $state(0)
  /** A filter that is being typed: the timer that will ask for it. */
  #typing = $state.raw<ReturnType<typeof setTimeout> | null>(null)
  /** Paths that the cursor is being led to: whatever it stands on until then is not what was asked for. */
  #seeking = $state(0)

  constructor(desk: Desk) {
    this.#desk = desk
  }

  get request(): ViewRequest {
    return this.#request
  }
  get view(): ViewKind {
    return this.#request.view
  }
  get isFlat(): boolean {
    return this.#request.flat === true
  }
  get filterFault(): string {
    return this.#filterFault
  }
  /** How many of change, type and size narrow the view, beside the text. */
  get narrowed(): number {
    const { changes, types, atLeast, atMost } = this.#request
    return [changes?.length, types?.length, atLeast !== undefined, atMost !== undefined].filter(Boolean)
      .length
  }
  get isFiltered(): boolean {
    return this.#request.filter !== '' || this.narrowed > 0
  }
  async unfilter(): Promise<void> {
    await this.show(unfiltered)
  }
  get summary(): TreeSummary {
    return this.#summary
  }
  get rows(): ReadonlyMap<number, Row> {
    return this.#drawn.rows
  }
  /** Whether the rows on screen are about to be others, or more. */
  get isBusy(): boolean {
    return (
      !this.#summary.complete ||
      this.#asking > 0 ||
      this.#typing !== null ||
      (this.#summary.rows > 0 && this.#drawn.version < this.#summary.version)
    )
  }
  #draw(): void {
    const { rows, version } = this.#window
    this.#drawn = { rows, version }
  }
  async #changing<T>(call: Promise<T>): Promise<T> {
    this.#asking += 1
    try {
      return await call
    } finally {
      this.#asking -= 1
    }
  }
  get cursor(): number {
    return this.#cursor.index
  }
  get sought(): number {
    return this.#sought
  }
  get jumped(): boolean {
    return this.#jumped
  }
  get cursorRow(): Row | null {
    const { index, path, row: seen } = this.#cursor
    const row = this.rows.get(index)
    // Rows on screen may be of an older tree than the cursor: no command acts on a row that only stands where another one did.
    if (row && row.path === path) return row
    return seen?.path === path ? seen : null
  }
  #pathAt(index: number): string {
    return this.#window.version === this.#summary.version ? (this.rows.get(index)?.path ?? '') : ''
  }
  /** The rows that a command acts on: the selection, or the row under the cursor. */
  get chosen(): readonly Row[] {
    if (this.#seeking > 0) return []
    if (this.#selected.size > 0) return [...this.#selected.values()]
    return this.cursorRow ? [this.cursorRow] : []
  }
  isSelected(path: string): boolean {
    return this.#selected.has(path)
  }
  /** Edits act on the final root filesystem: what a lower layer shows may be hidden or gone there. */
  get editable(): boolean {
    const { kind } = this.#request.view
    return (kind === 'rootfs' || kind === 'edits') && !this.#desk.readOnly
  }
  /** Where new files go: the directory under the cursor, or the one that holds the file there; null while the cursor is on its way. */
  get directory(): string | null {
    const row = this.cursorRow
    if (this.#seeking > 0 || (!row && this.#cursor.path !== '')) return null
    if (!row || row.change === 'removed') return '/'
    if (row.type === 'directory') return row.path
    return row.path.slice(0, row.path.lastIndexOf('/')) || '/'
  }

  /** Back to the beginning, for another image. */
  reset(): void {
    this.#window.clear()
    this.#draw()
    this.#summary = nothing
    this.#request = { ...plainView, flat: this.isFlat }
    this.#filterFault = ''
    this.#cursor = { index: 0, path: '' }
    this.#selected = new Map()
    this.#endTypingFilter()
  }

  /** What is typed into the filter comes into force once the typing rests. */
  filterSoon(filter: string): void {
    this.#endTypingFilter()
    this.#typing = setTimeout(() => void this.show({ filter }), restOfTyping)
  }

  #endTypingFilter(): void {
    if (this.#typing !== null) clearTimeout(this.#typing)
    this.#typing = null
  }

  async show(changes: Partial<ViewRequest>): Promise<void> {
    // Of two filters the later one is meant; another view keeps what is being typed for it.
    if (changes.filter !== undefined) this.#endTypingFilter()
    await this.#changing(this.#show(changes))
  }

  async #show(changes: Partial<ViewRequest>): Promise<void> {
    const { path } = this.#cursor
    const request = { ...this.#request, ...changes }
    this.#request = request
    this.#selected = new Map()
    const summary = await this.#shown(request)
    if (!summary || this.#request !== request) return
    this.#cursor = { index: 0, path: '' }
    this.take(summary)
    if (changes.view) await this.#unfold()
    if (path !== '') await this.reveal(path)
    else this.#sought += 1
  }

  /** A pattern that is none is said beside the filter: it is half typed, more often than wrong. */
  async #shown(request: ViewRequest): Promise<TreeSummary | null> {
    this.#filterFault = ''
    if (!request.regex) return this.#desk.run('showing the files', () => this.#desk.engine.show(request))
    try {
      return await this.#desk.engine.show(request)
    } catch (thrown) {
      const fault = faultOf(thrown)
      if (fault.code !== 'bad-operation') this.#desk.fail(thrown, 'showing the files')
      else if (this.#request === request) this.#filterFault = fault.message
      return null
    }
  }

  /** A view of few changes is there to be read at once: all of it is opened. */
  async #unfold(): Promise<void> {
    const { view } = this.#request
    const { files, directories } = this.#summary
    if ((view.kind !== 'only' && view.kind !== 'edits') || files + directories > readAtOnce) return
    const answer = await this.#desk.run('reading rows', () => this.#desk.engine.rows(0, readAtOnce))
    for (const row of answer?.rows ?? [])
      if (row.depth === 0 && row.expandable) await this.expand(row, true, true)
  }

  sortBy(key: SortKey): void {
    const { sort, descending } = this.#request
    // Sizes are looked at from the largest down, names from A.
    const first = key === 'size' || key === 'mtime' || key === 'change'
    void this.show({ sort: key, descending: key === sort ? !descending : first })
  }

  /** A newer state of the tree: from a call or from an event. Rows of the older one stay until theirs are here. */
  take(summary: TreeSummary): void {
    if (summary.version < this.#summary.version) return
    this.#summary = summary
    if (this.#cursor.index >= summary.rows) this.#cursor = { index: Math.max(0, summary.rows - 1), path: '' }
    const { around } = summary
    if (around && covers(around, this.#wanted, summary.rows)) {
      this.#window.absorb({ version: summary.version, rows: around.rows }, around.from, this.#wanted)
      this.#draw()
    }
    void this.#fill()
  }

  /** Says which rows the screen shows. */
  want(range: Range): void {
    this.#wanted = range
    void this.#fill()
  }

  async #fill(): Promise<void> {
    if (this.#filling) return
    this.#filling = true
    try {
      for (;;) {
        const { version, rows } = this.#summary
        const ask = this.#window.missing(this.#wanted, version, rows)
        if (!ask) break
        const answer = await this.#desk.run('reading rows', () => this.#desk.engine.rows(ask.from, ask.count))
        if (!answer || (answer.version === version && answer.rows.length === 0)) break
        // A newer tree may end before the rows that were asked for: then it is asked again, for those that it has.
        if (answer.rows.length > 0) this.#window.absorb(answer, ask.from, this.#wanted)
        this.#draw()
        // The rows came under a newer version than the summary: its event is on the way and will call again.
        if (answer.version > this.#summary.version) break
      }
    } finally {
      this.#filling = false
    }
    await this.#relocate()
  }

  /** Keeps the cursor on its path when rows were put in or taken away above it. */
  async #relocate(): Promise<void> {
    const { index, path } = this.#cursor
    if (this.#window.version < this.#summary.version) return
    const here = this.rows.get(index)
    if (path === '' || here === undefined) {
      if (here) this.#cursor = { index, path: here.path, row: here }
      return
    }
    if (here.path === path) return
    const held = this.#window.indexOf(path)
    if (held >= 0) this.#cursor = { index: held, path, row: this.rows.get(held) }
    else if (!(await this.#follow(path))) this.#cursor = { index, path: this.#pathAt(index) }
  }

  /** Finds the cursor's path beyond the rows held; false where it is gone, and the cursor stays where it stood. */
  async #follow(path: string): Promise<boolean> {
    const found = await this.#desk.run('finding a path', () => this.#desk.engine.reveal(path))
    if (!found || this.#cursor.path !== path) return found !== null
    if (found.row >= 0) this.#cursor = { index: found.row, path }
    else this.#cursor = { index: this.#cursor.index, path: '' }
    this.take(found.summary)
    return true
  }

  /** Opens what holds `path` and puts the cursor there. */
  async reveal(path: string): Promise<boolean> {
    this.#seeking += 1
    try {
      return await this.#changing(this.#reveal(path))
    } finally {
      this.#seeking -= 1
    }
  }

  async #reveal(path: string): Promise<boolean> {
    const found = await this.#desk.run('finding a path', () => this.#desk.engine.reveal(path))
    if (!found) return false
    if (found.row >= 0) this.#cursor = { index: found.row, path }
    this.take(found.summary)
    this.#jumped = true
    this.#sought += 1
    return found.row >= 0
  }

  async expand(row: Pick<Row, 'path'>, open: boolean, deep = false): Promise<void> {
    const { path } = this.#cursor
    const inside = path.startsWith(`${row.path}/`)
    if (!open && inside) this.#cursor = { index: this.#window.indexOf(row.path), path: row.path }
    const summary = await this.#changing(
      this.#desk.run('opening a directory', () => this.#desk.engine.expand(row.path, open, deep)),
    )
    if (summary) this.take(summary)
  }

  /**
   * Moves the cursor; what was selected is selected no more. `row`: what was clicked. It counts, not its place: rows of a
   * newer tree may be on their way, and the cursor follows it there.
   */
  go(index: number, row?: Row): void {
    if (this.#summary.rows === 0) return
    const to = Math.max(0, Math.min(this.#summary.rows - 1, index))
    this.#cursor = { index: to, path: row?.path ?? this.#pathAt(to), row: row ?? this.rows.get(to) }
    this.#anchor = to
    this.#selected = new Map()
    this.#jumped = false
    this.#sought += 1
  }

  /** Moves the cursor and selects all between it and where the selection began. */
  async extendTo(index: number): Promise<void> {
    const anchor = this.#anchor
    const to = Math.max(0, Math.min(this.#summary.rows - 1, index))
    this.#cursor = { index: to, path: this.#pathAt(to) }
    this.#jumped = false
    this.#sought += 1
    const from = Math.min(anchor, to)
    const count = Math.min(longestRange, Math.abs(anchor - to) + 1)
    const answer = await this.#desk.run('selecting', () => this.#desk.engine.rows(from, count))
    if (answer && this.#cursor.index === to)
      this.#selected = new Map(answer.rows.map((row) => [row.path, row]))
  }

  /** Puts a row into the selection or takes it out. */
  toggle(index: number): void {
    const row = this.rows.get(index)
    if (!row) return
    const selected = new Map(this.#selected)
    const before = this.cursorRow
    if (selected.size === 0 && before && before.path !== row.path) selected.set(before.path, before)
    if (!selected.delete(row.path)) selected.set(row.path, row)
    this.#selected = selected
    this.#cursor = { index, path: row.path, row }
    this.#anchor = index
  }

  goToParent(): void {
    const row = this.cursorRow
    if (!row || row.depth === 0) return
    const parent = row.path.slice(0, row.path.lastIndexOf('/'))
    const held = this.#window.indexOf(parent)
    if (held >= 0) this.go(held)
    else void this.reveal(parent)
  }

  /** The next name that starts with what was typed within the last second; `now` is when the key went down, in ms. */
  async type(letter: string, now: number): Promise<void> {
    const more = now - this.#typed.at < 1000
    const text = more ? this.#typed.text + letter : letter
    this.#typed = { text, at: now }
    const from = more ? this.#cursor.index - 1 : this.#cursor.index
    const row = await this.#desk.run('looking a name up', () => this.#desk.engine.typeAhead(text, from))
    if (row !== null && row >= 0 && this.#typed.text === text) this.go(row)
  }

  /** Another key ends a word: letters after it begin a new one, however soon they come. */
  endTyping(): void {
    this.#typed = { text: '', at: -Infinity }
  }
}

/** Whether the rows that came along are all that is in sight: with less, those of the older tree stay. */
function covers(around: RowsFrom, { from, to }: Range, total: number): boolean {
  return around.from <= from && around.from + around.rows.length >= Math.min(to, total)
}
