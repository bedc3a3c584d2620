/** One path under the glass: its first bytes as text or hex, its header, its life. */
/* eslint-disable svelte/prefer-svelte-reactivity -- Maps here are replaced and never changed: $state.raw. */
import type { Details, PathRef, Row } from '../../workers/api'
import { ImageError, type Fault } from '../core/fault/fault'
import type { Desk } from './files.svelte'
import { isArchive, pictureType, textOf, type PictureType } from './hex'
import { facets, type Facet } from './route'

/** First look, and each "show more". */
const slice = 128 * 1024
/** Beyond this a page of text or hex helps nobody: download it. */
const mostShown = 2 * 1024 * 1024
/** CodeMirror stays quick up to about here. */
const mostEdited = 4 * 1024 * 1024
const mostPictured = 32 * 1024 * 1024

/** Bytes of the file that were looked for. */
export interface Mark {
  readonly at: number
  readonly length: number
}

interface Seen {
  /** Where in the file `bytes` begin: beyond 0 where a place far behind was looked up. */
  readonly from: number
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly total: number
}

export class Inspector {
  readonly #desk: Desk
  #at = $state.raw<PathRef | null>(null)
  #details = $state.raw<Details | null>(null)
  #seen = $state.raw<Seen | null>(null)
  #fault = $state.raw<Fault | null>(null)
  #facet = $state<Facet>('text')
  #editing = $state(false)
  #drafts = $state.raw<ReadonlyMap<string, string>>(new Map())
  #mark = $state.raw<Mark | null>(null)
  #turn = 0

  constructor(desk: Desk) {
    this.#desk = desk
  }

  get at(): PathRef | null {
    return this.#at
  }
  get details(): Details | null {
    return this.#details
  }
  get fault(): Fault | null {
    return this.#fault
  }
  get mark(): Mark | null {
    return this.#mark
  }
  get seen(): Seen | null {
    return this.#seen
  }
  get hasContent(): boolean {
    const type = this.#details?.row.type
    return type === 'file' || type === 'hardlink'
  }
  /** The facets that this path has, the one on screen among them. */
  get facets(): readonly Facet[] {
    if (!this.hasContent) return facets.slice(3)
    return this.isArchive ? facets : facets.filter((facet) => facet !== 'contents')
  }
  get facet(): Facet {
    return this.facets.includes(this.#facet) ? this.#facet : this.facets[0]
  }
  /** The one that was turned to, before it is known whether this path has it. */
  get turnedTo(): Facet {
    return this.#facet
  }
  /** The way to look at other bytes that is most like `facet`: nobody wants a text as hex because a program was before it. */
  #fitting(facet: Facet): Facet {
    if (facet === 'details' || facet === 'life') return facet
    if (this.text !== null || this.picture !== null) return 'text'
    if (facet === 'hex') return 'hex'
    return this.isArchive ? 'contents' : 'hex'
  }
  get whole(): boolean {
    return this.#seen !== null && this.#seen.from === 0 && this.#seen.bytes.length >= this.#seen.total
  }
  readonly text = $derived.by(() => {
    if (!this.#seen || this.#seen.from > 0) return null
    const text = textOf(this.#seen.bytes, this.whole)
    return text !== null && /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? null : text
  })
  get picture(): PictureType | null {
    return this.#seen && this.#seen.total <= mostPictured ? pictureType(this.#seen.bytes) : null
  }
  /** Whether its bytes begin as those of an archive do, or of a compressed file. */
  get isArchive(): boolean {
    return this.#seen !== null && this.#seen.from === 0 && isArchive(this.#seen.bytes)
  }
  get canShowMore(): boolean {
    return this.#seen !== null && this.#seen.from === 0 && !this.whole && this.#seen.bytes.length < mostShown
  }
  get canEdit(): boolean {
    const kind = this.#at?.view.kind
    return (
      this.text !== null &&
      !this.#desk.readOnly &&
      (this.#seen?.total ?? Infinity) <= mostEdited &&
      (kind === 'rootfs' || kind === 'edits')
    )
  }
  get editing(): boolean {
    return this.#editing && this.whole && this.text !== null
  }
  /** Text that was typed and not saved, by path. */
  get drafts(): ReadonlyMap<string, string> {
    return this.#drafts
  }

  turnTo(facet: Facet): void {
    this.#facet = facet
  }

  close(): void {
    this.#turn += 1
    this.#at = null
    this.#details = null
    this.#seen = null
    this.#fault = null
    this.#editing = false
  }

  forgetDrafts(): void {
    this.#drafts = new Map()
  }

  /** Looks at a path. `row` is what the tree knows of it already, so that details and bytes come at once. */
  async inspect(at: PathRef, row: Row | null): Promise<void> {
    const turn = ++this.#turn
    const samePath = this.#at?.path === at.path
    this.#at = at
    this.#mark = null
    this.#fault = null
    this.#editing = this.#drafts.has(at.path) || (samePath && this.#editing)
    if (!samePath) {
      this.#seen = null
      this.#details = null
    }
    // As much as is on screen already, so that an edit elsewhere does not fold it up.
    const length = this.#editing
      ? mostEdited
      : Math.max(slice, (samePath && this.#seen?.from === 0 && this.#seen.bytes.length) || 0)
    const details = this.#desk.engine.details(at)
    const early = row && isFile(row) ? this.#desk.engine.preview(at, 0, length) : null
    early?.catch(() => {}) // Reported below, unless details fail first.
    try {
      const known = await details
      if (turn !== this.#turn) return
      this.#details = known
      const preview = early
        ? await early
        : isFile(known.row)
          ? await this.#desk.engine.preview(at, 0, slice)
          : null
      if (turn !== this.#turn) return
      this.#seen = preview && { from: 0, bytes: preview.bytes, total: preview.total }
      if (!samePath && preview) this.#facet = this.#fitting(this.#facet)
    } catch (thrown) {
      if (turn !== this.#turn) return
      // Deleted, or its making undone: nothing is left to look at.
      if (samePath && thrown instanceof ImageError && thrown.fault.code === 'no-such-path')
        return this.close()
      this.#seen = null
      this.#fault = thrown instanceof ImageError ? thrown.fault : null
      // It is about all that is open, not about this path.
      if (this.#fault?.code === 'source-changed') this.#desk.fail(thrown, 'reading a file')
      if (!(thrown instanceof ImageError)) throw thrown
    }
  }

  /** Looks at a path with these bytes in sight: marked in the text, or in the hex where it is none. */
  async seek(at: PathRef, mark: Mark): Promise<void> {
    await this.inspect(at, null)
    const turn = this.#turn
    if (this.#at !== at || !this.#seen) return
    const end = mark.at + mark.length + 4096
    if (end <= mostShown) await this.#readTo(end, turn)
    else {
      const from = Math.max(0, Math.floor((mark.at - 4096) / 16) * 16)
      const there = await this.#desk.run('reading a file', () => this.#desk.engine.preview(at, from, slice))
      if (!there || turn !== this.#turn) return
      this.#seen = { from, bytes: there.bytes, total: there.total }
    }
    if (turn !== this.#turn) return
    this.#facet = this.text === null ? 'hex' : 'text'
    this.#mark = mark
  }

  async again(): Promise<void> {
    if (this.#at) await this.inspect(this.#at, null)
  }

  async showMore(): Promise<void> {
    await this.#readTo(Math.min(mostShown, (this.#seen?.bytes.length ?? 0) * 2), this.#turn)
  }

  async startEditing(): Promise<void> {
    this.#facet = 'text'
    await this.#readAll(this.#turn)
    this.#editing = true
  }

  stopEditing(): void {
    if (this.#at) this.draft(this.#at.path, null)
    this.#editing = false
  }

  /** Keeps what was typed while something else is looked at; null once it is saved or given up. */
  draft(path: string, text: string | null): void {
    if (text === null && !this.#drafts.has(path)) return
    const drafts = new Map(this.#drafts)
    if (text === null) drafts.delete(path)
    else drafts.set(path, text)
    this.#drafts = drafts
  }

  #readAll(turn: number): Promise<void> {
    return this.#readTo(this.#seen?.total ?? 0, turn)
  }

  async #readTo(end: number, turn: number): Promise<void> {
    const at = this.#at
    const seen = this.#seen
    if (!at || !seen || seen.bytes.length >= Math.min(end, seen.total)) return
    const from = seen.bytes.length
    const more = await this.#desk.run('reading a file', () => this.#desk.engine.preview(at, from, end - from))
    if (!more || turn !== this.#turn) return
    const bytes = new Uint8Array(from + more.bytes.length)
    bytes.set(seen.bytes)
    bytes.set(more.bytes, from)
    this.#seen = { from: 0, bytes, total: more.total }
  }
}

function isFile(row: Row): boolean {
  return row.type === 'file' || row.type === 'hardlink'
}
