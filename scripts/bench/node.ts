/** Rows measured in Node: the terminal against other tools, as whole processes, and the core against its own smaller self. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Notices } from '../../src/core/fault/notice'
import { scanLayer } from '../../src/core/layer/scan'
import { Tree } from '../../src/core/rootfs/tree'
import { unite } from '../../src/core/rootfs/union'
import { SourceInput } from '../../src/core/tar/input'
import { FileSource } from '../../src/cli/file-source'
import { matches } from '../../src/jobs/filter'
import { hasOverlay } from '../engines/daemon'
import { withDockerd, whyNoDockerd, type Docker } from '../engines/dockerd'
import { root, say } from '../ensure.mjs'
import { imageOf, layersOf, SIZES, type Size } from './images'
import { assertFlattened, assertScrubbed, diveOf, peer } from './peers'
import { timed, type Run } from './process'
import { median, row, type BenchRow } from './table'

const peel = (...args: string[]): Promise<Run> =>
  timed(process.execPath, [join(root, '.cache', 'src-cli-main.mjs'), ...args])

type Job = () => Promise<Run>

/** Another tool's way to the same end; null where the tool is not here. */
interface Peer {
  readonly name: string
  readonly job: Job | null
  readonly bar?: number
}

/** Runs all in turn, so that whatever else the machine does falls on all alike: a row for each peer, or one without. */
async function against(
  what: string,
  runs: number,
  ours: Job,
  peers: readonly Peer[],
): Promise<{ rows: BenchRow[]; peak: number }> {
  const here = peers.filter((one): one is Peer & { job: Job } => one.job !== null)
  const own: Run[] = []
  const others: number[][] = here.map(() => [])
  for (let i = 0; i < runs; i++) {
    own.push(await ours())
    for (const [k, { job }] of here.entries()) others[k].push((await job()).ms)
  }
  const ms = median(own.map((run) => run.ms))
  const rows = here.map(({ name, bar }, k) =>
    row(what, ms, 'ms', { peer: name, value: median(others[k]), bar }),
  )
  return {
    rows: rows.length > 0 ? rows : [row(what, ms, 'ms')],
    peak: Math.max(...own.map(({ peak }) => peak)),
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

/** An image, and a folder for what is made of it. */
interface Bench {
  readonly key: keyof typeof SIZES
  readonly size: Size
  readonly archive: string
  readonly runs: number
  /** Path of a file in a folder that goes when the rows are there. */
  file(name: string): string
  /** Path of a recipe that makes one change. */
  recipe(operation: object): string
}

export interface NodeOptions {
  readonly key: keyof typeof SIZES
  readonly runs: number
}

async function withBench(
  { key, runs }: NodeOptions,
  job: (bench: Bench) => Promise<BenchRow[]>,
): Promise<BenchRow[]> {
  const size: Size = SIZES[key]
  const folder = mkdtempSync(join(tmpdir(), 'peel-bench-'))
  try {
    const archive = imageOf(key, size)!
    const file = (name: string): string => join(folder, name)
    const recipe = (operation: object): string => {
      writeFileSync(file('recipe.json'), JSON.stringify({ peel: 'recipe/1', operations: [operation] }))
      return file('recipe.json')
    }
    return await job({ key, size, archive, runs, file, recipe })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Parts of "node" that can be asked for alone. */
export const NODE_PARTS: Readonly<Record<string, (options: NodeOptions) => Promise<BenchRow[]>>> = {
  list: (options) => withBench(options, listRows),
  verify: (options) => withBench(options, verifyRows),
  edit: (options) => withBench(options, editRows),
  scrub: (options) => withBench(options, scrubRows),
  flatten: (options) => withBench(options, flattenRows),
  unpack: (options) => withBench(options, unpackRows),
}

async function listRows({ key, size, archive, runs }: Bench): Promise<BenchRow[]> {
  const tar = peer('tar')
  const layers = layersOf(key, size)
  const dive = diveOf(archive, size)
  if (dive) await dive.check()
  const { rows, peak } = await against(
    `inspect, union and waste (Node): ${size.name}`,
    runs,
    () => peel('inspect', '--no-verify', archive),
    [
      {
        name: 'GNU tar -tv of each layer',
        job: tar === null ? null : () => inTurn(...layers.map((layer) => [tar, '-tvf', layer] as const)),
      },
      { name: 'dive', job: dive && dive.analyse, bar: 0.6 },
    ],
  )
  return [...rows, row('memory of that', peak / 1e6, 'MB')]
}

async function verifyRows({ size, archive, runs, file }: Bench): Promise<BenchRow[]> {
  const [sha256sum, crane, skopeo] = ['sha256sum', 'crane', 'skopeo'].map(peer)
  const copy = file('copy')
  const { rows } = await against(
    `everything verified (Node): ${size.name}`,
    runs,
    () => peel('inspect', archive),
    [
      {
        name: 'sha256sum of the archive',
        job: sha256sum === null ? null : () => timed(sha256sum, [archive]),
      },
      {
        name: 'crane validate',
        job: crane === null ? null : () => timed(crane, ['validate', '--tarball', archive]),
        bar: 0.5,
      },
      {
        name: 'skopeo copy to dir:',
        job:
          skopeo === null
            ? null
            : async () => {
                const run = await timed(skopeo, [
                  ...['--insecure-policy', 'copy', '-q'],
                  ...[`docker-archive:${archive}`, `dir:${copy}`],
                ])
                rmSync(copy, { recursive: true, force: true })
                return run
              },
      },
    ],
  )
  return rows
}

const edited = ({ archive, recipe }: Bench, out: string): Promise<Run> => {
  const changes = recipe({ op: 'write', path: '/etc/os-release', content: { text: 'ID=bench\n' } })
  return peel('rebuild', archive, '--recipe', changes, '--build', 'add', '-o', out)
}

const flattened = ({ archive }: Bench, out: string): Promise<Run> =>
  peel('rebuild', archive, '--build', 'flatten', '-o', out)

async function editRows(bench: Bench): Promise<BenchRow[]> {
  const { size, archive, runs, file } = bench
  const { rows } = await against(
    `one file edited, tar out: ${size.name}`,
    runs,
    () => edited(bench, file('out.tar')),
    [{ name: 'cp of the archive', job: () => timed('cp', [archive, file('copy.tar')]) }],
  )
  return rows
}

async function scrubRows(bench: Bench): Promise<BenchRow[]> {
  const { key, size, archive } = bench
  const packed = imageOf(key, size, 'gzip')
  return [
    ...(await scrubRow(bench, archive, size.name)),
    // Layers that regctl imports are compressed from then on, so that it works on more than Peel does: here on the same.
    ...(packed ? await scrubRow(bench, packed, `${size.name}, gzip`) : []),
  ]
}

async function scrubRow(bench: Bench, archive: string, what: string): Promise<BenchRow[]> {
  const regctl = peer('regctl')
  const folder = 'usr/lib/part-1/dir-0'
  const recipe = bench.recipe({ op: 'scrub', paths: [`/${folder}`] })
  const [out, theirs, layout] = ['out.tar', 'theirs.tar', 'layout'].map((name) => bench.file(name))
  const isPacked = archive !== bench.archive
  const strip = async (tool: string): Promise<Run> => {
    rmSync(layout, { recursive: true, force: true })
    mkdirSync(layout)
    if (isPacked) await timed('tar', ['-xf', archive, '-C', layout])
    else await timed(tool, ['image', 'import', `ocidir://${layout}:1`, archive])
    return timed(tool, [
      ...['image', 'mod', `ocidir://${layout}:1`, '--create', '2'],
      ...['--layer-strip-file', folder],
    ])
  }
  const { rows } = await against(
    `a folder scrubbed from all layers: ${what}`,
    bench.runs,
    () =>
      peel(
        ...['rebuild', archive, '--recipe', recipe, '--build', 'rewrite'],
        ...(isPacked ? ['--gzip', '-o', out] : ['-o', out]),
      ),
    [{ name: 'regctl image mod', job: regctl === null ? null : () => strip(regctl), bar: 0.5 }],
  )
  await assertScrubbed(out, archive, folder)
  if (regctl) {
    await timed(regctl, ['image', 'export', `ocidir://${layout}:2`, theirs])
    await assertScrubbed(theirs, archive, folder)
  }
  return rows
}

async function flattenRows(bench: Bench): Promise<BenchRow[]> {
  const { size, archive, runs, file } = bench
  const sha256sum = peer('sha256sum')
  const { rows, peak } = await against(
    `flattened, tar out: ${size.name}`,
    runs,
    () => flattened(bench, file('out.tar')),
    [
      {
        name: 'sha256sum of the archive',
        job: sha256sum === null ? null : () => timed(sha256sum, [archive]),
      },
    ],
  )
  return [...rows, row('memory of that', peak / 1e6, 'MB')]
}

async function unpackRows({ key, size, runs, file }: Bench): Promise<BenchRow[]> {
  const umoci = peer('umoci')
  const packed = imageOf(key, size, 'gzip')
  if (!umoci || !packed) return []
  const [layout, bundle] = [file('oci'), file('bundle')]
  mkdirSync(layout)
  await timed('tar', ['-xf', packed, '-C', layout])
  const { rows } = await against(
    `root filesystem out of gzip layers: ${size.name}`,
    runs,
    () => peel('rebuild', packed, '--build', 'flatten', '--format', 'rootfs', '-o', file('out.tar')),
    [
      {
        name: 'umoci raw unpack',
        job: async () => {
          const run = await timed(umoci, [
            ...['raw', 'unpack', ...(process.getuid?.() === 0 ? [] : ['--rootless'])],
            ...['--image', `${layout}:1`, bundle],
          ])
          rmSync(bundle, { recursive: true, force: true })
          return run
        },
      },
    ],
  )
  return rows
}

/** What needs a docker daemon, one of our own: it takes minutes. */
export async function dockerRows(options: NodeOptions): Promise<BenchRow[]> {
  const why = whyNoDockerd()
  if (why) {
    say(`NOT THERE: ${why}; the rows against docker and docker-squash are left out.`)
    return []
  }
  return withBench(options, (bench) =>
    withDockerd(hasOverlay() ? 'overlay2' : 'vfs', (docker) => besideDocker(bench, docker)),
  )
}

async function besideDocker(bench: Bench, docker: Docker): Promise<BenchRow[]> {
  const { size, archive, runs, file } = bench
  const squash = peer('docker-squash')
  const [out, flat, exported, saved, squashed] = ['out', 'flat', 'exported', 'saved', 'squashed'].map(
    (name) => file(`${name}.tar`),
  )
  const changed = file('os-release')
  writeFileSync(changed, 'ID=bench\n')
  const times: Record<'edit' | 'flatten' | 'dockerEdit' | 'dockerFlatten' | 'squash', number[]> = {
    edit: [],
    flatten: [],
    dockerEdit: [],
    dockerFlatten: [],
    squash: [],
  }
  const clock = async (...args: string[]): Promise<number> =>
    (await timed('docker', ['-H', docker.host, ...args])).ms
  for (let i = 0; i < runs; i++) {
    const load =
      (await clock('load', '-q', '-i', archive)) +
      (await clock('create', '--network', 'none', '--name', 'bench', 'bench:1', '/bin/sh'))
    times.dockerEdit.push(
      load +
        (await clock('cp', changed, 'bench:/os-release')) +
        (await clock('commit', 'bench', 'bench:2')) +
        (await clock('save', '-o', saved, 'bench:2')),
    )
    times.dockerFlatten.push(
      load +
        (await clock('export', '-o', exported, 'bench')) +
        (await clock('import', exported, 'bench:3')) +
        (await clock('save', '-o', saved, 'bench:3')),
    )
    if (squash) {
      // Out of a daemon that has the image already, and not back into it.
      const args = ['--load-image', 'false', '--output-path', squashed, '--tag', 'bench:4', 'bench:1']
      times.squash.push((await timed(squash, args, { DOCKER_HOST: docker.host })).ms)
    }
    docker.wipe()
    times.edit.push((await edited(bench, out)).ms)
    times.flatten.push((await flattened(bench, flat)).ms)
  }
  if (squash) await assertFlattened(squashed, flat)
  const edit = `one file edited, tar out: ${size.name}`
  const flatten = `flattened, tar out: ${size.name}`
  return [
    row(edit, median(times.edit), 'ms', {
      peer: `docker ${docker.version}: load, cp, commit, save`,
      value: median(times.dockerEdit),
      bar: 0.1,
    }),
    row(flatten, median(times.flatten), 'ms', {
      peer: `docker ${docker.version}: load, export, import, save`,
      value: median(times.dockerFlatten),
    }),
    ...(squash
      ? [
          row(flatten, median(times.flatten), 'ms', {
            peer: 'docker-squash, of a loaded image',
            value: median(times.squash),
            bar: 0.25,
          }),
        ]
      : []),
  ]
}

/** Scanning and uniting, per entry, as images grow: 1 means linear. */
export async function growthRows(runs: number, most: number): Promise<BenchRow[]> {
  const sizes = [10_000, 100_000, 1_000_000].filter((count) => count <= most)
  const cases = [
    ...sizes.map((entries) => ({ name: entries.toLocaleString('en'), entries, layers: 6 })),
    { name: '1 layer', entries: 12_700, layers: 1 },
    { name: '127 layers', entries: 12_700, layers: 127 },
  ].map((one) => {
    // In an archive they lie in one file, which is opened once.
    const paths = layersOf(`growth-${one.entries}-${one.layers}`, { ...one, bytes: one.entries * 100 })
    return { ...one, sources: paths.map((path) => FileSource.open(path)), times: [] as number[] }
  })
  // The same work for each, a million entries, small images as often as it takes: what garbage costs falls to none of them
  // alone. And in turns: a machine that is slower for a while is so for all.
  for (let run = 0; run <= runs; run++)
    for (const { entries, sources, times } of cases) {
      const often = Math.ceil((run === 0 ? most / 10 : most) / entries)
      const start = performance.now()
      for (let i = 0; i < often; i++) {
        const tables = []
        for (const source of sources) tables.push(await scanLayer(new SourceInput(source), new Notices()))
        unite(tables)
      }
      if (run > 0) times.push(((performance.now() - start) / (often * entries)) * 1e6) // The first one warms.
    }
  const rate = new Map(cases.map(({ name, times }) => [name, median(times)]))
  const against = (name: string, peer: string): BenchRow =>
    row(`scan and union, a million entries at the rate of ${name}`, rate.get(name)!, 'ms', {
      peer: `at the rate of ${peer}`,
      value: rate.get(peer)!,
      bar: 1.3,
    })
  return [
    ...sizes.slice(1).map((count) => against(count.toLocaleString('en'), sizes[0].toLocaleString('en'))),
    against('127 layers', '1 layer'),
  ]
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
