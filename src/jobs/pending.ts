/** The edits pending on an image: its journal, the base that they put it onto, and the tree that they come to. */
import type {
  BaseView,
  ChangeView,
  CopyRow,
  Edit,
  EditsView,
  LayerEdit,
  LayerPreview,
} from '../../workers/api'
import { BlobSource, type ByteSource } from '../core/bytes/source'
import type { Edited } from '../core/edit/apply'
import { editedConfig } from '../core/edit/config'
import type { Ground } from '../core/edit/ground'
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
import { readRecipe } from '../core/edit/recipe'
import { recipeText } from '../core/edit/recipe-text'
import { isUntouched, keepsLayers, standing, stacked, UNTOUCHED, type Stack } from '../core/edit/stack'
import { ImageError } from '../core/fault/fault'
import { checked, ImageConfig, parseJson } from '../core/image/documents'
import { namesOf, platformOf, type Image } from '../core/image/image'
import { contentOf } from '../core/layer/rows'
import { conflictsOf } from '../core/rebuild/conflicts'
import { copiesOf } from '../core/rebuild/copies'
import { previewOf as stackPreview } from '../core/rebuild/preview'
import { shadowedBy } from '../core/rebuild/shadowed'
import { sizeIn, type Content } from '../core/rootfs/entry'
import { typeCounts } from '../core/rootfs/sums'
import type { Bases } from './bases'
import { changeView } from './change'
import { configOperations } from './config-text'
import { configView } from './config-view'
import type { EditedImage } from './edited-image'
import { annotationsInForce, configEdits, operationsFor, replay, tagsInForce, type Replayed } from './edits'
import { mustFit, namedLine } from './fit'
import { editedHistory, formattedConfig, textPairs } from './image-view'
import type { Layers } from './layers'
import { groundOf, sharedLayers, withBase, type Onto } from './onto'
import type { Stores } from './ports'

export interface PendingOptions {
  /** Of the archive: its journal is stored under it. */
  readonly id: string
  /** Of the archive's file. */
  readonly name: string
  readonly image: Image
  readonly layers: Layers
  readonly bases: Bases
  readonly stores: Stores
  readonly now: () => number
  readonly newId: () => string
  /** Resolves once the layers are read. */
  readonly ready: () => Promise<void>
  /** Throws where the image may not be changed here. */
  readonly mayChange: () => Promise<void>
  /** Other edits are in force, saved, and in the tree. */
  readonly onChange: () => void
}

export class Pending {
  readonly #options: PendingOptions
  readonly #image: Image
  readonly #layers: Layers
  #journal: Journal = EMPTY_JOURNAL
  #replayed: Replayed | null = null
  /** What the edits in force put the image onto. */
  #onto: Onto | null = null
  /** Why the new base is not at hand: then the edits wait for it. */
  #ontoFault: ImageError | null = null
  #ground: Ground | null = null
  /** Changes are made one after the other: each rests on the one before. */
  #committing: Promise<unknown> = Promise.resolve()

  constructor(options: PendingOptions) {
    this.#options = options
    this.#image = options.image
    this.#layers = options.layers
  }

  /** Takes the journal as it is stored; `findBase` is to follow. Throws what `readJournal` throws. */
  take(stored: unknown): void {
    this.#journal = readJournal(stored)
    this.#replayed = null
  }

  /** More layers are there: what was worked out on fewer is let go of. */
  layersGrew(): void {
    this.#replayed = this.#ground = null
  }

  /** Resolves once no change is under way. */
  async settled(): Promise<void> {
    await this.#committing.catch(() => {})
  }

  /** In force, one after the other. */
  get operations(): readonly Operation[] {
    return inForce(this.#journal)
  }

  /** The tree of the image with the edits in force; of as many layers as are read, without. */
  get edited(): Edited {
    return this.#now().edited
  }

  /** What the edits in force do to whole layers. */
  get stack(): Stack {
    return this.#now().stack
  }

  #now(): Replayed {
    this.replay()
    return this.#replayed!
  }

  /** Throws where the edits wait for their base. */
  get editedImage(): EditedImage {
    if (this.#ontoFault) throw this.#ontoFault
    const { operations, edited, stack } = this
    return { image: this.#image, layers: this.#layers, onto: this.#onto, operations, edited, stack }
  }

  /** Lays the edits on the tree, unless they are. They wait until all layers are there: they may speak of any path. */
  replay(): void {
    if (this.#replayed) return
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

  /** Finds the base that the edits in force rest on; they are laid on it when the tree is next asked for. */
  async findBase(): Promise<void> {
    const fault = this.#ontoFault
    this.#ontoFault = null
    try {
      this.#setBase(await this.#baseOf(this.#journal))
    } catch (thrown) {
      this.#setBase(null)
      this.#ontoFault = thrown instanceof ImageError ? thrown : new ImageError('internal', String(thrown))
    }
    if (this.#ontoFault !== fault) this.#replayed = null
  }

  #setBase(onto: Onto | null): void {
    if (onto === this.#onto) return
    this.#onto = onto
    this.#ground = this.#replayed = null
  }

  async #baseOf(journal: Journal): Promise<Onto | null> {
    const base = newBaseIn(inForce(journal))
    return base && this.#options.bases.of(base, this.#image)
  }

  // ------------------------------------------------------------ contents

  /** Bytes of a file in the tree, wherever they come from. Throws the fault of a layer that cannot be read; `not-kept`. */
  async open(content: Content): Promise<ByteSource> {
    if (content.from === 'stored') return this.stored(content.id)
    const { layer, row } = content
    return contentOf(this.plainOf(layer), this.#groundNow().tables[layer], row)
  }

  /** Of the image's own layers, and behind them those of a new base. */
  plainOf(layer: number): ByteSource {
    const { count } = this.#layers
    return layer < count || !this.#onto
      ? this.#layers.plainOf(layer)
      : this.#onto.layers.plainOf(layer - count)
  }

  /** What the person wrote into a file. Throws `not-kept`. */
  async stored(id: string): Promise<ByteSource> {
    const blob = await this.#options.stores.contents.get(id)
    if (!blob)
      throw new ImageError('not-kept', 'The contents of an edited file are gone from this browser’s storage.')
    return new BlobSource(blob)
  }

  // ------------------------------------------------------------ as the page sees them

  /** Names of the image, with the edits. */
  get tags(): readonly string[] {
    return tagsInForce(this.operations, namesOf(this.#image))
  }

  get view(): EditsView {
    const { operations } = this
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
      tags: this.tags,
      annotations: textPairs(annotationsInForce(operations, this.#image)),
      history: editedHistory(this.#image.config.history, parsed.history),
      stack: stackView(this.#replayed?.stack ?? UNTOUCHED, operations),
      bytesBefore: typeCounts(this.#layers.union, sizeIn({ tables: this.#layers.tables, upper: [] })).bytes,
      bytesAfter: edited ? typeCounts(edited.tree, sizeIn(edited.sources)).bytes : 0,
    }
  }

  // ------------------------------------------------------------ changes

  /** One step of several edits. Throws the fault of the first that does not fit; then none of them is made. */
  async edit(edits: readonly Edit[]): Promise<EditsView> {
    await this.#options.ready()
    if (edits.length > 0) await this.#options.mayChange()
    const { stores, now, newId } = this.#options
    const operations = await operationsFor(edits, stores.contents, Math.floor(now() / 1000), newId)
    return operations.length === 0 ? this.view : this.#commit((journal) => added(journal, operations))
  }

  /** The config as a person typed it: what differs becomes a step. Throws `bad-json`, and what `edit` throws. */
  async setConfigText(text: string): Promise<EditsView> {
    await this.#options.ready()
    const now = editedConfig(this.#image.configBytes, configEdits(this.operations))
    const operations = configOperations(now, text)
    return operations.length === 0 ? this.view : this.#commit((journal) => added(journal, operations))
  }

  async undo(): Promise<EditsView> {
    await this.#options.ready()
    return this.#commit(undone)
  }

  async redo(): Promise<EditsView> {
    await this.#options.ready()
    return this.#commit(redone)
  }

  /** Takes the edit with this number away. Throws where later ones rest on it. */
  async drop(index: number): Promise<EditsView> {
    await this.#options.ready()
    return this.#commit((journal) => without(journal, index))
  }

  /** Tried on the tree first, saved second, on screen third: what is on screen is on disk, and what does not fit changes nothing. */
  #commit(change: (journal: Journal) => Journal): Promise<EditsView> {
    const done = this.#committing.then(async () => {
      await this.#options.mayChange()
      return this.#commitOne(change(this.#journal))
    })
    this.#committing = done.catch(() => {})
    return done
  }

  async #commitOne(journal: Journal): Promise<EditsView> {
    const { id, stores, onChange } = this.#options
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
    await stores.journals.save(id, journal)
    const before = new Set(contentIds(this.#journal.steps.flat()))
    this.#journal = journal
    this.#onto = onto
    this.#ontoFault = null
    this.#ground = ground
    this.#replayed = replayed
    for (const content of contentIds(journal.steps.flat())) before.delete(content)
    for (const content of before) await stores.contents.remove(content)
    const record = await stores.archives.get(id)
    if (record) await stores.archives.put({ ...record, tags: this.tags })
    onChange()
    return this.view
  }

  /** What one edit changed, before and after. */
  async change(index: number): Promise<ChangeView> {
    await this.#options.ready()
    const open = (content: Content) => this.open(content)
    return changeView(
      {
        image: this.#image,
        onto: this.#onto?.image ?? null,
        ground: this.#groundNow(),
        operations: this.operations,
        open,
      },
      index,
    )
  }

  /** The edits in force as a recipe file, contents inside. */
  async recipe(): Promise<{ blob: Blob; fileName: string }> {
    const text = await recipeText(this.operations, async (id) => {
      const source = await this.stored(id)
      return source.read(0, source.size)
    })
    const name = (this.tags[0] ?? this.#options.name.replace(/\.\w+$/, '')).replace(/[^A-Za-z0-9_.-]+/g, '-')
    return { blob: new Blob([text], { type: 'application/json' }), fileName: `${name}.recipe.json` }
  }

  /** One step, whatever it holds: tried first, its contents stored second, in force third. */
  async replayRecipe(text: string, beside: readonly File[]): Promise<EditsView> {
    await this.#options.ready()
    const { operations: read, contents } = await readRecipe(jsonOf(text), async (name) => {
      const file = beside.find((one) => one.name === name.split('/').at(-1))
      if (!file)
        throw new ImageError(
          'bad-operation',
          `The recipe names the file ${name}: choose it together with the recipe.`,
        )
      return new Uint8Array(await file.arrayBuffer())
    })
    if (read.length === 0) return this.view
    const onto = await this.#baseFor(read, beside)
    const operations = onto ? withBase(read, this.#image, onto) : read
    const before = this.operations
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
    return file
      ? this.#options.bases.file(file, this.#image, base.diffIds)
      : this.#options.bases.of(base, this.#image)
  }

  // ------------------------------------------------------------ told before it is done

  /** What scrubbing these paths would take out of each layer. */
  async copies(paths: readonly string[]): Promise<readonly CopyRow[]> {
    await this.#options.ready()
    const { tables } = this.edited.sources
    return copiesOf(tables, paths, standing(this.stack, this.#layers.count))
  }

  /** What an edit of whole layers would do to the root filesystem; nothing is done. */
  async layerPreview(edit: LayerEdit): Promise<LayerPreview> {
    await this.#options.ready()
    const { count } = this.#layers
    const from = this.stack
    const to = stacked(from, edit, count)
    const onto = edit.op === 'rebase' ? await this.#options.bases.of(edit.onto, this.#image) : this.#onto
    const { tables } = groundOf(this.#layers, onto)
    return {
      ...stackPreview(tables, from, to),
      conflicts: edit.op === 'move' ? conflictsOf(tables, edit.layer, from, to, count) : [],
      shadowed: edit.op === 'rebase' ? shadowedBy(tables, to, count) : [],
    }
  }

  /** A new base, its layers read: out of a file, or of an archive that this browser keeps. */
  async baseFrom(from: File | string): Promise<BaseView> {
    const own = this.#image
    return this.#baseView(
      typeof from === 'string'
        ? await this.#options.bases.kept(from, own)
        : await this.#options.bases.file(from, own),
    )
  }

  /** The same by its documents alone. */
  async describeBase(from: File | string): Promise<BaseView> {
    return this.#baseView(await this.#options.bases.described(from, this.#image))
  }

  #baseView({ file, image }: Pick<Onto, 'file' | 'image'>): BaseView {
    return {
      base: { file, diffIds: image.layers.map(({ diffId }) => diffId) },
      tags: namesOf(image),
      platform: platformOf(image.config),
      shared: sharedLayers(this.#image, image),
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
