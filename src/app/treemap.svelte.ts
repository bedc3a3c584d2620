/** The treemap of what the tree shows: how far it is zoomed, which block is current, and where the keys lead. */
import type { Block, Treemap } from '../../workers/api'
import type { Desk, FilesPane } from './files.svelte'
import type { Colouring } from './route'
import { directoryOf } from './words'

/** As many as stay readable on a large screen. */
const most = 500

const nothing: Treemap = { path: '/', bytes: 0, blocks: [] }

export class TreemapPane {
  readonly #desk: Desk
  readonly #files: FilesPane
  #map = $state.raw<Treemap>(nothing)
  #current = $state(0)
  #colouring = $state<Colouring>('layer')
  #asked = 0
  /** What is asked for last: the blocks of it may still be on their way. */
  #zoom = $state('/')

  /** The path that is looked at elsewhere. */
  #looked = ''

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
  /** The directory that fills the map, or is about to. */
  get zoomed(): string {
    return this.#zoom
  }
  /** 0 for none: what is looked at is too small for a block, and so are those that hold it. */
  get current(): number {
    return this.#current
  }
  get colouring(): Colouring {
    return this.#colouring
  }
  colourBy(colouring: Colouring): void {
    this.#colouring = colouring
  }

  /** As an address says: the blocks follow once the tree is there. */
  restore(zoom: string, colouring: Colouring): void {
    this.#zoom = zoom
    this.#colouring = colouring
  }

  /** The blocks anew: for another view, filter or state of the tree. Where the place is gone, from the root on. */
  async refresh(): Promise<void> {
    if (this.#files.summary.version < 0) return
    await this.#ask(this.#zoom, this.#looked || (this.blocks[this.#current]?.path ?? ''))
  }

  /** Makes `path` the whole. `from`: what becomes the current block. */
  async zoom(path: string, from = ''): Promise<void> {
    await this.#ask(path, from)
  }

  async zoomOut(): Promise<void> {
    if (this.#zoom !== '/') await this.zoom(directoryOf(this.#zoom), this.#zoom)
  }

  /** Somebody looks at `path`: its block becomes the current one, and the map as much larger as it takes to hold it. */
  async follow(path: string): Promise<void> {
    this.#looked = path
    if (path === '' || path === this.#zoom) return
    let zoom = this.#zoom
    while (!isWithin(path, zoom)) zoom = directoryOf(zoom)
    if (zoom === this.#zoom) this.#current = blockOf(this.blocks, path)
    else await this.#ask(zoom, path)
  }

  async #ask(path: string, current: string): Promise<void> {
    const asked = ++this.#asked
    this.#zoom = path
    const map =
      (await this.#desk.engine.treemap(path, most).catch(() => null)) ??
      (await this.#desk.run('drawing the treemap', () => this.#desk.engine.treemap('/', most)))
    if (!map || asked !== this.#asked) return
    this.#map = map
    // What is not there while layers are still being read may be in one of them.
    if (this.#files.summary.complete) this.#zoom = map.path
    // Where nothing is looked at, the biggest is the first to be.
    this.#current = current === '' ? Math.min(1, map.blocks.length - 1) : blockOf(map.blocks, current)
  }

  reset(): void {
    this.#asked++
    this.#map = nothing
    this.#zoom = '/'
    this.#current = 0
    this.#looked = ''
  }

  go(index: number): void {
    if (index >= 0 && index < this.blocks.length) this.#current = index
  }

  /** Where a key leads: beside, into, or out of the current block; null for keys that mean nothing here. */
  step(key: string): number | null {
    const at = Math.max(1, this.#current)
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

const isWithin = (path: string, directory: string) =>
  directory === '/' || path === directory || path.startsWith(`${directory}/`)

/** The block of `path`, or of the smallest directory around it that has one; 0 where that is the whole map. */
export function blockOf(blocks: readonly Block[], path: string): number {
  let best = 0
  blocks.forEach((block, index) => {
    const holds = block.rest === 0 && isWithin(path, block.path)
    if (index > 0 && holds && block.path.length > blocks[best].path.length) best = index
  })
  return best
}
