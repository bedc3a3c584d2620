/** What engines will meet in the layers of the archive's other images: read once somebody asks, as a task that people see and can stop. */
import { MemorySource } from '../core/bytes/source'
import type { Oddity } from '../core/engine/facts'
import { faultOf } from '../core/fault/fault'
import type { Archive, Image } from '../core/image/image'
import { Layers } from './layers'
import type { LayerPool } from './pool'
import type { SegmentStore, Stores } from './ports'
import { odditiesIn, type Contents } from './rules'
import { asTask, type Task, type Tasks } from './tasks'

export interface OtherContentsOptions {
  readonly archive: Archive
  readonly pool: LayerPool
  readonly stores: Stores
  readonly tasks: Tasks
}

export class OtherContents {
  readonly #options: OtherContentsOptions
  /** By image ID. */
  readonly #found = new Map<string, readonly Oddity[]>()
  #reading: Promise<void> | null = null
  /** Somebody did not want to wait: those images stay unread. */
  #stopped = false

  constructor(options: OtherContentsOptions) {
    this.#options = options
  }

  /** Of every image but the one whose layers are given; those that were not read are not in it. */
  async besides(image: Image, layers: Layers): Promise<Contents> {
    const others = this.#options.archive.images.filter(
      (other) => other !== image && !this.#found.has(other.id),
    )
    if (others.length > 0 && !this.#stopped) {
      this.#reading ??= this.#read(others, layers).finally(() => (this.#reading = null))
      await this.#reading
    }
    return this.#found
  }

  async #read(images: readonly Image[], layers: Layers): Promise<void> {
    const { pool, stores, tasks } = this.#options
    const beside = [layers]
    const all = images.map((image) => new Layers({ image, pool, stores: letGo(stores), beside }))
    const total = all.reduce((sum, { scanBytes }) => sum + scanBytes, 0)
    try {
      await asTask(tasks, 'reading the layers of the other images', total, 'bytes', async (task) => {
        let before = 0
        for (const [i, others] of all.entries()) {
          await others.scan(shifted(task, before))
          before += others.scanBytes
          if (task.signal.aborted) return void (this.#stopped = true)
          beside.push(others)
          this.#found.set(images[i].id, odditiesIn(others.notices.list))
        }
      })
    } catch (thrown) {
      if (faultOf(thrown).code !== 'cancelled') throw thrown
      this.#stopped = true
    }
  }
}

function shifted(task: Task, before: number): Pick<Task, 'signal' | 'progress'> {
  return { signal: task.signal, progress: (done) => task.progress(before + done) }
}

/** What is kept is used; what has to be inflated is let go of, since nobody will look into it. */
function letGo(stores: Stores): Stores {
  const nothing = new MemorySource(new Uint8Array())
  const layers: SegmentStore = {
    has: async () => false,
    get: async () => nothing,
    late: async () => nothing,
    write: async () => ({ append: async () => nothing, commit: async () => {}, abandon: async () => {} }),
    remove: async () => {},
    list: async () => [],
  }
  return { ...stores, layers }
}
