/** The pending changes, and every way to make one, to undo it, and to take it back. */
import type { Build, Edit, EditsView, Json, Row } from '../../workers/api'
import { faultOf, type Fault } from '../core/fault/fault'
import type { Desk } from './files.svelte'
import { placed } from './forms'
import type { Place } from './place.svelte'
import type { Inspector } from './inspector.svelte'
import type { Dropped } from './opening'
import { count, directoryOf, joined } from './words'

interface Host extends Desk {
  readonly inspector: Inspector
  say(words: string): void
  /** While it lasts, the page is not left without asking. */
  guarded<T>(job: () => Promise<T>): Promise<T>
  readonly place: Pick<Place, 'goToPath'>
}

export class Editing {
  readonly #host: Host
  #edits = $state.raw<EditsView | null>(null)

  constructor(host: Host) {
    this.#host = host
  }

  /** Null until an image is open. */
  get edits(): EditsView | null {
    return this.#edits
  }
  readonly changes = $derived.by(() => this.#edits?.operations.length ?? 0)

  /** A newer state of them, from a call or from an event. */
  take(edits: EditsView): void {
    this.#edits = edits
    void this.#host.inspector.again()
  }

  reset(): void {
    this.#edits = null
  }

  /** What a call to the engine makes of the edits, once that is in force and saved. Rejects with its fault. */
  async #saved(call: () => Promise<EditsView>): Promise<EditsView> {
    const after = await this.#host.guarded(call)
    this.take(after)
    return after
  }

  /** The same; a fault is shown to the person, and null comes back. */
  #changed(during: string, call: () => Promise<EditsView>): Promise<EditsView | null> {
    return this.#host.run(during, () => this.#saved(call))
  }

  /** True once the edits are in force and saved. */
  async edit(during: string, edits: readonly Edit[]): Promise<boolean> {
    if (edits.length === 0) return false
    const after = await this.#changed(during, () => this.#host.engine.edit(edits))
    if (!after) return false
    const last = after.operations.at(-1)
    this.#host.say(edits.length === 1 && last ? last.words : `${count(edits.length, 'change')} made.`)
    return true
  }

  /** Null once the edits are in force and saved; else what was wrong, for a dialog to say. */
  async attempt(edits: readonly Edit[]): Promise<Fault | null> {
    try {
      const after = await this.#saved(() => this.#host.engine.edit(edits))
      this.#host.say(after.operations.at(-1)?.words ?? '')
      return null
    } catch (thrown) {
      return faultOf(thrown)
    }
  }

  async undo(): Promise<void> {
    const words = this.#edits?.undoes ?? ''
    if (!this.#edits?.canUndo) return
    const after = await this.#changed('undoing', () => this.#host.engine.undo())
    if (after) this.#host.say(`Undone: ${words}`)
  }

  async redo(): Promise<void> {
    const words = this.#edits?.redoes ?? ''
    if (!this.#edits?.canRedo) return
    const after = await this.#changed('redoing', () => this.#host.engine.redo())
    if (after) this.#host.say(`Redone: ${words}`)
  }

  /** Every change, one after the other: redo brings them back. */
  async undoAll(): Promise<void> {
    while (this.#edits?.canUndo) {
      if (!(await this.#changed('undoing', () => this.#host.engine.undo()))) return
    }
    this.#host.say('Every change is undone. Redo brings them back, one by one.')
  }

  async drop(index: number): Promise<void> {
    await this.#changed('taking a change back', () => this.#host.engine.drop(index))
  }

  async remove(rows: readonly Row[]): Promise<void> {
    const there = rows.filter((row) => row.change !== 'removed')
    // A directory takes what is below it along; naming that too would fail once it is gone.
    const tops = there.filter((row) => !there.some((other) => row.path.startsWith(`${other.path}/`)))
    await this.edit(
      'deleting',
      tops.map((row) => ({ op: 'remove', path: row.path })),
    )
  }

  async rename(path: string, name: string): Promise<void> {
    const to = placed(directoryOf(path), name)
    if (to !== path && (await this.edit('renaming', [{ op: 'rename', from: path, to }])))
      await this.#host.place.goToPath(to)
  }

  async newFile(directory: string, name: string): Promise<void> {
    const path = placed(directory, name)
    if (!(await this.edit('making a file', [{ op: 'write', path, content: '' }]))) return
    await this.#host.place.goToPath(path)
    // Unless somebody went on meanwhile: what they look at now is not to be written.
    if (this.#host.inspector.at?.path === path) await this.#host.inspector.startEditing()
  }

  async newFolder(directory: string, name: string): Promise<void> {
    const path = placed(directory, name)
    if (await this.edit('making a directory', [{ op: 'mkdir', path }])) await this.#host.place.goToPath(path)
  }

  /** Files from the desktop into a directory; what has the same name there is replaced. */
  async addFiles(directory: string, { files, emptyDirectories, folder }: Dropped): Promise<void> {
    const inside = folder === '' ? directory : joined(directory, folder)
    const bare = emptyDirectories.map((path) => (path === '' ? inside : joined(inside, path)))
    const there = await Promise.all(bare.map((path) => this.#exists(path)))
    const edits: Edit[] = [
      ...bare.filter((_, index) => !there[index]).map((path): Edit => ({ op: 'mkdir', path })),
      ...files.map(({ path, file }): Edit => ({
        op: 'write',
        path: joined(inside, path || file.name),
        content: file,
      })),
    ]
    await this.edit(`adding files to ${directory}`, edits)
  }

  #exists(path: string): Promise<boolean> {
    return this.#host.engine.details({ view: { kind: 'rootfs' }, path }).then(
      () => true,
      () => false,
    )
  }

  async saveText(path: string, text: string): Promise<boolean> {
    if (!(await this.edit('saving a file', [{ op: 'write', path, content: text }]))) return false
    this.#host.inspector.draft(path, null)
    return true
  }

  /** `key`: fields of the image itself (author, os) stand beside `config`, not in it. */
  async setConfig(
    field: string,
    value: Json | undefined,
    key: readonly string[] = ['config', field],
  ): Promise<boolean> {
    return this.edit(`setting ${field}`, [
      value === undefined ? { op: 'config', key } : { op: 'config', key, value },
    ])
  }

  /** Null once the text is the config; else what is wrong with it. */
  async setConfigText(text: string): Promise<Fault | null> {
    try {
      const before = this.changes
      await this.#saved(() => this.#host.engine.setConfigText(text))
      this.#host.say(`${count(this.changes - before, 'change')} made.`)
      return null
    } catch (thrown) {
      return faultOf(thrown)
    }
  }

  /** Takes what nobody sees out of the layers; then the export stands on the build that does it. */
  async reclaim(exportDialog: (build: Build) => void): Promise<void> {
    const done =
      this.#edits?.stack.reclaimed || (await this.edit('leaving out what nobody sees', [{ op: 'reclaim' }]))
    if (done) exportDialog('rewrite')
  }

  async setTags(tags: readonly string[]): Promise<boolean> {
    return this.edit('setting the tags', [{ op: 'tags', tags }])
  }
}
