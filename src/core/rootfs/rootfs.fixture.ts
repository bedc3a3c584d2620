/** Drawings of layers in, drawings of trees out; for the tests of this folder and of what stands on it. */
import { MemorySource, type Bytes } from '../bytes/source'
import { Notices, type Notice } from '../fault/notice'
import { linkTextOf } from '../layer/rows'
import { scanLayer } from '../layer/scan'
import type { EntryTable } from '../layer/table'
import { SourceInput } from '../tar/input'
import { TYPE } from '../tar/entry'
import { buildLayer } from '../../testkit/archive'
import { parseNotation } from '../../testkit/notation'
import { lintLayer } from './lint'
import { isLinkName } from './sums'
import { ROOT, Tree } from './tree'
import { applyLayer, type LayerCounts } from './union'
import { walkTree } from './walk'

export interface United {
  readonly tree: Tree
  readonly tables: readonly EntryTable[]
  readonly notices: readonly Notice[]
  readonly counts: readonly LayerCounts[]
}

export const layerBytesOf = (drawing: string): Bytes[] =>
  parseNotation(drawing).images[0].layers.map(buildLayer)

export const tableOf = (tar: Bytes, notices = new Notices()): Promise<EntryTable> =>
  scanLayer(new SourceInput(new MemorySource(tar)), notices)

export async function unionOfTars(tars: readonly Bytes[]): Promise<United> {
  const notices = new Notices()
  const tables = await Promise.all(tars.map((tar) => tableOf(tar, notices)))
  const tree = new Tree()
  const counts = tables.map((_, layer) => {
    lintLayer(tree, tables, layer, notices)
    return applyLayer(tree, tables, layer, notices)
  })
  return { tree, tables, notices: notices.list, counts }
}

export const unionOf = (drawing: string): Promise<United> => unionOfTars(layerBytesOf(drawing))

const LETTERS: Record<number, string> = {
  [TYPE.file]: 'f',
  [TYPE.directory]: 'd',
  [TYPE.symlink]: 's',
  [TYPE.char]: 'c',
  [TYPE.block]: 'b',
  [TYPE.fifo]: 'p',
  [TYPE.hardlink]: '?',
  [TYPE.other]: 'o',
}

/**
 * One line a path: its letter, its name, the layer that its inode comes from ("-": no layer lists it), and where a
 * link leads. A second name of an inode is an `h`.
 */
export function print({ tree, tables }: Pick<United, 'tree' | 'tables'>): string {
  let out = ''
  walkTree(tree, ROOT, (node) => {
    const type = tree.type[node]
    const link = isLinkName(tree, node) && type !== TYPE.directory
    const from = tree.inodeLayer[node] < 0 ? '-' : tree.inodeLayer[node]
    const target = type === TYPE.symlink || link ? linkTextOf(tables[tree.layer[node]], tree.row[node]) : ''
    const arrow = target === '' ? '' : ` ${link ? '=>' : '->'} ${target}`
    out += `${'  '.repeat(tree.depth(node) - 1)}${link ? 'h' : LETTERS[type]} ${tree.name(node)}${type === TYPE.directory ? '/' : ''} ${from}${arrow}\n`
  })
  return out
}

/** The notices as lines: severity, code, layer, path and words. */
export const said = ({ notices }: Pick<United, 'notices'>): string[] =>
  notices.map(
    ({ severity, code, where, message }) => `${severity} ${code} ${where.layer}:${where.path} ${message}`,
  )

/** A tree as path → what is there, to be compared with a model. */
export function listed(tree: Tree): Map<string, string> {
  const paths = new Map<string, string>()
  walkTree(tree, ROOT, (node) =>
    paths.set(tree.path(node), `${LETTERS[tree.type[node]]} ${tree.inodeLayer[node]}:${tree.inodeRow[node]}`),
  )
  return paths
}
