/** The layers of the image on screen: scanned base first, verified and kept behind. A broken layer does not hide the others. */
import type { LayerView } from '../../workers/api'
import { BlobSource, type ByteSource } from '../core/bytes/source'
import { WindowCache } from '../core/bytes/cached'
import type { DiffId } from '../core/digest/digest'
import { faultOf, ImageError, throwIfCancelled, type Fault } from '../core/fault/fault'
import { Notices, type Notice } from '../core/fault/notice'
import { isEncrypted } from '../core/image/assemble'
import type { Image } from '../core/image/image'
import { HiddenRows } from '../core/insight/waste'
import { emptyTable } from '../core/layer/scan'
import type { EntryTable } from '../core/layer/table'
import { lintLayer } from '../core/rootfs/lint'
import { Tree } from '../core/rootfs/tree'
import { applyLayer } from '../core/rootfs/union'
import { putUnion, unionFrom } from './kept-union'
import { sameLayer, viewOf, type LayerState } from './layer-state'
import { Paced } from './paced'
import { handedOut, type LayerPool } from './pool'
import type { Stores } from './ports'
import type { ScannedLayer } from './scan'
import { joined } from './segments'
import { Spill } from './spill'
import type { Task } from './tasks'
import { bytesToVerify, verifyLayer } from './verify'

export interface LayersOptions {
  readonly image: Image
  readonly pool: LayerPool
  readonly stores: Stores
  /** Other images of the archive that are read: a layer that they have too is not read again. */
  readonly beside?: readonly Layers[]
  /** What is known of a layer has changed. */
  readonly onLayer?: (view: LayerView) => void
  /** The union grew by one layer or several, or is there at once. */
  readonly onUnion?: () => void
}

/** A tenth of the time for showing what has come so far: of a million entries a view takes as long as reading a layer, and there may be 127. */
const SHOWN = 0.1
/** In ms. Most images are read by then, and to show a part of them takes their time. */
const PATIENCE = 1000

export class Layers {
  readonly #cache = new WindowCache()
  #union = new Tree()
  readonly notices = new Notices()
  #hidden = new HiddenRows()
  readonly #states: LayerState[]
  readonly #options: LayersOptions
  #united = 0
  /** Says that the union grew. */
  readonly #shown: Paced
  /** What was said until all layers were united; null before, and where the union came from storage. */
  #said: readonly Notice[] | null = null

  constructor(options: LayersOptions) {
    this.#options = options
    this.#shown = new Paced(() => options.onUnion?.(), SHOWN, PATIENCE)
    this.#states = options.image.layers.map((layer) => ({
      layer,
      table: null,
      remarked: false,
      plain: layer.compression === 'none' ? layer.source : null,
      reading: null,
      plainBytes: layer.compression === 'none' ? layer.storedBytes : null,
      state: 'waiting',
      fault: null,
      verified: null,
      kept: false,
      spill: null,
      counts: { added: 0, changed: 0, removed: 0 },
    }))
  }

  get union(): Tree {
    return this.#union
  }
  get count(): number {
    return this.#states.length
  }
  /** The union where all its layers were united in this session; null where it is not complete, or came from storage, which a proof does not take at its word. */
  get unitedHere(): Tree | null {
    return this.#said === null ? null : this.#union
  }
  /** Which rows upper layers hid, of the layers in `union`. */
  get hidden(): HiddenRows {
    return this.#hidden
  }
  /** How many layers, from the base, are in `union`. */
  get united(): number {
    return this.#united
  }
  get complete(): boolean {
    return this.#united === this.#states.length
  }
  /** Tables of the layers in `union`. */
  get tables(): EntryTable[] {
    return this.#states.slice(0, this.#united).map(({ table }) => table!)
  }
  /** Plain tars, for reading files out of: small reads go through windows that are kept. Throws the layer's own fault where one could not be read. */
  get plain(): ByteSource[] {
    return this.#states.map((_, layer) => this.plainOf(layer))
  }
  plainOf(layer: number): ByteSource {
    const state = this.#states[layer]
    if (state.plain) return (state.reading ??= this.#cache.over(state.plain))
    const { fault } = state
    throw new ImageError(
      fault?.code ?? 'missing-member',
      fault?.message ?? `Layer ${layer} is not in the archive.`,
      {
        ...fault?.where,
        layer,
      },
    )
  }
  isVerified(layer: number): boolean {
    return this.#states[layer].verified === true
  }
  /** Null where it was not looked at yet. */
  verdictOf(layer: number): boolean | null {
    return this.#states[layer].verified
  }
  get anyFault(): Fault | null {
    return this.#states.find(({ fault }) => fault)?.fault ?? null
  }
  get views(): LayerView[] {
    return this.#states.map(viewOf)
  }

  /** Bytes that scanning will go through. */
  get scanBytes(): number {
    return this.#states.reduce((sum, { layer }) => sum + layer.storedBytes, 0)
  }

  /** Reads every layer's entries, as many at once as there are hands. Resolves when all are read or have failed. */
  async scan(task: Pick<Task, 'signal' | 'progress'>): Promise<void> {
    if (await this.#fromKept(task)) return
    const progress = new Map<number, number>()
    const report = (index: number, done: number): void => {
      progress.set(index, done)
      task.progress([...progress.values()].reduce((sum, n) => sum + n, 0))
    }
    try {
      await handedOut(this.#options.pool, this.#states, async ({ layer }, index) => {
        const { storedBytes } = layer
        await this.#scanOne(index, task.signal, (done) => report(index, Math.min(done, storedBytes)))
        report(index, storedBytes)
      })
    } finally {
      this.#shown.stop()
    }
  }

  /**
   * Takes the union up as it was kept: nothing is read but it and the tables, and both are there at once. Only where all
   * tables are kept too, since rows on screen are rows of theirs. They load in a twentieth of the time that uniting takes.
   */
  async #fromKept(task: Pick<Task, 'signal' | 'progress'>): Promise<boolean> {
    const { stores, onLayer, onUnion } = this.#options
    const fromStore = (state: LayerState): Promise<boolean> => this.#fromStore(state)
    const kept = await unionFrom(stores.unions, this.#states, fromStore).catch(() => null) // Where storage fails, layers are read.
    if (!kept) return false
    throwIfCancelled(task.signal)
    const { tree, hidden, union } = kept
    this.#states.forEach((state, layer) =>
      Object.assign(state, { state: 'ready', counts: union.counts[layer] }),
    )
    this.#union = tree
    this.#hidden = hidden
    this.#united = this.#states.length
    this.notices.addAll(union.notices)
    task.progress(this.scanBytes)
    onUnion?.() // The tree first: its rows are what is waited for.
    for (const state of this.#states) onLayer?.(viewOf(state))
    return true
  }

  /** Keeps what uniting came to. Throws `storage-full`. */
  async keepUnion(): Promise<void> {
    if (this.#said)
      await putUnion(this.#options.stores.unions, this.#states, this.#union, this.#hidden, this.#said)
  }

  async #scanOne(index: number, signal: AbortSignal, onBytes: (done: number) => void): Promise<void> {
    const state = this.#states[index]
    if (state.state !== 'waiting') return
    state.state = 'scanning'
    this.#options.onLayer?.(viewOf(state))
    try {
      throwIfCancelled(signal)
      const twin = this.#twinOf(state)
      if (twin) {
        const { table, remarked, plain, plainBytes } = twin
        Object.assign(state, { table, remarked, plain, plainBytes })
      } else if (!(await this.#fromStore(state))) await this.#fromSource(state, signal, onBytes)
      state.state = 'ready'
    } catch (thrown) {
      this.#fail(state, index, thrown)
      state.table = emptyTable()
    }
    this.#unite()
    this.#options.onLayer?.(viewOf(state))
  }

  /** The same layer, read already. Of another image's only one that nothing was said of: its words are not among these notices. */
  #twinOf(state: LayerState): LayerState | undefined {
    const isTwin = (other: LayerState): boolean =>
      other !== state && sameLayer(other.layer, state.layer) && other.state === 'ready'
    const besides = (this.#options.beside ?? []).flatMap((layers) => layers.#states)
    return this.#states.find(isTwin) ?? besides.find((other) => isTwin(other) && !other.remarked)
  }

  #fail(state: LayerState, index: number, thrown: unknown): void {
    const fault = faultOf(thrown)
    state.state = 'failed'
    state.fault = {
      ...fault,
      where: { ...fault.where, layer: index, member: state.layer.member ?? undefined },
    }
    // That the archive does not hold a layer, or holds it encrypted, was said when its description was read.
    if (fault.code !== 'cancelled' && fault.code !== 'encrypted' && state.layer.source)
      this.notices.add('error', fault.code, fault.message, state.fault.where)
  }

  /** A layer that this browser keeps is neither inflated nor scanned again. */
  async #fromStore(state: LayerState): Promise<boolean> {
    const { stores } = this.#options
    const { diffId, digest, source, compression } = state.layer
    // Without a digest of what is stored, only inflating it tells whether it is what its diff_id claims.
    if (!source || (compression !== 'none' && !digest)) return false
    const [table, kept] = await Promise.all([stores.tables.get(diffId), stores.layers.has(diffId)])
    if (!table) return false
    if (compression !== 'none') {
      const plain = await stores.layers.get(diffId)
      if (!plain) return false
      state.plain = plain
      state.plainBytes = state.plain.size
    }
    state.table = table
    state.kept = kept
    return true
  }

  async #fromSource(state: LayerState, signal: AbortSignal, onBytes: (done: number) => void): Promise<void> {
    const { layer } = state
    if (!layer.source)
      throw new ImageError('missing-member', `Layer ${layer.index} is not in the archive.`, {
        layer: layer.index,
      })
    if (isEncrypted(layer.mediaType))
      throw new ImageError('encrypted', `Layer ${layer.index} is encrypted: ${layer.mediaType}.`)
    const { pool, stores } = this.#options
    const spill = layer.compression === 'none' ? null : new Spill(stores.layers, layer.diffId)
    let scanned: ScannedLayer
    try {
      scanned = await pool.scan(layer.source, layer.compression, { signal, onBytes, store: spill?.put })
    } catch (thrown) {
      await spill?.abandon().catch(() => {})
      throw thrown
    }
    state.spill = spill
    state.table = scanned.table
    state.remarked = scanned.notices.some(({ severity }) => severity !== 'info')
    state.plainBytes = scanned.plainBytes
    if (scanned.segments)
      state.plain = scanned.segments.length > 0 ? joined(scanned.segments) : new BlobSource(new Blob([]))
    for (const { severity, code, message, where } of scanned.notices)
      this.notices.add(severity, code, message, { ...where, layer: layer.index })
  }

  /** Lays every table on the union whose lower layers are all there. */
  #unite(): void {
    const before = this.#united
    while (this.#united < this.#states.length) {
      const state = this.#states[this.#united]
      if (state.state !== 'ready' && state.state !== 'failed') break
      const tables = this.#states.slice(0, this.#united + 1).map(({ table }) => table!)
      try {
        lintLayer(this.union, tables, this.#united, this.notices)
        state.counts = applyLayer(this.union, tables, this.#united, this.notices)
        this.#hidden.note(this.union, this.#united)
      } catch (thrown) {
        this.#fail(state, this.#united, thrown)
      }
      this.#united++
      this.#options.onLayer?.(viewOf(state))
    }
    if (this.complete && this.#said === null) {
      this.#union.seal(this.tables)
      this.#said = [...this.notices.list]
    }
    if (this.complete && this.#united > before) this.#shown.run()
    else if (this.#united > before) this.#shown.ask()
  }

  /** Recomputes every diff_id, and the digests of stored bytes where they differ. What two layers share is hashed once. A layer whose kept bytes are gone has failed. */
  async verify(task: Task): Promise<void> {
    const { pool } = this.#options
    const ready = this.#states.filter(({ state }) => state === 'ready')
    let next = ready.reduce((sum, { layer, plain }) => sum + bytesToVerify(layer, plain), 0)
    task.total(next)
    let done = 0
    const options = { pool, signal: task.signal, onBytes: (count: number) => task.progress((done += count)) }
    const seen = new Map<string, Promise<boolean>>()
    await handedOut(pool, ready, async (state) => {
      const { layer, plain } = state
      const key = `${layer.diffId} ${layer.memberIndex}`
      next -= bytesToVerify(layer, plain)
      let check = seen.get(key)
      if (!check || layer.compression !== 'none') {
        check = verifyLayer(layer, plain!, this.notices, { ...options, next })
        seen.set(key, check)
      }
      try {
        state.verified = await check
      } catch (thrown) {
        // Taken up from storage, and gone there since.
        if (faultOf(thrown).code !== 'not-kept') throw thrown
        this.#fail(state, layer.index, thrown)
      }
      this.#options.onLayer?.(viewOf(state))
    })
  }

  /** Compressed layers whose plain form is to be kept, and tables of all verified ones. */
  *toKeep(): Iterable<{
    readonly index: number
    readonly diffId: DiffId
    /** Null where the scanner's words on it would be lost. */
    readonly table: EntryTable | null
    readonly plain: ByteSource
    readonly spill: Spill | null
  }> {
    for (const { layer, table, remarked, plain, verified, state, spill } of this.#states)
      if (state === 'ready' && verified && table && plain)
        yield { index: layer.index, diffId: layer.diffId, table: remarked ? null : table, plain, spill }
  }

  markKept(diffId: DiffId): void {
    for (const state of this.#states)
      if (state.layer.diffId === diffId && !state.kept) {
        state.kept = true
        this.#options.onLayer?.(viewOf(state))
      }
  }
}
