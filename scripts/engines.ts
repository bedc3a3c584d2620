/**
 * npm run engines: real container engines take what Peel made, and what others made.
 *
 *   corpus    every archive that docker should take loads as it is, under its name and ID, and `docker export` of it is the
 *             tree that Peel shows; podman, skopeo, umoci take it too
 *   walks     ALPYNE and redis, rebuilt by the terminal and by the page (test-results/exports/, which npm test leaves),
 *             are loaded and run (redis by docker and skopeo, ALPYNE by all), and their root filesystems compared with what Python's tarfile says they should be
 *
 * What a machine cannot run is said and counted as skipped. Ends with the table and "N passed, N failed".
 */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { corpus, corpusFile, expectedOf, gunzip, root, unzstd } from '../src/testkit/corpus'
import { command, complaint, type Result } from './engines/command'
import { whyNoDockerd, withDockerd, type Docker, type Inspected } from './engines/dockerd'
import { podmanTakes, skopeoTakes, umociTakes, versionOf, type Verdict } from './engines/others'
import { comparedAll, treeOf } from './engines/peel'
import { must, prove, report, rows, same, skip, type Row } from './engines/table'
import { unionByUmoci, whyNoUmoci, type Kind } from './engines/umoci'
import { after, alpyne, isWritten, recipeOf, redis, type Walk } from './engines/walks'
import {
  differences,
  ignoreDockers,
  namesIn,
  rootfsOf,
  unionOf,
  wrongBlobs,
  type SeenImage,
} from './engines/witness'

function mustRun(result: Result): string {
  must(result.ok, complaint(result))
  return result.stdout
}

// ---------------------------------------------------------------- archives as others made them

interface Facts {
  readonly format: string
  readonly has: {
    readonly manifest_json: boolean
    readonly repositories: boolean
    readonly oci_layout: boolean
  }
  readonly images?: readonly ImageFacts[]
  readonly oci?: readonly ImageFacts[]
  readonly outer_compression: string
}
interface ImageFacts {
  readonly config_sha256: string
  readonly repo_tags?: readonly string[] | null
  readonly config: {
    readonly architecture: string
    readonly cmd: readonly string[] | null
    readonly os: string
  }
}

/**
 * What the older ones of these engines refuse, with their words: seen on engines, not thought out. A newer one may
 * have learnt it, so being taken is no failure.
 */
const weaknesses: readonly {
  readonly engine: RegExp
  readonly archive: (facts: Facts) => boolean
  readonly words: RegExp
}[] = [
  {
    engine: /podman|skopeo/,
    archive: ({ outer_compression }) => outer_compression !== 'none',
    words: /invalid tar header/,
  },
  {
    engine: /podman|skopeo/,
    archive: ({ has }) => !has.manifest_json && !has.oci_layout,
    words: /manifest\.json|index\.json/,
  },
  { engine: /umoci/, archive: () => true, words: /no org\.opencontainers\.image\.ref\.name/ },
  { engine: /umoci/, archive: () => true, words: /not implemented: application\/vnd\.docker/ },
  {
    engine: /umoci/,
    archive: () => true,
    words: /layer .*: unsupported|zstd|unknown media type|unpack layer/,
  },
]

/** The images of the corpus; its other tars hold oddities of tar, and no image. */
function imagesOfCorpus(): [string, Facts][] {
  return [...expectedOf()]
    .map(([name, found]): [string, Facts] => [name, found as unknown as Facts])
    .filter(([name]) => /^(built|real)\//.test(name))
}

/** Without a compression around the whole, which skopeo before 1.10 does not take off. */
function plainTar(name: string, { outer_compression }: Facts): string {
  if (name.endsWith('.zst')) return unzstd(name)
  return outer_compression === 'gzip' ? gunzip(name) : corpusFile(name)
}

async function corpusProofs(docker: Docker | null, tools: Tools): Promise<void> {
  for (const [name, facts] of imagesOfCorpus()) {
    const tar = name.endsWith('.zst') ? unzstd(name) : corpusFile(name)
    const isDocker = facts.has.manifest_json || facts.has.repositories
    const short = basename(name)
    if (docker) {
      docker.wipe()
      await prove(`docker ${docker.version}`, short, () =>
        isDocker ? dockerTakes(docker, tar, facts.images ?? []) : dockerRefuses(docker, tar),
      )
      if (isDocker && (facts.images ?? []).length === 1)
        await prove(`docker ${docker.version}`, short, () =>
          sameTree(docker, tar, `sha256:${facts.images?.[0].config_sha256}`),
        )
    }
    if (tools.union) {
      const kind = facts.has.manifest_json
        ? 'docker-archive'
        : facts.has.oci_layout
          ? 'oci-archive'
          : 'legacy'
      const images = Math.max(1, (facts.images ?? facts.oci ?? []).length)
      for (let image = 0; image < images; image++)
        await prove(`umoci ${tools.umoci} union`, short, () =>
          sameByUmoci(plainTar(name, facts), kind, image, images),
        )
    }
    const verdicts: readonly [string | null, () => Verdict][] = [
      [tools.podman && `podman ${tools.podman}`, () => podmanTakes(tar, null)],
      [
        tools.skopeo && `skopeo ${tools.skopeo}`,
        () => skopeoTakes(tar, isDocker ? 'docker-archive' : 'oci-archive'),
      ],
      [facts.has.oci_layout && tools.umoci ? `umoci ${tools.umoci}` : null, () => umociTakes(tar)],
    ]
    for (const [engine, take] of verdicts)
      if (engine)
        await prove(engine, short, () => {
          const verdict = take()
          const known = weaknesses.some(
            (one) => one.engine.test(engine) && one.archive(facts) && one.words.test(verdict.words),
          )
          must(verdict.ok || known, verdict.words)
          return verdict.ok ? verdict : { words: `refused, as known: ${verdict.words}` }
        })
  }
}

/** The classic store reads docker archives only; if one ever takes a layout alone, our load rules must learn it. */
function dockerRefuses(docker: Docker, tar: string): Partial<Row> {
  const loaded = docker.load(tar)
  must(!loaded.ok, `loaded an OCI layout alone: ${loaded.stdout}`)
  return { words: `refused, as known: ${complaint(loaded)}` }
}

function dockerTakes(docker: Docker, tar: string, due: readonly ImageFacts[]): Partial<Row> {
  const loaded = docker.load(tar)
  must(loaded.ok, complaint(loaded))
  // Of a legacy v1 archive docker says nothing at all.
  const refs = loaded.names.length + loaded.ids.length > 0 ? [...loaded.names, ...loaded.ids] : docker.names()
  must(refs.length > 0, `docker load named no image: ${loaded.stdout}`)
  const ids = new Set(refs.map((ref) => docker.inspect(ref).Id))
  const dueIds = new Set(due.map(({ config_sha256 }) => `sha256:${config_sha256}`))
  // A legacy v1 archive has no config yet: docker makes one, and with it an ID that nobody can foresee here.
  if (due.length > 0) must(same([...ids].sort(), [...dueIds].sort()), `ID ${[...ids]}, not ${[...dueIds]}`)
  return { name: refs[0], id: [...ids][0], words: `${refs.length} name(s)` }
}

/** The union as Peel shows it and as docker made it, path by path: `peel inspect --files` beside `docker export`. */
function sameTree(docker: Docker, tar: string, ref: string): Partial<Row> {
  const due = treeOf(tar)
  // Docker makes /etc for its hosts file where an image has none.
  const ignored = (path: string, field: string): boolean =>
    ignoreDockers(path, field) || (path === 'etc' && due.etc === undefined)
  mustEqual('docker export', due, comparedAll(rootfsOf(docker.exportRootfs(ref))), ignored)
  return { words: `docker export: ${Object.keys(due).length} paths as Peel shows them` }
}

/** The same beside `umoci unpack`: another implementation of layer.md, which shares no line with docker's. */
function sameByUmoci(tar: string, kind: Kind, image: number, images: number): Partial<Row> {
  const due = treeOf(tar, image)
  mustEqual('umoci unpack', due, comparedAll(unionByUmoci(tar, kind, image, images)), () => false)
  return { words: `umoci unpack: ${Object.keys(due).length} paths as Peel shows them` }
}

function mustEqual(
  witness: string,
  due: SeenImage['entries'],
  there: SeenImage['entries'],
  ignored: (path: string, field: string) => boolean,
): void {
  const found = differences(due, there, { ignored })
  must(found.length === 0, `${witness}, ${found.length} differences: ${found.slice(0, 8).join('; ')}`)
}

// ---------------------------------------------------------------- what Peel made

interface Made {
  readonly walk: Walk
  readonly build: 'append' | 'flatten'
  /** "terminal" or "page". */
  readonly by: string
  readonly tar: string
}

function exportsOfThePage(): Made[] {
  const folder = join(root, 'test-results/exports')
  const made = [alpyne, redis].flatMap((walk) =>
    (['append', 'flatten'] as const).map((build) => ({
      ...{ walk, build, by: 'page' },
      tar: join(folder, `${walk.name}-${build}.tar`),
    })),
  )
  const there = made.filter(({ tar }) => existsSync(tar))
  if (there.length === 0)
    skip('page', 'test-results/exports', 'no exports of the page here: run npm test first')
  const unknown = existsSync(folder) ? readdirSync(folder).length - there.length : 0
  if (unknown > 0) console.log(`(${unknown} other file(s) in test-results/exports are not used here)`)
  return there
}

function exportsOfTheTerminal(): Made[] {
  if (!existsSync(join(root, 'src/cli/main.ts'))) {
    skip('terminal', 'rebuild', 'src/cli/main.ts is not there yet')
    return []
  }
  const folder = join(root, 'test-results/engines')
  mkdirSync(folder, { recursive: true })
  return [alpyne, redis].flatMap((walk) => {
    const source = walk.archive.endsWith('.zst') ? unzstd(walk.archive) : corpusFile(walk.archive)
    const recipe = join(folder, `${walk.name}.json`)
    writeFileSync(recipe, JSON.stringify(recipeOf(walk), null, 2))
    return (['append', 'flatten'] as const).flatMap((build) => {
      const tar = join(folder, `${walk.name}-${build}.tar`)
      const args = ['rebuild', source, '--recipe', recipe, '--build', build, '--tag', walk.tag, '-o', tar]
      const result = command(process.execPath, [join(root, 'scripts/peel.mjs'), ...args], { cwd: root })
      if (result.ok) return [{ walk, build, by: 'terminal', tar }]
      report({ engine: 'terminal', archive: basename(tar), verdict: 'FAILED', words: complaint(result) })
      return []
    })
  })
}

interface Tools {
  /** Whether umoci can unpack as root: a second witness of the union. */
  readonly union: boolean
  readonly podman: string | null
  readonly skopeo: string | null
  readonly umoci: string | null
}

async function madeProofs(docker: Docker | null, tools: Tools): Promise<void> {
  const unions = new Map<string, SeenImage>()
  const sources = new Map<string, string>()
  for (const walk of [alpyne, redis]) {
    const source = walk.archive.endsWith('.zst') ? unzstd(walk.archive) : corpusFile(walk.archive)
    sources.set(walk.name, source)
    unions.set(walk.name, unionOf(source))
  }
  for (const made of [...exportsOfTheTerminal(), ...exportsOfThePage()]) {
    const { walk, build, by, tar } = made
    const title = `${by}: ${basename(tar)}`
    const original = unions.get(walk.name) as SeenImage
    const due = after(original.entries, walk)
    const ignored = (path: string, field: string): boolean => isWritten(walk, path) && field === 'mtime'
    await prove('tar, sha256sum', title, () => {
      must(same(wrongBlobs(tar), []), `blobs that are not what they are called: ${wrongBlobs(tar)}`)
      return { words: `${namesIn(tar).length} members` }
    })
    await prove('python tarfile', title, () => {
      const made = unionOf(tar)
      const found = differences(due, made.entries, { ignored })
      must(found.length === 0, `${found.length} differences: ${found.slice(0, 8).join('; ')}`)
      must(same(made.tags, [walk.tag]), `tags ${made.tags}`)
      if (walk.cmd)
        must(same(made.config.config?.Cmd, walk.cmd), `Cmd ${JSON.stringify(made.config.config?.Cmd)}`)
      const lower = build === 'append' ? original.layers : []
      must(same(made.layers.slice(0, lower.length), lower), 'the digests of the lower layers changed')
      must(made.layers.length === lower.length + 1, `${made.layers.length} layers`)
      return { id: made.id, words: `${Object.keys(due).length} paths as due` }
    })
    if (docker) await dockerProofs(docker, made, title, sources.get(walk.name) as string, due, ignored)
    const probe = Object.keys(walk.writes)[0]
    // podman and umoci unpack all of redis for minutes, and see nothing in it that ALPYNE has not.
    const unpack = walk === alpyne
    const verdicts: readonly [string | null, () => Verdict][] = [
      [unpack && tools.podman ? `podman ${tools.podman}` : null, () => podmanTakes(tar, ['cat', probe])],
      [tools.skopeo && `skopeo ${tools.skopeo} d`, () => skopeoTakes(tar, 'docker-archive')],
      [tools.skopeo && `skopeo ${tools.skopeo} oci`, () => skopeoTakes(tar, 'oci-archive')],
      [unpack && tools.umoci ? `umoci ${tools.umoci}` : null, () => umociTakes(tar)],
    ]
    for (const [engine, take] of verdicts)
      if (engine)
        await prove(engine, title, () => {
          const verdict = take()
          must(verdict.ok, verdict.words)
          return verdict
        })
  }
}

interface Original {
  readonly before: Inspected
  readonly historyBefore: ReturnType<Docker['history']>
}
const originals = new Map<string, Original>()

/** How docker describes the archive as it was; asked once, since a large one takes half a minute to load. */
function originalIn(docker: Docker, source: string): Original {
  const known = originals.get(source)
  if (known) return known
  docker.wipe()
  docker.load(source)
  const before = docker.inspect(unionOf(source).tags[0])
  const original = { before, historyBefore: docker.history(before.Id) }
  originals.set(source, original)
  return original
}

async function dockerProofs(
  docker: Docker,
  { walk, build, tar }: Made,
  title: string,
  source: string,
  due: SeenImage['entries'],
  ignored: (path: string, field: string) => boolean,
): Promise<void> {
  const engine = `docker ${docker.version}`
  const { before, historyBefore } = originalIn(docker, source)
  docker.wipe()
  const loads = docker.load(tar)
  await prove(engine, title, () => {
    must(loads.ok, complaint(loads))
    must(same(loads.names, [walk.tag]), `loaded as ${[...loads.names, ...loads.ids]}`)
    const { Id } = docker.inspect(walk.tag)
    must(Id === unionOf(tar).id, `ID ${Id}`)
    return { name: walk.tag, id: Id, words: 'loads under its tag and ID' }
  })
  if (!loads.ok) return
  for (const [path, text] of Object.entries(walk.writes))
    await prove(engine, title, () => {
      const printed = mustRun(docker.run(walk.tag, ['cat', path]))
      must(printed === text, `cat ${path} prints ${JSON.stringify(printed)}`)
      return { words: `cat ${path}: ${printed}` }
    })
  if (walk.removes.length > 0)
    await prove(engine, title, () => {
      const test = `for f in ${walk.removes.join(' ')}; do [ ! -e $f ] && [ ! -L $f ] || echo $f; done`
      const left = mustRun(docker.run(walk.tag, ['sh', '-c', test]))
      must(left === '', `still there: ${left}`)
      return { words: `${walk.removes.length} deleted paths are gone` }
    })
  await prove(engine, title, () => {
    const { Size } = docker.inspect(walk.tag)
    const history = docker.history(walk.tag)
    if (build === 'flatten') {
      if (walk.removes.length > 0) must(Size < before.Size, `${Size} bytes, and ${before.Size} before`)
      must(history.length === 1, `${history.length} lines of history`)
      return { words: `${before.Size} → ${Size} bytes, one line: ${history[0].CreatedBy}` }
    }
    const lines = historyBefore.map(({ CreatedBy }) => CreatedBy)
    const older = history.slice(-lines.length).map(({ CreatedBy }) => CreatedBy)
    must(same(older, lines), 'the older lines changed')
    // One line made the new layer; a changed Cmd may have its line too, which makes none and is 0B.
    const more = history.slice(0, -lines.length)
    must(more.filter(({ Size }) => Size !== '0B').length === 1, `${more.length} lines more`)
    return {
      words: `docker history: the old ${older.length} and: ${more.map(({ CreatedBy }) => CreatedBy).join('; ')}`,
    }
  })
  await prove(engine, title, () => {
    const { Config } = docker.inspect(walk.tag)
    const fields = [
      'Env',
      'Entrypoint',
      'WorkingDir',
      'User',
      'ExposedPorts',
      'Volumes',
      'Labels',
      'StopSignal',
    ]
    const changed = fields.filter((field) => !same(Config[field] ?? null, before.Config[field] ?? null))
    must(changed.length === 0, `changed: ${changed}`)
    if (!walk.cmd) must(same(Config.Cmd, before.Config.Cmd), 'changed: Cmd')
    else must(same(Config.Cmd, walk.cmd), `Cmd ${JSON.stringify(Config.Cmd)}`)
    return { words: 'docker inspect: the config as it was, but for the edits' }
  })
  await prove(engine, title, () => {
    const found = differences(due, rootfsOf(docker.exportRootfs(walk.tag)), {
      ignored: (path, field) => ignored(path, field) || ignoreDockers(path, field),
    })
    must(found.length === 0, `docker export, ${found.length} differences: ${found.slice(0, 8).join('; ')}`)
    return { words: `docker export: ${Object.keys(due).length} paths as due` }
  })
  if (walk === redis) {
    await prove(engine, title, () => ({
      words: mustRun(docker.run(walk.tag, ['redis-server', '--version'])),
    }))
    await prove(engine, title, async () => {
      const answer = mustRun(await docker.serve(walk.tag, ['redis-cli', 'ping'])).trim()
      must(answer === 'PONG', `redis-cli ping: ${answer}`)
      return { words: 'the server starts; redis-cli ping: PONG' }
    })
  }
}

// ---------------------------------------------------------------- all of it

async function main(): Promise<void> {
  if (!corpus) {
    skip('all', 'corpus', 'no corpus of real archives here')
    return
  }
  const versions = { podman: versionOf('podman'), skopeo: versionOf('skopeo'), umoci: versionOf('umoci') }
  for (const [tool, version] of Object.entries(versions))
    if (!version) skip(tool, 'all', `${tool} is not installed`)
  const whyNoUnion = whyNoUmoci()
  if (whyNoUnion) skip('umoci union', 'all', whyNoUnion)
  const tools: Tools = { ...versions, union: whyNoUnion === null }
  const prove = async (docker: Docker | null): Promise<void> => {
    await corpusProofs(docker, tools)
    await madeProofs(docker, tools)
  }
  const why = whyNoDockerd()
  if (why) {
    skip('docker', 'all', why)
    await prove(null)
  } else await withDockerd(prove)
}

const started = Date.now()
try {
  await main()
} catch (thrown) {
  report({ engine: 'engines', archive: '', verdict: 'FAILED', words: String(thrown) })
}
mkdirSync(join(root, 'test-results'), { recursive: true })
writeFileSync(join(root, 'test-results/engines.json'), JSON.stringify(rows, null, 2))
const count = (verdict: Row['verdict']): number => rows.filter((row) => row.verdict === verdict).length
const failed = count('FAILED')
const bytes = statSync(join(root, 'test-results/engines.json')).size
console.log(
  `\ntest-results/engines.json has the table (${bytes} bytes); ${((Date.now() - started) / 1000).toFixed(0)} s`,
)
console.log(
  `${count('ok')} passed, ${failed} failed${count('skipped') ? `, ${count('skipped')} skipped` : ''}`,
)
process.exitCode = failed > 0 || count('ok') === 0 ? 1 : 0
