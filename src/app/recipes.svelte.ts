/** The pending changes as a file: a recipe to be replayed elsewhere, or a Dockerfile with its context. */
import { faultOf, type Fault } from '../core/fault/fault'
import type { Editing } from './editing.svelte'
import type { Desk } from './files.svelte'
import { download } from './saving'
import { count } from './words'

interface Host extends Desk {
  readonly tags: readonly string[]
  /** While it lasts, the page is not left without asking. */
  guarded<T>(job: () => Promise<T>): Promise<T>
}

export class Recipes {
  readonly #host: Host
  readonly #editing: Editing
  #fault = $state.raw<Fault | null>(null)
  #said = $state('')

  constructor(host: Host, editing: Editing) {
    this.#host = host
    this.#editing = editing
  }

  /** Why the last thing asked for did not happen; null where it did. */
  get fault(): Fault | null {
    return this.#fault
  }
  /** What the last thing asked for came to; "" where nothing is to be said. */
  get said(): string {
    return this.#said
  }

  reset(): void {
    this.#fault = null
    this.#said = ''
  }

  async save(): Promise<void> {
    const made = await this.#host.run('writing the recipe', () => this.#host.engine.recipe())
    if (made) download(made.blob, made.fileName)
  }

  /** `chosen`: a recipe, and the files that it names. */
  async replay(chosen: readonly File[]): Promise<void> {
    const recipe = chosen.find(({ name }) => /\.json$/i.test(name)) ?? chosen[0]
    if (!recipe) return
    this.reset()
    const before = this.#editing.changes
    try {
      const text = await recipe.text()
      const beside = chosen.filter((file) => file !== recipe)
      this.#editing.take(await this.#host.guarded(() => this.#host.engine.replayRecipe(text, beside)))
      this.#said = `${count(this.#editing.changes - before, 'change')} of ${recipe.name} made. Undo takes them back together.`
    } catch (thrown) {
      this.#fault = faultOf(thrown)
    }
  }

  async saveContext(): Promise<void> {
    this.reset()
    const tag = this.#host.tags[0] ?? ''
    try {
      const made = await this.#host.engine.export({ build: 'append', format: 'context', tag })
      download(made.blob, made.fileName)
      this.#said = `${made.fileName} holds the Dockerfile: docker build -t NAME - < ${made.fileName}`
    } catch (thrown) {
      this.#fault = faultOf(thrown)
    }
  }
}
