/** An export on its way: what is asked for, what each build would come to, and what the chosen one came to, built ahead so that it is known before it is saved. */
import type {
  BaseView,
  Build,
  BuildSizes,
  EditsView,
  EngineRow,
  ExportForecast,
  ExportRequest,
  ExportResult,
  Format,
  NewBase,
} from '../../workers/api'
import { faultOf, type Fault } from '../core/fault/fault'
import type { Engine } from './engine'
import { BUILDS, sizesInTurn } from './sizes-in-turn'

/** Bytes of layers that are made anew. Beyond this nothing is kept before "Save": size and IDs are worked out, and the bytes let go of. */
const MOST_AHEAD = 64_000_000
/** After the last change of a choice, ms. */
const REST = 300

/** What a build ahead is of. */
interface Ahead {
  readonly key: string
  readonly result: Promise<ExportResult>
}

export class ExportPlan {
  readonly #engine: Engine
  build = $state<Build>('append')
  format = $state<Format>('docker')
  tag = $state('')
  from = $state(0)
  gzip = $state(false)
  /** As typed; null without a limit. */
  epoch = $state<string | null>(null)
  alone = $state(false)
  /** What the other side of a delta has. */
  base = $state.raw<NewBase | null>(null)
  #choosing = $state(false)
  /** With what they are of, whichever the build. */
  #sizes = $state.raw<{ key: string; sizes: BuildSizes } | null>(null)
  #result = $state.raw<{ key: string; result: ExportResult } | null>(null)
  #rules = $state.raw<{ key: string; rows: readonly EngineRow[] } | null>(null)
  #fault = $state.raw<{ key: string; fault: Fault } | null>(null)
  #building = $state('')
  /** Size and IDs by choice, of all that were looked at. */
  #figures = $state.raw<{ readonly [choice: string]: ExportForecast }>({})
  /** The choice whose figures were not waited for. */
  #stopped = $state('')
  #ahead: Ahead | null = null

  constructor(engine: Engine, first: Build, tag: string) {
    this.#engine = engine
    this.build = first
    this.tag = tag
  }

  readonly request = $derived.by(() => this.#requestFor(this.build))
  readonly #key = $derived.by(() => JSON.stringify(this.request))

  #requestFor(build: Build): ExportRequest {
    return {
      build,
      format: this.format,
      tag: this.tag.trim(),
      ...(build === 'squash' ? { from: this.from } : {}),
      ...(this.gzip ? { gzip: true } : {}),
      ...(this.epoch === null ? {} : { epoch: this.seconds }),
      ...(this.alone ? { alone: true } : {}),
      ...(this.format === 'delta' && this.base ? { base: this.base.diffIds } : {}),
    }
  }

  /** An archive or a kept image was chosen as the base, and is being read: nothing can be saved before it is known. */
  get choosing(): boolean {
    return this.#choosing
  }
  async describeBase(from: File | string): Promise<BaseView> {
    this.#choosing = true
    try {
      return await this.#engine.describeBase(from)
    } finally {
      this.#choosing = false
    }
  }

  /** NaN where what was typed is neither seconds nor a date. */
  get seconds(): number {
    const typed = this.epoch?.trim() ?? ''
    if (/^\d{1,12}$/.test(typed)) return Number(typed)
    return /^\d{4}-\d\d-\d\d/.test(typed) ? Math.floor(Date.parse(typed) / 1000) : NaN
  }
  get sizes(): BuildSizes | null {
    return this.#sizes?.sizes ?? null
  }
  /** Of the choice on screen; null while it is not built. */
  get result(): ExportResult | null {
    return this.#result?.key === this.#key ? this.#result.result : null
  }
  /** Size and IDs of the choice on screen; null while they are not known. */
  get figures(): ExportForecast | null {
    return this.#figures[this.#key] ?? null
  }
  /** Bytes of a build, exactly, where that is known. */
  exactly(build: Build): number | null {
    return this.#figures[JSON.stringify(this.#requestFor(build))]?.bytes ?? null
  }
  /** The figures of the choice on screen were on their way, and were stopped. */
  get stopped(): boolean {
    return this.#stopped === this.#key
  }
  /** What engines will do with the choice on screen: foreseen, and once it is built, with its IDs. */
  get engines(): readonly EngineRow[] {
    return this.result?.engines ?? (this.#rules?.key === this.#key ? this.#rules.rows : [])
  }
  /** Why the choice on screen cannot be built. */
  get fault(): Fault | null {
    return this.#fault?.key === this.#key ? this.#fault.fault : null
  }
  get building(): boolean {
    return this.#building === this.#key
  }

  /** Asks for sizes and builds ahead whenever the choice has come to rest; to be called in an effect. Answers how to stop. */
  follow(): () => void {
    const { request } = this
    const key = this.#key
    let wanted = true
    const timer = setTimeout(() => void this.#prepare(key, request, () => wanted), REST)
    return () => {
      wanted = false
      clearTimeout(timer)
    }
  }

  /** @param wanted false once another choice is made, or nobody looks any more: a forecast would give up the build that somebody else has asked for. */
  async #prepare(key: string, request: ExportRequest, wanted: () => boolean): Promise<void> {
    try {
      // The chosen one first: it is built ahead before anyone thinks about the others.
      for await (const sizes of this.#sizesOf(request, [request.build], wanted)) this.#learn(request, sizes)
      if (!wanted()) return
      // What cannot be built has no verdicts; why not is said by the build.
      const rows = await this.#engine.exportRules(request).catch(() => [])
      if (!wanted()) return
      this.#rules = { key, rows }
      const { work } = this.#sizes!.sizes.builds.find(({ build }) => build === request.build)!
      if (work <= MOST_AHEAD) await this.built().catch(() => {})
      const others = BUILDS.filter((build) => !this.#knows(request, build))
      for await (const sizes of this.#sizesOf(request, others, wanted)) this.#learn(request, sizes)
      if (work > MOST_AHEAD && wanted()) await this.foretell()
    } catch {
      // Said as the fault of the choice, where it is still on screen.
    }
  }

  #sizesOf(
    request: ExportRequest,
    builds: readonly Build[],
    wanted: () => boolean,
  ): AsyncIterable<BuildSizes> {
    return sizesInTurn(this.#engine, request, builds, wanted)
  }

  /** Of other builds, what was known of them stays as long as nothing but the build is another. */
  #learn(request: ExportRequest, { opened, builds }: BuildSizes): void {
    const others = this.#knownOf(request).filter(({ build }) => !builds.some((one) => one.build === build))
    this.#sizes = { key: keyOf(request), sizes: { opened, builds: [...others, ...builds] } }
  }

  #knownOf(request: ExportRequest): BuildSizes['builds'] {
    return this.#sizes?.key === keyOf(request) ? this.#sizes.sizes.builds : []
  }

  #knows(request: ExportRequest, build: Build): boolean {
    return this.#knownOf(request).some((one) => one.build === build)
  }

  /** Size and IDs of a choice that is too much to be built before it is asked for. One that is being built is told by its build. */
  async foretell(): Promise<void> {
    const key = this.#key
    if (this.#figures[key] || this.#ahead?.key === key) return
    this.#ahead = null
    this.#building = key
    this.#stopped = ''
    try {
      this.#know(key, await this.#engine.foretell(this.request))
    } catch (thrown) {
      const fault = faultOf(thrown)
      if (fault.code !== 'cancelled') this.#fault = { key, fault }
      else if (this.#building === key && !this.#ahead) this.#stopped = key
    }
    if (this.#building === key && !this.#ahead) this.#building = ''
  }

  #know(key: string, { bytes, imageId, manifestDigest, targetDigest, layers, images }: ExportForecast): void {
    this.#figures = {
      ...this.#figures,
      [key]: { bytes, imageId, manifestDigest, targetDigest, layers, images },
    }
  }

  /** The choice on screen, built: what was built ahead, or what is being built. */
  built(): Promise<ExportResult> {
    const key = this.#key
    if (this.#ahead?.key !== key) {
      this.#building = key
      this.#stopped = ''
      this.#ahead = { key, result: this.#engine.export(this.request) }
      this.#ahead.result
        .then((result) => {
          this.#result = { key, result }
          this.#know(key, result)
        })
        .catch((thrown: unknown) => {
          const fault = faultOf(thrown)
          if (this.#ahead?.key === key) this.#ahead = null
          if (fault.code !== 'cancelled') this.#fault = { key, fault }
          else if (this.#building === key) this.#stopped = key
        })
        .finally(() => {
          if (this.#building === key) this.#building = ''
        })
    }
    return this.#ahead.result
  }

  /** What was built is let go of. */
  forget(): void {
    this.#ahead = this.#result = this.#fault = null
  }
}

/** Of what is asked for, whichever the build. */
function keyOf(request: ExportRequest): string {
  return JSON.stringify({ ...request, build: '', from: undefined })
}

/** The build to begin with: adding a layer cannot undo what lies in lower ones. */
export function firstBuild(wanted: Build, edits: EditsView | null): Build {
  return wanted === 'append' && edits?.stack.keepsLayers === false ? 'rewrite' : wanted
}
