/**
 * Every build in every format, fed to engines: loaded as the rules say, under the IDs that were foretold, with the root
 * filesystem that Peel shows, the same for every way to build; commands run.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildArchive } from '../../src/testkit/archive'
import { corpusFile, root, unzstd } from '../../src/testkit/corpus'
import { rebuildings, type Build, type Rebuilding } from './builds'
import { complaint, outputOf } from './command'
import type { Docker } from './dockerd'
import type { Asked } from './fleet'
import { answersFor, surprises } from './foreseen'
import { comparedAll, peel, treeOf } from './peel'
import { must, prove, type Row } from './table'
import { mustEqual, sameByUmoci, sameTree } from './trees'
import { ignoreDockers, rootfsOf, sha256Of, wrongBlobs, type SeenImage } from './witness'

const BUILDS: readonly Build[] = ['add', 'rewrite', 'squash', 'flatten']

interface Asking {
  readonly docker: Docker | null
  readonly fleet: readonly Asked[]
  readonly umoci: string | null
}

export async function buildProofs(asking: Asking, wanted: RegExp): Promise<void> {
  const folder = join(root, 'test-results/engines')
  mkdirSync(folder, { recursive: true })
  for (const rebuilding of rebuildings)
    if (wanted.test(rebuilding.name)) await proveBuilds(rebuilding, folder, asking)
}

async function proveBuilds(rebuilding: Rebuilding, folder: string, asking: Asking): Promise<void> {
  const { name, operations, words: more = [] } = rebuilding
  const recipe = join(folder, `${name}.json`)
  writeFileSync(recipe, JSON.stringify({ peel: 'recipe/1', operations }))
  const source = sourceOf(rebuilding, folder)
  let first: SeenImage['entries'] | null = null
  const make = (build: Build, format: string): string => {
    const out = join(folder, `${name}-${build}-${format}.tar`)
    const words = [
      '--recipe',
      recipe,
      '--build',
      build,
      '--format',
      format,
      '--tag',
      `built/${name}:${build}`,
      ...more,
    ]
    const made = peel('rebuild', source, ...words, '-o', out)
    must(made.ok, complaint(made))
    return out
  }
  for (const build of rebuilding.builds ?? BUILDS) {
    const title = `${name}: ${build}`
    let tar = ''
    await prove('peel', `${title}, docker`, () => {
      tar = make(build, 'docker')
      const wrong = wrongBlobs(tar)
      must(wrong.length === 0, `blobs that are not what they are called: ${wrong}`)
      const tree = treeOf(tar)
      // Whatever the build, it is the same root filesystem.
      if (first) mustEqual(`build ${build}`, first, tree, isDated)
      else must(Object.keys(tree).length > 0, 'an empty tree')
      first ??= tree
      return { words: `${Object.keys(tree).length} paths` }
    })
    if (tar === '') continue
    // umoci is asked for the union below; podman unpacks for long, and sees nothing in one build that it does not in another.
    await loads(asking, tar, `${title}, docker`, build === 'add' ? /^(?!umoci)/ : /docker|ctr/)
    if (asking.docker) await inDocker(asking.docker, tar, rebuilding, `built/${name}:${build}`, title)
    await prove('peel', `${title}, oci`, async () => {
      const oci = make(build, 'oci')
      if (asking.umoci && (build === 'add' || build === 'flatten'))
        return { ...sameByUmoci(oci, 'oci-archive', 0, 1), engine: 'umoci union' }
      return { words: 'built' }
    })
    await loads(asking, join(folder, `${name}-${build}-oci.tar`), `${title}, oci`, /docker|skopeo/)
    for (const format of ['docker', 'oci'])
      rmSync(join(folder, `${name}-${build}-${format}.tar`), { force: true })
  }
  if (first && !rebuilding.archivesOnly) await otherFormats(rebuilding, make, first, asking)
}

function sourceOf({ name, archive }: Rebuilding, folder: string): string {
  if (typeof archive === 'string') return archive.endsWith('.zst') ? unzstd(archive) : corpusFile(archive)
  const path = join(folder, `${name}.tar`)
  writeFileSync(path, buildArchive(archive.drawn, { platforms: true }))
  return path
}

/** Files that were written anew bear the date of the writing, and so do folders around them. */
const isDated = (_: string, field: string): boolean => field === 'mtime'

async function loads({ fleet }: Asking, tar: string, title: string, engines = /./): Promise<void> {
  const answers = answersFor(tar)
  for (const { title: engine, rules, take } of fleet)
    if (engines.test(engine))
      await prove(engine, title, (): Partial<Row> => {
        const answer = answers.get(rules)
        must(answer !== undefined, `the rules have no ${rules}`)
        const taken = take(tar)
        const found = surprises(answer!, taken)
        must(found.length === 0, found.join('; '))
        const isOci = title.endsWith('oci')
        must(isOci || answer!.verdict === 'loads', `${answer!.verdict}: ${answer!.why}`)
        const [image] = taken.images
        return {
          name: image?.names.join(', ') ?? '',
          id: image?.id ?? '',
          words: `${answer!.verdict}, as foreseen`,
        }
      })
}

async function inDocker(
  docker: Docker,
  tar: string,
  { run }: Rebuilding,
  ref: string,
  title: string,
): Promise<void> {
  const engine = `docker ${docker.version}`
  // It has just been loaded, as the first of the fleet.
  await prove(engine, `${title}, rootfs`, () => sameTree(docker, tar, ref))
  if (run)
    await prove(engine, `${title}, run`, () => {
      const ran = docker.run(ref, run.args, run.options)
      must(
        ran.ok && ran.stdout === run.prints,
        ran.ok ? `it prints ${JSON.stringify(ran.stdout)}` : complaint(ran),
      )
      return { words: `${run.args.join(' ')} prints what it should` }
    })
}

/** A root filesystem for docker import, a Dockerfile for docker build, and the form that people take apart by hand. */
async function otherFormats(
  { name }: Rebuilding,
  make: (build: Build, format: string) => string,
  due: SeenImage['entries'],
  { docker }: Asking,
): Promise<void> {
  const engine = docker ? `docker ${docker.version}` : 'python tarfile'
  const ignored = (path: string, field: string): boolean =>
    isDated(path, field) || ignoreDockers(path, field) || (path === 'etc' && due.etc === undefined)
  await prove(engine, `${name}: rootfs`, () => {
    const tar = make('flatten', 'rootfs')
    let there = rootfsOf(tar)
    if (docker) {
      docker.wipe()
      const imported = docker.call('import', tar, `built/${name}:imported`)
      must(imported.ok, complaint(imported))
      there = rootfsOf(docker.exportRootfs(`built/${name}:imported`))
    }
    mustEqual('docker import', due, comparedAll(there), ignored)
    rmSync(tar, { force: true })
    return { words: `docker import, then export: ${Object.keys(due).length} paths` }
  })
  if (docker && name === 'alpine') await deltaProof(docker)
  if (docker)
    await prove(engine, `${name}: context`, () => {
      const tar = make('flatten', 'context')
      const built = docker.build(tar, `built/${name}:dockerfile`)
      must(built.ok, complaint(built))
      mustEqual(
        'docker build',
        due,
        comparedAll(rootfsOf(docker.exportRootfs(`built/${name}:dockerfile`))),
        ignored,
      )
      rmSync(tar, { force: true })
      return { words: 'docker build of the context FROM scratch, then export: the same paths' }
    })
  await prove('sha256sum', `${name}: unpacked`, () => {
    const tar = make('add', 'unpacked')
    const member = (path: string): string =>
      outputOf('tar', ['--extract', '--to-stdout', '--file', tar, path])
    const config = JSON.parse(member('metadata/config.json')) as { rootfs: { diff_ids: string[] } }
    config.rootfs.diff_ids.forEach((diffId, i) => {
      const pipe = `set -o pipefail; tar --extract --to-stdout --file "$1" "$2" | sha256sum`
      const sum = outputOf('bash', ['-c', pipe, 'bash', tar, `LAYER_${i}.tar`]).slice(0, 64)
      must(`sha256:${sum}` === diffId, `LAYER_${i}.tar has ${sum}, not ${diffId}`)
    })
    const { digest } = JSON.parse(member('metadata/oci-manifest.json')).config as { digest: string }
    must(
      `sha256:${sha256Of(member('metadata/config.json'))}` === digest,
      'metadata/config.json is not the config of the manifest',
    )
    rmSync(tar, { force: true })
    return { words: `${config.rootfs.diff_ids.length} layers are what their diff_ids say` }
  })
}

/** A delta loads where its base is, and nowhere else. */
async function deltaProof(docker: Docker): Promise<void> {
  const { archive, run } = rebuildings.find(({ name }) => name === 'alpine')! as Rebuilding & {
    archive: string
  }
  const folder = join(root, 'test-results/engines')
  const [base, delta] = [corpusFile(archive), join(folder, 'alpine-delta.tar')]
  const words = ['--recipe', join(folder, 'alpine.json'), '--tag', 'built/alpine:delta', '--base', base]
  await prove(`docker ${docker.version}`, 'alpine: delta', () => {
    const made = peel('rebuild', base, ...words, '--format', 'delta', '-o', delta)
    must(made.ok, complaint(made))
    docker.wipe()
    const alone = docker.load(delta)
    const due = answersFor(delta).get('docker-20')!
    must(!alone.ok && complaint(alone).includes(due.says), `without its base: ${complaint(alone)}`)
    must(docker.load(base).ok, 'the base does not load')
    const loaded = docker.load(delta)
    must(loaded.ok, complaint(loaded))
    const ran = docker.run('built/alpine:delta', run!.args)
    must(ran.ok && ran.stdout === run!.prints, complaint(ran))
    const refused = peel('rebuild', base, ...words, '--build', 'flatten', '--format', 'delta', '-o', delta)
    must(!refused.ok && /does not stand on the base/.test(refused.stderr), 'a flattened delta is not refused')
    return {
      name: 'built/alpine:delta',
      words: 'loads on its base and runs; without it, it is refused as foreseen',
    }
  })
  rmSync(delta, { force: true })
}
