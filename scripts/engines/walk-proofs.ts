/** The walks of e2e, rebuilt by the terminal and by the page, loaded and run by engines, and compared with what Python's tarfile says they should be. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { corpusFile, root, unzstd } from '../../src/testkit/corpus'
import { command, complaint, type Result } from './command'
import type { Docker, Inspected } from './dockerd'
import { podmanTakes, skopeoTakes, umociTakes, type Verdict } from './others'
import { must, prove, report, same, skip } from './table'
import { after, alpyne, isWritten, recipeOf, redis, type Walk } from './walks'
import { differences, ignoreDockers, namesIn, rootfsOf, unionOf, wrongBlobs, type SeenImage } from './witness'

function mustRun(result: Result): string {
  must(result.ok, complaint(result))
  return result.stdout
}

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

/** Versions of what is installed here; null where it is not. */
export interface Tools {
  readonly podman: string | null
  readonly skopeo: string | null
  readonly umoci: string | null
}

export async function walkProofs(docker: Docker | null, tools: Tools): Promise<void> {
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
