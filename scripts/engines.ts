/**
 * npm run engines [-- OPTIONS]: real container engines take what Peel made, and what others made.
 *
 *   corpus    every archive of the corpus, as it is, by every engine that runs here: the load rules must have foreseen
 *             verdict, names and ID; its union as docker export and umoci unpack make it is the tree that Peel shows
 *   builds    recipes over images of the corpus in every build and format: loaded, run, compared path by path
 *   walks     ALPYNE and redis, rebuilt by the terminal and by the page (test-results/exports/, which npm test leaves)
 *
 *   --only corpus,builds,walks,odd    those parts alone
 *   --archive REGEX                   archives of those names alone
 *   --odd                             also small archives that are odd in one way each (scripts/engines/odd.ts)
 *   --modern                          also newer engines, each Debian suite in a chroot of its own (PEEL_SUITES: "trixie sid"):
 *                                     docker with both stores, containerd, podman, skopeo, umoci. Needs root, debootstrap, 3 GB.
 *   --modern-only                     those alone
 *
 * What a machine cannot run is said (NOT THERE …) and counted as skipped. Ends with the table and "N passed, N failed".
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { corpus, root } from '../src/testkit/corpus'
import { buildProofs } from './engines/build-proofs'
import { whyNoContainerd, withContainerd, type Containerd } from './engines/containerd'
import { corpusProofs, oddProofs } from './engines/corpus-proofs'
import { hasOverlay } from './engines/daemon'
import { whyNoDockerd, withDockerd, type Docker } from './engines/dockerd'
import { classicDocker, ctr, withoutDaemon, type Asked } from './engines/fleet'
import { withModern } from './engines/modern'
import { versionOf } from './engines/others'
import { report, rows, skip, type Row } from './engines/table'
import { whyNoUmoci } from './engines/umoci'
import { walkProofs } from './engines/walk-proofs'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'corpus,builds,walks' },
    archive: { type: 'string', default: '.' },
    odd: { type: 'boolean', default: false },
    modern: { type: 'boolean', default: false },
    'modern-only': { type: 'boolean', default: false },
  },
})
const parts = new Set([...values.only.split(','), ...(values.odd ? ['odd'] : [])])
const wanted = new RegExp(values.archive)

async function main(): Promise<void> {
  if (!corpus) {
    skip('all', 'corpus', 'no corpus of real archives here')
    return
  }
  const tools = { podman: versionOf('podman'), skopeo: versionOf('skopeo'), umoci: versionOf('umoci') }
  for (const [tool, version] of Object.entries(tools))
    if (!version) skip(tool, 'all', `${tool} is not installed`)
  const whyNoUnion = whyNoUmoci()
  if (whyNoUnion) skip('umoci union', 'all', whyNoUnion)
  const union = whyNoUnion ? null : tools.umoci
  if (!values['modern-only'])
    await withEngines(async (dockers, containerd) => {
      const { merging: docker } = dockers
      const fleet: Asked[] = [
        ...(dockers.overlay ? [classicDocker(dockers.overlay)] : []),
        ...(containerd ? [ctr(containerd)] : []),
        ...withoutDaemon(),
      ]
      if (parts.has('corpus')) await corpusProofs(fleet, wanted, { docker, umoci: union })
      if (parts.has('odd')) await oddProofs(fleet, wanted)
      if (parts.has('builds')) await buildProofs({ docker: dockers.overlay, fleet, umoci: union }, wanted)
      if (parts.has('walks')) await walkProofs(docker, tools)
    })
  if (values.modern || values['modern-only'])
    await withModern(async (fleet) => {
      if (parts.has('corpus')) await corpusProofs(fleet, wanted)
      if (parts.has('odd')) await oddProofs(fleet, wanted)
      if (parts.has('builds')) await buildProofs({ docker: null, fleet, umoci: null }, wanted)
    })
}

interface Dockers {
  /** With vfs: its unions are compared. */
  readonly merging: Docker | null
  /** With overlay2, or where the kernel has no overlay the same one: the rules speak of it. */
  readonly overlay: Docker | null
}

async function withEngines(
  job: (dockers: Dockers, containerd: Containerd | null) => Promise<void>,
): Promise<void> {
  const inner = async (dockers: Dockers): Promise<void> => {
    const why = whyNoContainerd()
    if (why) skip('ctr', 'all', why)
    await (why ? job(dockers, null) : withContainerd((containerd) => job(dockers, containerd)))
  }
  const why = whyNoDockerd()
  if (why) skip('docker', 'all', why)
  if (why) await inner({ merging: null, overlay: null })
  else
    await withDockerd('vfs', (merging) =>
      hasOverlay()
        ? withDockerd('overlay2', (overlay) => inner({ merging, overlay }))
        : inner({ merging, overlay: merging }),
    )
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
