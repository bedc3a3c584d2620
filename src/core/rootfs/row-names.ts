/** Names of nodes as tables have them: of each the last name of the row that lists it, or one that is kept by itself. */
import { startOf, StringsBuilder, type Strings } from '../layer/strings'
import type { EntryTable } from '../layer/table'
import { Marks } from './marks'
import type { NamePlace } from './node-name'
import { Numbered } from './numbered'

/** Which row lists each node: columns that nobody changes. */
export interface Listed {
  readonly length: number
  readonly layer: Int8Array | Int16Array
  readonly row: Int32Array
}

/** Names that no row says: of these nodes, ascending, these. */
export interface KeptNames {
  readonly nodes: Int32Array
  readonly strings: Strings
}

export class RowNames {
  readonly layer: Int8Array | Int16Array
  readonly row: Int32Array
  readonly kept: KeptNames
  /** Nodes whose names are kept, by their index there. */
  readonly isKept: Numbered
  readonly #tables: readonly EntryTable[]

  constructor({ length, layer, row }: Listed, tables: readonly EntryTable[], kept: KeptNames) {
    this.layer = layer
    this.row = row
    this.kept = kept
    this.#tables = tables
    const marks = new Marks(length)
    for (const node of kept.nodes) marks.add(node)
    this.isKept = new Numbered(marks)
  }

  /** For nodes whose names are known: kept are those that their row does not say, to the byte, and the root's, which is none. */
  static of(listed: Listed, tables: readonly EntryTable[], name: NamePlace & At): RowNames {
    const nodes: number[] = []
    const strings = new StringsBuilder()
    const { length, layer, row } = listed
    for (let node = 0; node < length; node++) {
      name.at(node)
      const table = node === 0 || row[node] < 0 ? undefined : tables[layer[node]]
      if (table && row[node] < table.length && isName(table, row[node], name)) continue
      nodes.push(node)
      strings.push(name.bytes, name.from, name.to)
    }
    return new RowNames(listed, tables, { nodes: Int32Array.from(nodes), strings: strings.finish() })
  }

  get length(): number {
    return this.row.length
  }

  /** Where a kept name is. */
  findKept(node: number, place: NamePlace): void {
    const { strings } = this.kept
    const index = this.isKept.of(node)
    place.bytes = strings.bytes
    place.from = startOf(strings, index)
    place.to = strings.end[index]
  }

  /** Names of the rows of a layer; slashes at the end of one are not of the node's name. */
  ofLayer(layer: number): Strings {
    return this.#tables[layer].names
  }
}

interface At {
  at(node: number): void
}

/** Whether `name` is what stands behind the last slash of the row's path but those at its end. */
function isName({ names }: EntryTable, row: number, { bytes, from, to }: NamePlace): boolean {
  const start = startOf(names, row)
  let end = names.end[row]
  while (end > start && names.bytes[end - 1] === SLASH) end--
  if (end - start !== to - from) return false
  for (let i = start; i < end; i++) if (names.bytes[i] !== bytes[from + i - start]) return false
  return true
}

const SLASH = 0x2f
