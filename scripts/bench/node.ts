/** Rows measured in Node: the terminal against other tools, as whole processes, and the core against its own smaller self. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Notices } from '../../src/core/fault/notice'
import { scanLayer } from '../../src/core/layer/scan'
import { Tree } from '../../src/core/rootfs/tree'
import { unite } from '../../src/core/rootfs/union'
import { SourceInput } from '../../src/core/tar/input'
import { FileSource } from '../../src/cli/file-source'
import { matches } from '../../src/jobs/filter'
import { withDockerd, whyNoDockerd } from '../engines/dockerd'
import { root, say, which } from '../ensure.mjs'
import { imageOf, layersOf, SIZES, type Size } from './images'
import { timed, type Run } from './process'
import { median, row, type BenchRow } from './table'

const peel = (...args: string[]): Promise<Run> =>
  timed(process.execPath, [join(root, '.cache', 'src-cli-main.mjs'), ...args])

/** Runs both in turn, so that whatever else the machine does falls on both alike. */
async function pair(
  runs: number,
  ours: () => Promise<Run>,
  theirs: (() => Promise<Run>) | null,
): Promise<{ ms: number; peak: number; peer: number | null }> {
  const own: Run[] = []
  const others: number[] = []
  for (let i = 0; i < runs; i++) {
    own.push(await ours())
    if (theirs) others.push((await theirs()).ms)
  }
  return {
    ms: median(own.map(({ ms }) => ms)),
    peak: Math.max(...own.map(({ peak }) => peak)),
    peer: others.length > 0 ? median(others) : null,
  }
}

/** One after the other, as one figure. */
async function inTurn(...commands: readonly (readonly [string, ...string[]])[]): Promise<Run> {
  let ms = 0
  let peak = 0
  for (const [program, ...args] of commands) {
    const run = await timed(program, args)
    ms += run.ms
    peak = Math.max(peak, run.peak)
  }
  return { ms, peak }
}

export interface NodeOptions {
  readonly key: keyof typeof SIZES
  readonly runs: number
  /** Also what needs a docker daemon, which takes minutes. */
  readonly docker: boolean
}

export async function nodeRows({ key, runs, docker }: NodeOptions): Promise<BenchRow[]> {
  const size: Size = SIZES[key]
  const archive = imageOf(key, size)!
  const layers = layersOf(key, size)
  const folder = mkdtempSync(join(tmpdir(), 'peel-bench-'))
  const out = join(folder, 'out.tar')
  const recipe = join(folder, 'recipe.json')
  const scrub = join(folder, 'scrub.json')
  const rows: BenchRow[] = []
  const what = size.name
  try {
    writeFileSync(
      recipe,
      JSON.stringify({
        peel: 'recipe/1',
        operations: [{ op: 'write', path: '/etc/os-release', content: { text: 'ID=bench\n' } }],
      }),
    )
    writeFileSync(
      scrub,
      JSON.stringify({ peel: 'recipe/1', operations: [{ op: 'scrub', paths: ['/usr/lib/part-1/dir-0'] }] }),
    )

    const listing = await pair(
      runs,
      () => peel('inspect', '--no-verify', archive),
      which('tar') ? () => inTurn(...layers.map((layer) => ['tar', '-tvf', layer] as const)) : null,
    )
    rows.push(
      row(`inspect, union and waste (Node): ${what}`, listing.ms, 'ms', {
        peer: 'GNU tar -tv of each layer',
        value: listing.peer,
      }),
    )
    rows.push(row(`memory of that`, listing.peak / 1e6, 'MB'))
    const dive = process.env.DIVE
    if (dive) {
      const run = await pair(
        runs,
        () => peel('inspect', '--no-verify', archive),
        () => timed(dive, [`docker-archive://${archive}`, '--json', join(folder, 'dive.json')]),
      )
      rows.push(
        row(`inspect, union and waste (Node): ${what}`, run.ms, 'ms', {
          peer: 'dive',
          value: run.peer,
          bar: 0.6,
        }),
      )
    }

    const crane = process.env.CRANE
    const verified = await pair(
      runs,
      () => peel('inspect', archive),
      crane ? () => timed(crane, ['validate', '--tarball', archive]) : () => timed('sha256sum', [archive]),
    )
    rows.push(
      row(`everything verified (Node): ${what}`, verified.ms, 'ms', {
        peer: crane ? 'crane validate' : 'sha256sum of the archive',
        value: verified.peer,
        bar: crane ? 0.5 : null,
      }),
    )
    if (which('skopeo')) {
      const copy = await pair(
        runs,
        () => peel('inspect', archive),
        async () => {
          const directory = join(folder, 'copy')
          const run = await timed('skopeo', [
            '--insecure-policy',
            'copy',
            '-q',
            `docker-archive:${archive}`,
            `dir:${directory}`,
          ])
          rmSync(directory, { recursive: true, force: true })
          return run
        },
      )
      rows.push(
        row(`everything verified (Node): ${what}`, copy.ms, 'ms', {
          peer: 'skopeo copy to dir:',
          value: copy.peer,
        }),
      )
    }

    const edit = await pair(
      runs,
      () => peel('rebuild', archive, '--recipe', recipe, '--build', 'add', '-o', out),
      () => timed('cp', [archive, `${out}.copy`]),
    )
    rows.push(
      row(`one file edited, tar out: ${what}`, edit.ms, 'ms', {
        peer: 'cp of the archive',
        value: edit.peer,
      }),
    )
    const rewrite = await pair(
      runs,
      () => peel('rebuild', archive, '--recipe', scrub, '--build', 'rewrite', '-o', out),
      null,
    )
    const regctl = process.env.REGCTL
    if (regctl) {
      const theirs: number[] = []
      for (let i = 0; i < runs; i++) {
        const layout = join(folder, 'layout')
        await timed(regctl, ['image', 'import', `ocidir://${layout}:1`, archive])
        theirs.push(
          (
            await timed(regctl, [
              'image',
              'mod',
              `ocidir://${layout}:1`,
              '--create',
              '2',
              '--layer-strip-file',
              'usr/lib/part-1/dir-0',
            ])
          ).ms,
        )
        rmSync(layout, { recursive: true, force: true })
      }
      rows.push(
        row(`a folder scrubbed from all layers: ${what}`, rewrite.ms, 'ms', {
          peer: 'regctl image mod',
          value: median(theirs),
          bar: 0.5,
        }),
      )
    } else rows.push(row(`a folder scrubbed from all layers: ${what}`, rewrite.ms, 'ms'))
    const flat = await pair(
      runs,
      () => peel('rebuild', archive, '--build', 'flatten', '-o', out),
      () => timed('sha256sum', [archive]),
    )
    rows.push(
      row(`flattened, tar out: ${what}`, flat.ms, 'ms', {
        peer: 'sha256sum of the archive',
        value: flat.peer,
      }),
    )
    rows.push(row('memory of that', flat.peak / 1e6, 'MB'))

    if (which('umoci')) {
      const packed = imageOf(key, size, 'gzip')
      if (packed) {
        const layout = join(folder, 'oci')
        await timed('mkdir', ['-p', layout])
        await timed('tar', ['-xf', packed, '-C', layout])
        const union = await pair(
          runs,
          () => peel('rebuild', packed, '--build', 'flatten', '--format', 'rootfs', '-o', out),
          async () => {
            const bundle = join(folder, 'bundle')
            const run = await timed('umoci', [
              'raw',
              'unpack',
              ...(process.getuid?.() === 0 ? [] : ['--rootless']),
              '--image',
              `${layout}:1`,
              bundle,
            ])
            rmSync(bundle, { recursive: true, force: true })
            return run
          },
        )
        rows.push(
          row(`root filesystem out of gzip layers: ${what}`, union.ms, 'ms', {
            peer: 'umoci raw unpack',
            value: union.peer,
          }),
        )
      }
    }
    if (docker) rows.push(...(await dockerRows(archive, recipe, out, what)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return rows
}

/** Runs of a daemon take minutes: three, and only what the bars are about. */
async function dockerRows(archive: string, recipe: string, out: string, what: string): Promise<BenchRow[]> {
  const why = whyNoDockerd()
  if (why) {
    say(`NOT THERE: ${why}; the rows against docker are left out.`)
    return []
  }
  return withDockerd('vfs', async (docker) => {
    const edits: [ours: number, theirs: number][] = []
    const flats: [ours: number, theirs: number][] = []
    const clock = (...args: string[]): number => {
      const start = performance.now()
      const result = docker.call(...args)
      if (!result.ok) throw new Error(`docker ${args.join(' ')}: ${result.stderr}`)
      return performance.now() - start
    }
    for (let i = 0; i < 3; i++) {
      const load = clock('load', '-i', archive)
      const create = clock('create', '--network', 'none', '--name', 'bench', 'bench:1', '/bin/sh')
      const edit =
        clock('cp', recipe, 'bench:/os-release') +
        clock('commit', 'bench', 'bench:2') +
        clock('save', '-o', `${out}.saved`, 'bench:2')
      const flat =
        clock('export', '-o', `${out}.flat`, 'bench') +
        clock('import', `${out}.flat`, 'bench:3') +
        clock('save', '-o', `${out}.saved`, 'bench:3')
      docker.wipe()
      const add = await peel('rebuild', archive, '--recipe', recipe, '--build', 'add', '-o', out)
      const flatten = await peel('rebuild', archive, '--build', 'flatten', '-o', out)
      edits.push([add.ms, load + create + edit])
      flats.push([flatten.ms, load + create + flat])
    }
    const medians = (pairs: readonly [number, number][]): [number, number] => [
      median(pairs.map(([ours]) => ours)),
      median(pairs.map(([, theirs]) => theirs)),
    ]
    const [add, theirAdd] = medians(edits)
    const [flat, theirFlat] = medians(flats)
    return [
      row(`one file edited, tar out: ${what}`, add, 'ms', {
        peer: `docker ${docker.version}: load, cp, commit, save`,
        value: theirAdd,
        bar: 0.1,
      }),
      row(`flattened, tar out: ${what}`, flat, 'ms', {
        peer: `docker ${docker.version}: load, export, import, save`,
        value: theirFlat,
        bar: 0.25,
      }),
    ]
  })
}

/** Scanning and uniting, per entry, as images grow: 1 means linear. */
export async function growthRows(runs: number, most: number): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  const perEntry = async (entries: number, layers: number): Promise<number> => {
    // In an archive they lie in one file, which is opened once.
    const sources = layersOf(`growth-${entries}-${layers}`, {
      name: '',
      entries,
      bytes: entries * 100,
      layers,
    }).map((path) => FileSource.open(path))
    const times: number[] = []
    for (let i = 0; i < runs; i++) {
      const start = performance.now()
      const tables = []
      for (const source of sources) tables.push(await scanLayer(new SourceInput(source), new Notices()))
      unite(tables)
      times.push(performance.now() - start)
    }
    return median(times) / entries
  }
  await perEntry(10_000, 6) // Warm.
  const small = await perEntry(10_000, 6)
  for (const entries of [100_000, 1_000_000].filter((count) => count <= most)) {
    const here = await perEntry(entries, 6)
    rows.push(
      row(
        `scan and union, a million entries at the rate of ${entries.toLocaleString('en')}`,
        here * 1e6,
        'ms',
        { peer: 'at the rate of 10,000', value: small * 1e6, bar: 1.3 },
      ),
    )
  }
  const one = await perEntry(12_700, 1)
  const deep = await perEntry(12_700, 127)
  rows.push(
    row('scan and union, a million entries at the rate of 127 layers', deep * 1e6, 'ms', {
      peer: 'at the rate of 1 layer',
      value: one * 1e6,
      bar: 1.3,
    }),
  )
  return rows
}

/** The filter over a tree of a million paths, without what the screen adds. */
export async function filterRows(runs: number, key: keyof typeof SIZES): Promise<BenchRow[]> {
  const size: Size = SIZES[key]
  const tables = []
  for (const path of layersOf(key, size))
    tables.push(await scanLayer(new SourceInput(FileSource.open(path)), new Notices()))
  const tree: Tree = unite(tables)
  tree.seal(tables) // As once the last layer is there.
  const rows: BenchRow[] = []
  for (const pattern of ['module-77', '*-1*.so', 'dir-3/group']) {
    const times: number[] = []
    for (let i = 0; i < runs + 2; i++) {
      const start = performance.now()
      matches(tree, pattern, () => true)
      if (i >= 2) times.push(performance.now() - start)
    }
    rows.push(
      row(`filter "${pattern}" over ${tree.length.toLocaleString('en')} paths`, median(times), 'ms', {
        peer: 'a tenth of a second',
        value: 100,
        bar: 1,
      }),
    )
  }
  return rows
}
