/**
 * Where each row of each layer ends up: the path it means once symbolic links on the way are followed, and for
 * markers, the path they take away. Paths are nodes of one tree over all layers, which never forgets one.
 */
import { bytesOfName } from '../bytes/text'
import { pathBytesOf } from '../layer/rows'
import type { EntryTable } from '../layer/table'
import { markerOf, type Marker } from '../layer/whiteout'
import { LastNames } from '../rootfs/last-name'
import { ROOT, Tree } from '../rootfs/tree'
import { applyLayer, linkTargets } from '../rootfs/union'
import { namesIn, resolve, type LinkTarget } from '../rootfs/walk'

export interface MarkerRow {
  readonly row: number
  readonly marker: Marker
  /** The directory it stands in; -1 where there is none. */
  readonly parent: number
  readonly name: Uint8Array
  /** Whether a lower layer has what it takes away. */
  readonly hides: boolean
}

export interface SurveyedLayer {
  /** Node of each row; -1 for markers, and for rows that a later row of the layer replaces. */
  readonly node: Int32Array
  /** The same, with the path that a replaced row was for: its node although another row is there. */
  readonly meant: Int32Array
  readonly markers: readonly MarkerRow[]
  /** Row of the inode that each hard link means, where this layer has it. */
  readonly inodes: ReadonlyMap<number, number>
}

export interface Survey {
  /** The union of all layers. */
  readonly tree: Tree
  /** Layers that were laid, base first. */
  readonly order: readonly number[]
  /** By number; of nothing for one that was not laid. */
  readonly layers: readonly SurveyedLayer[]
  /** Nodes that each of the asked paths was, after some layer: more than one where a link on the way was changed. */
  readonly asked: readonly ReadonlySet<number>[]
}

const NOT_LAID: SurveyedLayer = {
  node: new Int32Array(0),
  meant: new Int32Array(0),
  markers: [],
  inodes: new Map(),
}

/** `paths` as people give them: through symbolic links, as they stood after each layer; the last name is not followed. `order`: the layers that are laid, base first. */
export function surveyOf(
  tables: readonly EntryTable[],
  paths: readonly string[] = [],
  order: readonly number[] = tables.map((_, layer) => layer),
): Survey {
  const tree = new Tree()
  const target = linkTargets(tree, tables)
  const asked = paths.map(() => new Set<number>())
  const layers = tables.map(() => NOT_LAID)
  for (const layer of order) {
    const table = tables[layer]
    const before = markersOf(tree, table, target)
    applyLayer(tree, tables, layer)
    const markers = before.map((marker) =>
      marker.parent < 0 ? parentIn(tree, table, marker, target) : marker,
    )
    paths.forEach((path, i) => {
      const node = resolve(tree, bytesOfName(path), target, false)
      if (node > ROOT) asked[i].add(node)
    })
    const node = nodesOf(tree, table, layer)
    const meant = meantBy(tree, table, node, new Set(markers.map(({ row }) => row)), target)
    layers[layer] = { node, meant, markers, inodes: inodesOf(tree, node, layer) }
  }
  return { tree, order, layers, asked }
}

/** Markers of a layer, looked at before it is laid on the tree. */
export function markersOf(tree: Tree, table: EntryTable, target: LinkTarget): MarkerRow[] {
  const markers: MarkerRow[] = []
  const last = new LastNames(table)
  for (let row = 0; row < table.length; row++) {
    last.at(row)
    const { bytes, from, to } = last
    const marker = markerOf(bytes, from, to)
    if (marker === 'none') continue
    const parent = resolve(tree, last.dirBytes.subarray(last.dirFrom, last.dirTo), target, true)
    const name = bytes.subarray(from + 4, to)
    markers.push({ row, marker, parent, name, hides: hides(tree, marker, parent, name) })
  }
  return markers
}

/** docker marks directories opaque that the layer itself makes: they are there once it is laid. */
function parentIn(tree: Tree, table: EntryTable, marker: MarkerRow, target: LinkTarget): MarkerRow {
  const path = pathBytesOf(table, marker.row)
  return { ...marker, parent: resolve(tree, path.subarray(0, namesIn(path).at(-2)), target, true) }
}

function hides(tree: Tree, marker: Marker, parent: number, name: Uint8Array): boolean {
  if (parent < 0) return false
  if (marker === 'whiteout') return tree.liveChild(parent, name, 0, name.length) >= 0
  if (marker !== 'opaque') return false
  for (let child = tree.firstChild(parent); child >= 0; child = tree.nextSibling(child))
    if (tree.alive[child] === 1) return true
  return false
}

function nodesOf(tree: Tree, table: EntryTable, layer: number): Int32Array {
  const nodes = new Int32Array(table.length).fill(-1)
  for (const node of tree.touched.nodes)
    if (tree.alive[node] === 1 && tree.layer[node] === layer && tree.row[node] >= 0)
      nodes[tree.row[node]] = node
  return nodes
}

function meantBy(
  tree: Tree,
  table: EntryTable,
  nodes: Int32Array,
  markers: ReadonlySet<number>,
  target: LinkTarget,
): Int32Array {
  const meant = nodes.slice()
  for (let row = 0; row < table.length; row++) {
    if (nodes[row] >= 0 || markers.has(row)) continue
    const path = pathBytesOf(table, row)
    const [from, to] = namesIn(path).slice(-2)
    const parent = from === undefined ? -1 : resolve(tree, path.subarray(0, from), target, true)
    if (parent >= 0) meant[row] = tree.child(parent, path, from, to)
  }
  return meant
}

function inodesOf(tree: Tree, nodes: Int32Array, layer: number): Map<number, number> {
  const inodes = new Map<number, number>()
  nodes.forEach((node, row) => {
    const isLink = node >= 0 && tree.inodeLayer[node] === layer && tree.inodeRow[node] !== row
    if (isLink) inodes.set(row, tree.inodeRow[node])
  })
  return inodes
}

/** The node that a path's own text names, links not followed; -1 where no layer ever spoke of it. */
export function textNode(tree: Tree, path: Uint8Array): number {
  const names = namesIn(path)
  let node: number = ROOT
  for (let i = 0; i < names.length && node >= 0; i += 2) node = tree.child(node, path, names[i], names[i + 1])
  return node
}

/** Whether a path as it is written lies at or below a marked node. */
export function isListedBelow(tree: Tree, path: Uint8Array, below: Uint8Array): boolean {
  const names = namesIn(path)
  let node: number = ROOT
  for (let i = 0; i < names.length; i += 2) {
    node = tree.child(node, path, names[i], names[i + 1])
    if (node < 0) return false
    if (below[node] === 1) return true
  }
  return false
}

/** One byte a node: 1 for the given ones and all below them. */
export function belowAny(tree: Tree, tops: ReadonlySet<number>): Uint8Array {
  const below = new Uint8Array(tree.length)
  // Parents stand before their children.
  for (let node = 1; node < tree.length; node++)
    if (tops.has(node) || below[tree.parent[node]] === 1) below[node] = 1
  return below
}
