/** Exports of the open image: foreseen, built one at a time, and held until they are saved. */
import type {
  Build,
  BuildSizes,
  EngineRow,
  ExportForecast,
  ExportRequest,
  ExportResult,
} from '../../workers/api'
import { contentsOfBuild } from './build-contents'
import { rowsOfExport } from './export-rules'
import { exported, foretoldExport, isUnchanged, sizesOf, type Exportable } from './exporting'
import type { Stores } from './ports'
import { rowsOfBuilt, type Contents } from './rules'
import { Spill } from './spill'
import { asTask, type Task, type Tasks } from './tasks'

export interface ExportsOptions {
  readonly tasks: Tasks
  readonly stores: Stores
  /** False where nothing outlives the page: then large builds stay Blobs. */
  readonly persistent: boolean
  readonly newId: () => string
  /** The image with what is pending on it, once its layers are read. */
  readonly from: () => Promise<Exportable>
  /** What engines do with the archive as it was opened. */
  readonly rules: () => Promise<EngineRow[]>
  /** What is odd in the layers of the archive's images. */
  readonly contents: () => Promise<Contents>
}

export class Exports {
  readonly #options: ExportsOptions
  #running: Task | null = null
  /** Where the layers of the last large build were put, and those of builds that are being saved. */
  #built: Spill | null = null
  readonly #taken: Spill[] = []

  constructor(options: ExportsOptions) {
    this.#options = options
  }

  /** Builds and proves; a build or a forecast before it is given up. Throws what `rebuild` throws. */
  async export(request: ExportRequest): Promise<ExportResult> {
    const { tasks, stores, persistent, newId, rules, contents } = this.#options
    const from = await this.#options.from()
    this.stop()
    const spill = persistent ? new Spill(stores.blobs, `export/${newId()}`) : null
    this.#built = spill
    return asTask(tasks, 'building the image', 0, 'bytes', async (task) => {
      this.#running = task
      const { result, opened } = await exported(from, request, task, spill?.put)
      if (result.identical) return { ...result, engines: await rules() }
      const built = new Map([...(await contents()), [result.imageId, contentsOfBuild(from, request)]])
      return { ...result, engines: opened ? await rowsOfBuilt(opened, request, built) : [] }
    })
  }

  /** Size and IDs, exactly; a build or a forecast before it is given up. */
  async foretell(request: ExportRequest): Promise<ExportForecast> {
    const from = await this.#options.from()
    this.stop()
    return asTask(this.#options.tasks, 'working out the image ID', 0, 'bytes', (task) => {
      this.#running = task
      return foretoldExport(from, request, task)
    })
  }

  stop(): void {
    this.#running?.cancel()
    this.#running = null
    abandon(this.#built)
    this.#built = null
  }

  /** What was built last is being saved: it stays, whatever is built next. */
  take(): void {
    if (this.#built) this.#taken.push(this.#built)
    this.#built = null
  }

  /** What was taken is saved. */
  release(): void {
    for (const spill of this.#taken.splice(0)) abandon(spill)
  }

  async sizes(request: Omit<ExportRequest, 'build'>, builds: readonly Build[]): Promise<BuildSizes> {
    return sizesOf(await this.#options.from(), request, builds)
  }

  /** What engines will do, before it is built. */
  async rules(request: ExportRequest): Promise<EngineRow[]> {
    const from = await this.#options.from()
    return isUnchanged(from, request)
      ? this.#options.rules()
      : rowsOfExport(from, request, await this.#options.contents())
  }
}

/** What is left, the next start sweeps away. */
function abandon(spill: Spill | null): void {
  void spill?.abandon().catch(() => {})
}
