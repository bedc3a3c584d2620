/** Archives as others made them, fed as they are: the rules must have foreseen each verdict, name and ID; the union must be the one on Peel's screen. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { corpusFile, expectedOf, gunzip, unzstd } from '../../src/testkit/corpus'
import type { Docker } from './dockerd'
import type { Asked } from './fleet'
import { answersFor, surprises, Unread } from './foreseen'
import { oddArchives, oddLayerArchives } from './odd'
import { must, prove, skip, type Row } from './table'
import { mustEqual, sameByUmoci, sameTree } from './trees'
import { comparedAll, treeOf } from './peel'
import { ignoreDockers, rootfsOf } from './witness'
import type { EngineAnswer } from '../../src/core/engine/engine'

interface Facts {
  readonly has: {
    readonly manifest_json: boolean
    readonly repositories: boolean
    readonly oci_layout: boolean
  }
  readonly images?: readonly { readonly config_sha256: string }[]
  readonly oci?: readonly unknown[]
  readonly outer_compression: string
}

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

export interface Witnesses {
  /** One that unpacks each layer onto those below, as the spec has it. */
  readonly docker: Docker | null
  readonly umoci: string | null
}

/** Every engine beside the rules, and the union of each archive beside Peel's, for the archives whose name `wanted` finds. */
export async function corpusProofs(
  fleet: readonly Asked[],
  wanted: RegExp,
  witnesses: Witnesses = { docker: null, umoci: null },
): Promise<void> {
  for (const [name, facts] of imagesOfCorpus()) {
    if (!wanted.test(name)) continue
    await asForeseen(fleet, name.endsWith('.zst') ? unzstd(name) : corpusFile(name), basename(name))
    await unionProof(name, facts, witnesses)
  }
}

/** The same with archives that are odd in one way each. */
export async function oddProofs(fleet: readonly Asked[], wanted: RegExp): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'peel-odd-'))
  try {
    mkdirSync(folder, { recursive: true })
    const prove = async (title: string, bytes: Uint8Array, isLayer: boolean): Promise<void> => {
      if (!wanted.test(title)) return
      const tar = join(folder, 'odd.tar')
      writeFileSync(tar, bytes)
      await asForeseen(fleet, tar, title, isLayer ? sameFiles : undefined)
    }
    for (const [name, bytes] of oddArchives()) await prove(`odd: ${name}`, bytes, false)
    for (const [name, bytes] of oddLayerArchives()) await prove(`layer: ${name}`, bytes, true)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Where nothing is foreseen to differ, the files are those that Peel shows. */
function sameFiles({ rootfs }: Asked, { verdict }: EngineAnswer, tar: string): void {
  if (!rootfs || verdict !== 'loads') return
  const back = rootfs('odd:1')
  const due = treeOf(tar, 0, true)
  // Directories get the time at which something was put into them; another name of a link is another link to docker.
  const ignored = (path: string, field: string): boolean =>
    field === 'mtime' || ignoreDockers(path, field) || path === 'etc' || due[path]?.type === 'hardlink'
  mustEqual('docker export', due, comparedAll(rootfsOf(back)), ignored)
  rmSync(back)
}

function answersOrWhy(tar: string): ReturnType<typeof answersFor> | Unread {
  try {
    return answersFor(tar)
  } catch (thrown) {
    if (thrown instanceof Unread) return thrown
    throw thrown
  }
}

async function asForeseen(
  fleet: readonly Asked[],
  tar: string,
  title: string,
  more: (asked: Asked, answer: EngineAnswer, tar: string) => void = () => {},
): Promise<void> {
  const answers = answersOrWhy(tar)
  if (answers instanceof Unread) return skip('all', title, answers.message)
  for (const asked of fleet) {
    const { title: engine, rules, take } = asked
    const answer = answers.get(rules)
    if (!answer) skip(engine, title, `the rules have no ${rules}`)
    else
      await prove(engine, title, (): Partial<Row> => {
        const taken = take(tar)
        // A program that the engine wants and this machine has not is no matter of the archive.
        const lacks = /exec: "(\w+)": executable file not found|(zstd|xz): Cannot exec/.exec(taken.words)
        if (lacks) return { words: `NOT THERE: the engine has no ${lacks[1] ?? lacks[2]} here` }
        const found = surprises(answer, taken)
        must(found.length === 0, found.join('; '))
        more(asked, answer, tar)
        const [image] = taken.images
        const names = taken.images.flatMap(({ names }) => names)
        return {
          name: names.join(', '),
          id: image?.id ?? '',
          words: `${answer.verdict}, as foreseen${answer.says ? `: ${answer.says}` : ''}`,
        }
      })
  }
}

/** The union as docker exports it and as umoci unpacks it. */
async function unionProof(name: string, facts: Facts, { docker, umoci }: Witnesses): Promise<void> {
  const tar = plainTar(name, facts)
  const short = basename(name)
  const [image, ...others] = facts.images ?? []
  const isDocker = facts.has.manifest_json || facts.has.repositories
  if (docker && isDocker && image && others.length === 0)
    await prove(`docker ${docker.version} union`, short, () => {
      docker.wipe()
      docker.load(tar)
      return sameTree(docker, tar, `sha256:${image.config_sha256}`)
    })
  if (!umoci) return
  const kind = facts.has.manifest_json ? 'docker-archive' : facts.has.oci_layout ? 'oci-archive' : 'legacy'
  const images = Math.max(1, (facts.images ?? facts.oci ?? []).length)
  for (let number = 0; number < images; number++)
    await prove(`umoci ${umoci} union`, short, () => sameByUmoci(tar, kind, number, images))
}
