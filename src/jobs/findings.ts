/** What is said of the open image beside its trees: what it wastes, what engines do with its archive, and the report of all that. */
import type { DiveView, EngineRow, WasteRow, WasteView } from '../../workers/api'
import type { Archive, Image } from '../core/image/image'
import { diveSteps } from '../core/insight/dive'
import type { OpenedSource } from './open'
import { OtherContents } from './other-contents'
import type { LayerPool } from './pool'
import type { Stores } from './ports'
import { reportOf, reportText } from './report'
import { odditiesIn, rowsOfOpened, type Contents } from './rules'
import type { OpenImage } from './screen'
import { asTask, type Tasks } from './tasks'
import { turn } from './turn'
import { Wasted } from './wasted'

export interface FindingsOptions {
  readonly name: string
  readonly opened: OpenedSource
  readonly archive: Archive
  readonly pool: LayerPool
  readonly stores: Stores
  readonly tasks: Tasks
  readonly current: () => OpenImage
  /** Resolves when the layers of that image are read. */
  readonly ready: () => Promise<void>
  /** Whether that image is not the one on screen any more. */
  readonly left: (open: OpenImage) => boolean
}

export class Findings {
  readonly #options: FindingsOptions
  readonly #others: OtherContents
  #wasted: Wasted | null = null

  constructor(options: FindingsOptions) {
    this.#options = options
    this.#others = new OtherContents(options)
  }

  /** Other layers, or another image: what was found in those before is let go of. */
  reset(): void {
    this.#wasted = null
  }

  // ------------------------------------------------------------ waste

  async #wasteNow(): Promise<Wasted> {
    await this.#options.ready()
    const { union, tables, hidden } = this.#options.current().layers
    this.#wasted ??= new Wasted(union, tables, hidden)
    return this.#wasted
  }

  /** Beside the edits that are pending. */
  async waste(): Promise<WasteView> {
    return (await this.#wasteNow()).view(this.#options.current().pending.edited.tree)
  }

  async wasteRows(from: number, count: number): Promise<WasteRow[]> {
    return (await this.#wasteNow()).rows(this.#options.current().pending.edited.tree, from, count)
  }

  /** Takes longer than all the rest of it, and lets whatever else is asked for go first. Null where the image was left meanwhile. */
  async diveScore(): Promise<DiveView | null> {
    await this.#options.ready()
    const open = this.#options.current()
    const steps = diveSteps(open.layers.tables)
    for (;;) {
      const step = steps.next()
      if (step.done) return step.value
      await turn()
      if (this.#options.left(open)) return null
    }
  }

  // ------------------------------------------------------------ engines

  async rules(): Promise<EngineRow[]> {
    const { archive, opened } = this.#options
    const { image, layers } = this.#options.current()
    const verdictOf = (other: Image, layer: number): boolean | null =>
      other === image ? layers.views[layer].verified : null
    return rowsOfOpened(archive, opened, verdictOf, await this.contents())
  }

  /** What is odd in the layers: of none before the image on screen is read; then of all images, the others read for it. */
  async contents(): Promise<Contents> {
    const { image, layers } = this.#options.current()
    if (!layers.complete) return new Map()
    const others = await this.#others.besides(image, layers)
    return new Map([...others, [image.id, odditiesIn(layers.notices.list)]])
  }

  /** Of the archive as it was opened: the layers on screen as they are known, the other images' read now. */
  async report(): Promise<{ blob: Blob; fileName: string }> {
    await this.#options.ready()
    const { tasks, name, opened, archive, pool } = this.#options
    const { image, layers } = this.#options.current()
    const report = await asTask(tasks, 'writing the report', 0, '', ({ signal }) =>
      reportOf(name, opened, archive, {
        files: false,
        verify: false,
        pool,
        signal,
        read: (other) => (other === image ? layers : null),
      }),
    )
    return {
      blob: new Blob([...reportText(report)], { type: 'application/json' }),
      fileName: `${name.replace(/(\.tar)?(\.\w+)?$/, '') || 'image'}.report.json`,
    }
  }
}
