/** Whether this tab may change an image: one tab may at a time, and none may where a newer program saved the edits. */
import type { Access, EngineEvent } from '../../workers/api'
import { readJournal } from '../core/edit/journal'
import { ImageError } from '../core/fault/fault'
import type { Claim, Claims } from './ports'

export interface ImageAccessOptions {
  readonly emit: (event: EngineEvent) => void
  /**
   * The image is this tab's again, and another may have changed it meanwhile: takes up what is stored. False where a
   * newer program stored it.
   */
  readonly regained: () => Promise<boolean>
  /** Resolves once no change is under way: then another tab may have the image. */
  readonly settled: () => Promise<void>
}

export class ImageAccess {
  readonly #options: ImageAccessOptions
  #access: Access = 'asking'
  #claim: Claim | null = null
  /** Resolves once it is known who may change the image. */
  readonly #asked: Promise<void>
  #known: () => void = () => {}
  #closed = false

  constructor(options: ImageAccessOptions) {
    this.#options = options
    this.#asked = new Promise((resolve) => (this.#known = resolve))
  }

  /** Asks for the image, so that no other tab changes it at the same time. */
  ask(id: string, claims: Claims): void {
    this.#claim = claims.claim(id, {
      held: () => this.#held(),
      other: () => this.set('other'),
      lost: async () => {
        this.set('other')
        await this.#options.settled()
      },
    })
  }

  /** The image is this tab's. Another may have changed it since it was opened here. */
  async #held(): Promise<void> {
    if (this.#closed || this.#access === 'newer') return
    const readable = this.#access !== 'other' || (await this.#options.regained())
    this.set(readable ? 'mine' : 'newer')
  }

  set(access: Access): void {
    if (this.#closed) return
    this.#access = access
    this.#options.emit({ type: 'access', access })
    this.#known()
  }

  takeOver(): void {
    this.#claim?.takeOver()
  }

  /** Waits until it is known. Throws `held-elsewhere`, or what `readJournal` throws of a newer program. */
  async mustBeMine(): Promise<void> {
    await this.#asked
    if (this.#access === 'other')
      throw new ImageError(
        'held-elsewhere',
        'Another tab has this image open and may change it. Take it over, or go on there.',
      )
    if (this.#access === 'newer') readJournal({ version: Infinity })
  }

  close(): void {
    this.#closed = true
    this.#claim?.release()
    this.#known()
  }
}
