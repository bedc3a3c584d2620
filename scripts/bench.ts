/**
 * npm run bench [-- --quick] [--json FILE] [--only PART] [--case SIZE-COMPRESSION] [--runs N]: how fast, beside the limits of this machine and other tools,
 * all measured in the same run. PART: open, waste, node (or one of its own: list, verify, edit, scrub, flatten, unpack),
 * docker, growth, entries, filter, scroll. DIVE, CRANE, REGCTL and SQUASH name tools that are not on the PATH. A ratio
 * over its bar is shown, never a failure: timings are not tests.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { browserRows, scrollRows, wasteRows, type Case } from './bench/browser'
import { entryRows } from './bench/entries'
import { dockerRows, filterRows, growthRows, NODE_PARTS } from './bench/node'
import { peersHere } from './bench/peers'
import { machineOf, tableOf, type BenchRow } from './bench/table'
import { bundle } from './bundle.mjs'
import { ensureChromium, root, say, versionOf } from './ensure.mjs'
import { isStale } from './stale.mjs'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    json: { type: 'string' },
    only: { type: 'string', multiple: true },
    case: { type: 'string' },
    runs: { type: 'string', default: '5' },
  },
})
const quick = values.quick ?? false
const wants = (part: string): boolean => !values.only || values.only.includes(part)

const QUICK: readonly Omit<Case, 'runs'>[] = [
  { key: 'small', compression: 'plain', reopen: true, edit: true, atOnce: true },
  { key: 'small', compression: 'gzip' },
]
const FULL: readonly Omit<Case, 'runs'>[] = [
  ...QUICK,
  { key: 'small', compression: 'zstd' },
  { key: 'medium', compression: 'plain', reopen: true, edit: true },
  { key: 'medium', compression: 'gzip' },
  { key: 'medium', compression: 'zstd' },
  { key: 'real', compression: 'plain', reopen: true, edit: true },
  { key: 'large', compression: 'plain', edit: true },
  { key: 'half', compression: 'plain', reopen: true },
  { key: 'many', compression: 'plain', reopen: true },
]
/** Measured when asked for by name (--case huge-plain): it takes 10 GB of disk. */
const ASKED: readonly Omit<Case, 'runs'>[] = [{ key: 'huge', compression: 'plain', edit: true, reopen: true }]

const chromium = await ensureChromium()
if (
  isStale('dist/index.html', [
    'src',
    'workers',
    'public',
    'index.html',
    'vite.config.ts',
    'package-lock.json',
  ])
) {
  say('Building …')
  const vite = ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn']
  if (spawnSync(process.execPath, vite, { cwd: root, stdio: ['ignore', 2, 2] }).status !== 0)
    throw new Error('The build failed; its words are above.')
}
await bundle('src/cli/main.ts')

const rows: BenchRow[] = []
const part = async (name: string, job: () => Promise<readonly BenchRow[]>, of = name): Promise<void> => {
  if (!wants(name) && !wants(of)) return
  say(`Measuring: ${name} …`)
  try {
    rows.push(...(await job()))
  } catch (thrown) {
    // What the other parts measured is not lost with this one.
    say(`NOT MEASURED: ${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
    process.exitCode = 1
  }
}
const runs = Number(values.runs)
const cases = (quick ? QUICK : values.case ? [...FULL, ...ASKED] : FULL)
  .filter(({ key, compression }) => !values.case || values.case === `${key}-${compression}`)
  .map((one) => ({ ...one, runs }))
await part('open', () => browserRows(chromium, cases))
await part('waste', () => wasteRows(chromium, cases))
const key = quick ? 'small' : 'medium'
for (const [name, rowsOf] of Object.entries(NODE_PARTS)) await part(name, () => rowsOf({ key, runs }), 'node')
if (!quick) {
  await part('docker', () => dockerRows({ key, runs: Math.min(runs, 3) }))
  await part('growth', () => growthRows(runs, 1_000_000))
  await part('entries', () => entryRows('many'))
  await part('filter', () => filterRows(runs, 'many'))
  await part('scroll', () => scrollRows(chromium, 'many'))
} else await part('growth', () => growthRows(3, 100_000))

const machine = machineOf(versionOf(chromium), peersHere())
process.stdout.write(
  `${machine.date} UTC · ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB · Node ${machine.node} · ${machine.chromium}\n\n${tableOf(rows)}\n`,
)
if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine, rows }, null, 2)}\n`)
