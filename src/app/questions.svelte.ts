/** What the person is asked before something is done: one dialog, or one choice of files, at a time, whoever wants to know. */
import type { Row } from '../../workers/api'
import type { Form } from './forms'

export type Question =
  | { readonly ask: 'name'; readonly what: 'file' | 'folder'; readonly directory: string }
  | { readonly ask: 'rename'; readonly row: Row }
  | { readonly ask: 'form'; readonly form: Form }
  | { readonly ask: 'attributes'; readonly rows: readonly Row[] }
  | { readonly ask: 'scrub'; readonly paths: readonly string[] }
  | { readonly ask: 'dropLayer'; readonly layer: number; readonly words: string }
  | { readonly ask: 'moveLayer'; readonly layer: number; readonly by: number; readonly words: string }
  | { readonly ask: 'rebase'; readonly layer: number | null }
  | { readonly ask: 'files' | 'folder' | 'recipe' }

export class Questions {
  #now = $state.raw<Question | null>(null)

  get now(): Question | null {
    return this.#now
  }

  ask(question: Question): void {
    this.#now = question
  }

  done(): void {
    this.#now = null
  }
}
