/** What is on screen of an image's trees: which view, filtered how, what is open in it; and the answers about one path of it. */
import type {
  Details,
  FoundPaths,
  Listing,
  PathRef,
  Preview,
  Row,
  Treemap,
  TreeSummary,
  ViewKind,
  ViewRequest,
} from '../../workers/api'
import { ENTRY_TYPES } from '../core/tar/entry'
import { ImageError } from '../core/fault/fault'
import type { Image } from '../core/image/image'
import { instructionOf } from '../core/image/instruction'
import { entryOf, sizeIn } from '../core/rootfs/entry'
import { Tree } from '../core/rootfs/tree'
import { applyLayer } from '../core/rootfs/union'
import { blocksOf } from './blocks'
import { findPaths } from './find'
import type { Layers } from './layers'
import { lifeInEdits, lifeOf } from './life'
import { listingOf } from './listing'
import type { Pending } from './pending'
import {
  contentAt,
  directoryTar,
  fieldsOf,
  otherNames,
  previewOf,
  sameContents,
  xattrFields,
  type At,
} from './read'
import { blobOf } from './segments'
import { asTask, type Tasks } from './tasks'
import { View, type ViewTree } from './view'

/** The image that is open, with what is pending on it. */
export interface OpenImage {
  readonly image: Image
  readonly layers: Layers
  readonly pending: Pending
}

export interface ScreenOptions {
  readonly tasks: Tasks
  readonly current: () => OpenImage
  /** The tree on screen is another one. */
  readonly onTree: (summary: TreeSummary) => void
}

/** Rows beside those that were asked for last which come with each change of the tree. */
const AROUND = 50

let screens = 0

export class Screen {
  readonly #options: ScreenOptions
  #request: ViewRequest = { view: { kind: 'rootfs' }, filter: '', sort: 'name', descending: false }
  #view: View | null = null
  readonly #expanded = new Map<string, Set<string>>()
  /** The rows that were asked for last. */
  #asked = { from: 0, count: 100 }
  #asOf: { layer: number; tree: Tree } | null = null
  // Later than all of the screen before: the page drops what is older, and an answer of that one may still be on its way.
  #version = 1e6 * ++screens

  constructor(options: ScreenOptions) {
    this.#options = options
  }

  /** Another image is open: what was shown of the old one is let go of. */
  reset(): void {
    this.#asOf = this.#view = null
  }

  /** The tree has changed. */
  refresh(): void {
    this.#view = null
    this.#version++
    this.#options.onTree(this.#summary())
  }

  get #open(): OpenImage {
    return this.#options.current()
  }

  #viewTree(view: ViewKind): ViewTree {
    const { tables } = this.#open.layers
    switch (view.kind) {
      case 'rootfs':
      case 'edits': {
        const edited = this.#open.pending.edited
        return { ...edited, ghosts: view.kind === 'edits', onlyTouched: view.kind === 'edits' }
      }
      case 'asOf':
      case 'only':
        return {
          tree: this.#treeAsOf(view.layer),
          sources: { tables, upper: [] },
          ghosts: true,
          onlyTouched: view.kind === 'only',
        }
    }
  }

  /** The union of layers 0..layer, the last one's change marked. */
  #treeAsOf(layer: number): Tree {
    if (layer < 0 || layer >= this.#open.layers.count)
      throw new ImageError('no-such-path', `There is no layer ${layer}.`)
    const top = Math.min(layer, this.#open.layers.united - 1)
    if (this.#asOf?.layer === top) return this.#asOf.tree
    const { tables } = this.#open.layers
    const tree = new Tree()
    for (let below = 0; below <= top; below++) applyLayer(tree, tables, below)
    tree.seal(tables)
    if (top === layer) this.#asOf = { layer, tree }
    return tree
  }

  #shown(): View {
    this.#view ??= new View(
      this.#viewTree(this.#request.view),
      this.#request,
      this.#expandedIn(this.#request.view),
    )
    return this.#view
  }

  #expandedIn(view: ViewKind): Set<string> {
    const key = view.kind
    let set = this.#expanded.get(key)
    if (!set) this.#expanded.set(key, (set = new Set()))
    return set
  }

  #summary(): TreeSummary {
    const view = this.#shown()
    const from = Math.max(0, this.#asked.from - AROUND)
    const around = { from, rows: view.rows(from, this.#asked.count + 2 * AROUND) }
    return { ...view.summary(this.#version, this.#open.layers.complete), around }
  }

  /** Another view, filter or order. Throws `no-such-path` for a layer that is not there. */
  show(request: ViewRequest): TreeSummary {
    this.#request = request
    this.#view = null
    this.#version++
    return this.#summary()
  }

  /** At most a thousand rows of what is on screen, from the row `from` on. */
  rows(from: number, count: number): { version: number; rows: Row[] } {
    this.#asked = { from, count: Math.min(count, 100) }
    return { version: this.#version, rows: this.#shown().rows(from, Math.min(count, 1000)) }
  }

  /** Opens or closes a directory; `deep`, all below it too. */
  expand(path: string, open: boolean, deep: boolean): TreeSummary {
    this.#shown().expand(path, open, deep)
    this.#version++
    return this.#summary()
  }

  /** Opens what a path lies in; `row` is where it stands then. */
  reveal(path: string): { summary: TreeSummary; row: number } {
    const row = this.#shown().reveal(path)
    this.#version++
    return { summary: this.#summary(), row }
  }

  /** The next row behind `from`, around the end, whose name begins so; -1 for none. */
  typeAhead(prefix: string, from: number): number {
    return this.#shown().typeAhead(prefix, from)
  }

  /** At most 2000 blocks. */
  treemap(path: string, most: number): Treemap {
    return blocksOf(this.#shown(), path, Math.min(most, 2000))
  }

  // ------------------------------------------------------------ one path

  #at({ view, path }: PathRef): { at: At; shown: View } {
    const { pending } = this.#open
    const sameView =
      JSON.stringify(view) === JSON.stringify(this.#request.view) && this.#request.filter === ''
    const shown = sameView
      ? this.#shown()
      : new View(this.#viewTree(view), { view, filter: '', sort: 'name', descending: false }, new Set())
    const node = shown.nodeAt(path)
    if (node < 0) throw new ImageError('no-such-path', `There is no ${path} in this view.`, { path })
    return {
      shown,
      at: {
        tree: shown.tree,
        sources: shown.sources,
        node,
        open: (content) => pending.open(content),
        holds: (other) => shown.holds(other),
      },
    }
  }

  /** Throws `no-such-path`, as all that follow do. */
  details(ref: PathRef): Details {
    const { at, shown } = this.#at(ref)
    const { tree, sources, node } = at
    const entry = entryOf(tree, sources, node)
    return {
      row: shown.row(node),
      fields: fieldsOf(tree, node, entry),
      xattrs: xattrFields(entry),
      names: otherNames(tree, node),
      life: [
        ...lifeOf(this.#open.layers.tables, tree.pathBytes(node), (layer) => this.#stepOf(layer)),
        ...lifeInEdits(this.#open.pending.edited, tree.pathBytes(node)),
      ],
    }
  }

  #stepOf(layer: number): string {
    const step = this.#open.image.steps.find((candidate) => candidate.layer === layer)
    return instructionOf(step?.line?.created_by ?? '')
  }

  /** At most 16 MiB. */
  preview(ref: PathRef, from: number, length: number): Promise<Preview> {
    return previewOf(this.#at(ref).at, from, Math.min(length, 16 * 1024 * 1024))
  }

  /** Whether two paths hold the same bytes; only as much is read as agrees. */
  async sameContents(one: PathRef, other: PathRef): Promise<boolean> {
    const [a, b] = await Promise.all([one, other].map((ref) => contentAt(this.#at(ref).at)))
    return asTask(this.#options.tasks, `comparing versions of ${one.path}`, a.size, 'bytes', (task) =>
      sameContents(a, b, task),
    )
  }

  /** What an archive at that path holds. */
  async listing(ref: PathRef): Promise<Listing> {
    const { at } = this.#at(ref)
    const source = await contentAt(at)
    return asTask(this.#options.tasks, `listing ${ref.path}`, 0, 'bytes', ({ signal }) =>
      listingOf(source, ref.path.slice(ref.path.lastIndexOf('/') + 1), signal),
    )
  }

  /** A file as it is, a directory as a tar. */
  async download(ref: PathRef): Promise<{ blob: Blob; fileName: string }> {
    const { at } = this.#at(ref)
    const name = ref.path.split('/').filter(Boolean).at(-1) ?? 'rootfs'
    if (!at.tree.isDirectory(at.node)) return { blob: await blobOf(await contentAt(at)), fileName: name }
    const blob = await asTask(this.#options.tasks, `packing ${ref.path}`, 0, 'bytes', ({ signal }) =>
      directoryTar(at, signal),
    )
    return { blob, fileName: `${name}.tar` }
  }

  /** Paths of the edited tree by their names, at most 500, whatever is on screen. */
  find(query: string, limit: number): FoundPaths {
    const { tree, sources } = this.#open.pending.edited
    const { total, nodes } = findPaths(tree, query, Math.min(limit, 500))
    const size = sizeIn(sources)
    return {
      total,
      paths: nodes.map((node) => ({
        path: tree.path(node),
        type: ENTRY_TYPES[tree.type[node]],
        bytes: tree.isDirectory(node) ? 0 : size(tree, node),
        layer: tree.layer[node] === sources.tables.length ? -1 : tree.row[node] < 0 ? null : tree.layer[node],
      })),
    }
  }
}
