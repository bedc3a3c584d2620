/** The treemap of what the tree shows: how far it is zoomed, which block is current, and where the keys lead. */
import type { Block, Treemap } from '../../workers/api'
import type { Desk, FilesPane } from './files.svelte'

/** As many as stay readable on a large screen. */
const most = 500

export const colourings = ['layer', 'change', 'kind'] as const
export type Colouring = (typeof colourings)[number]

const nothing: Treemap = { path: '/', bytes: 0, blocks: [] }

export class TreemapPane {
  readonly #desk: Desk
  readonly #files: FilesPane
  #map = $state.raw<Treemap>(nothing)
  #current = $state(0)
  #colouring = $state<Colouring>('layer')
  #asked = 0
  /** What is asked for last: the blocks of it may still be on their way. */
  #wanted = '/'

  constructor(desk: Desk, files: FilesPane) {
    this.#desk = desk
    this.#files = files
  }

  get path(): string {
    return this.#map.path
  }
  get bytes(): number {
    return this.#map.bytes
  }
  get blocks(): readonly Block[] {
    return this.#map.blocks
  }
  get current(): number {
    return this.#current
  }
  get colouring(): Colouring {
    return this.#colouring
  }
  colourBy(colouring: Colouring): void {
    this.#colouring = colouring
  }

  /** The blocks anew: for another view, filter or state of the tree. Where the place is gone, from the root on. */
  async refresh(): Promise<void> {
    const summary = this.#files.summary
    if (summary.version < 0) return
    await this.#ask(this.#wanted, this.blocks[this.#current]?.path ?? '')
  }

  /** Makes `path` the whole. `from`: the block that becomes the current one. */
  async zoom(path: string, from = ''): Promise<void> {
    await this.#ask(path, from)
  }

  async zoomOut(): Promise<void> {
    const { path } = this.#map
    if (path !== '/') await this.zoom(path.slice(0, path.lastIndexOf('/')) || '/', path)
  }

  async #ask(path: string, current: string): Promise<void> {
    const asked = ++this.#asked
    this.#wanted = path
    const map =
      (await this.#desk.engine.treemap(path, most).catch(() => null)) ??
      (await this.#desk.run('drawing the treemap', () => this.#desk.engine.treemap('/', most)))
    if (!map || asked !== this.#asked) return
    const same = map.blocks.findIndex(
      (block, index) => index > 0 && block.path === current && block.rest === 0,
    )
    this.#map = map
    this.#wanted = map.path
    this.#current = same > 0 ? same : Math.min(1, map.blocks.length - 1)
  }

  reset(): void {
    this.#asked++
    this.#map = nothing
    this.#wanted = '/'
    this.#current = 0
  }

  go(index: number): void {
    if (index >= 0 && index < this.blocks.length) this.#current = index
  }

  /** Where a key leads: beside, into, or out of the current block; null for keys that mean nothing here. */
  step(key: string): number | null {
    const at = this.#current
    const parent = this.blocks[at]?.parent ?? -1
    /** Biggest first. */
    const beside = this.blocks.flatMap((block, i) => (block.parent === parent ? [i] : []))
    const place = beside.indexOf(at)
    switch (key) {
      case 'ArrowRight':
        return beside[Math.min(beside.length - 1, place + 1)]
      case 'ArrowLeft':
        return beside[Math.max(0, place - 1)]
      case 'Home':
        return beside[0]
      case 'End':
        return beside[beside.length - 1]
      case 'ArrowDown': {
        const inside = this.blocks.findIndex((block) => block.parent === at)
        return inside < 0 ? at : inside
      }
      case 'ArrowUp':
        // The first block is the place itself, and no tile.
        return this.blocks[at]?.parent > 0 ? this.blocks[at].parent : at
      default:
        return null
    }
  }
}
