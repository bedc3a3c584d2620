/** Tools of others that the bench times: where they are, which versions, and whether what they wrote is what was asked for. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileSource } from '../../src/cli/file-source'
import { scratchStores } from '../../src/cli/scratch'
import { pathBytesOf } from '../../src/core/layer/rows'
import { TYPE } from '../../src/core/tar/entry'
import { Layers } from '../../src/jobs/layers'
import { openArchiveIn, openSource } from '../../src/jobs/open'
import { inlinePool } from '../../src/jobs/pool'
import { unseenTask } from '../../src/jobs/tasks'
import { which } from '../ensure.mjs'
import type { Size } from './images'
import { timed, type Run } from './process'

/** How each is asked for its version. */
const TOOLS: Readonly<Record<string, string>> = {
  tar: '--version',
  gzip: '--version',
  zstd: '--version',
  sha256sum: '--version',
  skopeo: '--version',
  umoci: '--version',
  docker: '--version',
  dive: '--version',
  crane: 'version',
  regctl: 'version',
  'docker-squash': '--version',
}

/** These are seldom installed: a variable of the environment may say where one is. */
const VARIABLES: Readonly<Record<string, string>> = {
  dive: 'DIVE',
  crane: 'CRANE',
  regctl: 'REGCTL',
  'docker-squash': 'SQUASH',
}

/** Path of a tool; null where it is not here. */
export function peer(tool: string): string | null {
  return process.env[VARIABLES[tool] ?? ''] || which(tool)
}

/** First line of what each tool that is here says of its version. */
export function peersHere(): Record<string, string> {
  const here: Record<string, string> = {}
  for (const [tool, question] of Object.entries(TOOLS)) {
    const path = peer(tool)
    if (path) here[tool] = (spawnSync(path, [question], { encoding: 'utf8' }).stdout ?? '').split('\n')[0]
  }
  return here
}

export interface Dive {
  /** Throws unless dive lists every layer and entry of the image, and sees that something is wasted. */
  check(): Promise<void>
  /** All it does before it shows or writes anything: it reads the layers, compares files, adds up the waste. */
  analyse(): Promise<Run>
}

/** dive on an archive; null where it is not here. */
export function diveOf(archive: string, { layers, entries }: Size): Dive | null {
  const dive = peer('dive')
  if (!dive) return null
  const image = `docker-archive://${archive}`
  const rules = ['lowestEfficiency', 'highestWastedBytes', 'highestUserWastedPercent']
  return {
    check: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'peel-dive-'))
      const path = join(folder, 'dive.json')
      await timed(dive, [image, '--json', path])
      const json = JSON.parse(readFileSync(path, 'utf8')) as DiveJson
      rmSync(folder, { recursive: true, force: true })
      const listed = json.layer.reduce((sum, { fileList }) => sum + fileList.length, 0)
      const wasted = json.image.inefficientBytes
      if (json.layer.length !== layers || listed < entries || wasted === 0)
        throw new Error(`dive saw ${json.layer.length} layers, ${listed} entries, ${wasted} bytes wasted.`)
    },
    analyse: () => timed(dive, [image, '--ci', ...rules.flatMap((rule) => [`--${rule}`, 'disabled'])]),
  }
}

interface DiveJson {
  readonly layer: readonly { readonly fileList: readonly unknown[] }[]
  readonly image: { readonly inefficientBytes: number }
}

/**
 * Throws unless `scrubbed` has the layers of `archive` and of their paths all but those below `folder`. Layers of
 * directories alone do not count: one may be there to keep the folder's own parent.
 */
export async function assertScrubbed(scrubbed: string, archive: string, folder: string): Promise<void> {
  const kept = (path: string): boolean => path !== folder && !path.startsWith(`${folder}/`)
  const isFull = ({ length }: readonly string[]): boolean => length > 0
  const wanted = (await pathsIn(archive)).map((paths) => paths.filter(kept)).filter(isFull)
  assertSame(scrubbed, (await pathsIn(scrubbed)).filter(isFull), wanted)
}

/** Throws unless `flat` is one layer with every path that another tool's flattened image has. */
export async function assertFlattened(flat: string, other: string): Promise<void> {
  assertSame(flat, await pathsIn(flat), await pathsIn(other))
}

/** Paths of each layer that are no directories (some tools write those for themselves, and others not), in order. */
async function pathsIn(archive: string): Promise<string[][]> {
  const { tar } = await openSource(FileSource.open(archive))
  const [image] = (await openArchiveIn(tar)).images
  const layers = new Layers({ image, pool: inlinePool, stores: scratchStores() })
  await layers.scan(unseenTask())
  const words = new TextDecoder()
  return layers.tables.map((table) => {
    const paths: string[] = []
    for (let row = 0; row < table.length; row++)
      if (table.type[row] !== TYPE.directory)
        paths.push(words.decode(pathBytesOf(table, row)).replace(/^(\.?\/)+/, ''))
    return paths.sort()
  })
}

function assertSame(name: string, are: readonly string[][], should: readonly string[][]): void {
  const counts = (layers: readonly string[][]): string => layers.map(({ length }) => length).join(', ')
  const same =
    are.length === should.length &&
    are.every(
      (paths, layer) =>
        paths.length === should[layer].length && paths.every((path, i) => path === should[layer][i]),
    )
  if (!same) throw new Error(`${name} has layers of ${counts(are)} paths, not of ${counts(should)}.`)
}
