/** Steps of a proof: each one's output is seen as it comes, its result is counted, and a failure says what mends it. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './ensure.mjs'
import { oneLine, playwrightOutcome, vitestOutcome } from './reports.mjs'

/**
 * @typedef {import('./reports.mjs').Outcome} Outcome
 * @typedef {{ name: string, command: readonly string[], mend?: string, report?: string, read?: (report: unknown) => Outcome }} Step
 */

/** Enough to hold what a linter or a compiler says last, above its own summary; and few enough to be read. */
const LAST_LINES = 15

/** @type {Outcome} */
const nothing = { passed: 0, failed: 0, skipped: 0, failures: [], flaky: [] }

/**
 * Runs a command with its output in sight.
 * @param {readonly string[]} command
 * @returns {Promise<{ status: string, last: string[] }>} status: "ok", or how it ended; last: the last lines of its output
 */
function runInSight([program, ...args]) {
  // Through a pipe, so that the last lines are known: what is coloured on a terminal stays so.
  const env = process.stdout.isTTY ? { ...process.env, FORCE_COLOR: '1' } : process.env
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env })
  let tail = ''
  /** @param {NodeJS.WriteStream} out @returns {(piece: Buffer) => void} */
  const passOn = (out) => (piece) => {
    out.write(piece)
    tail = (tail + piece.toString()).slice(-16_384)
  }
  child.stdout.on('data', passOn(process.stdout))
  child.stderr.on('data', passOn(process.stderr))
  return new Promise((resolve) => {
    /** @param {string} status */
    const end = (status) =>
      resolve({
        status,
        last: tail
          .split('\n')
          .filter((line) => line.trim() !== '')
          .slice(-LAST_LINES),
      })
    child.on('error', (error) => end(error.message))
    child.on('close', (code, signal) => end(code === 0 ? 'ok' : `exit ${code ?? signal}`))
  })
}

/** @param {Step} step @returns {Promise<Outcome>} */
async function runStep({ name, command, mend, report, read }) {
  const started = Date.now()
  console.log(`\n── ${name}: ${command.join(' ')}`)
  const file = report && join(root, report)
  if (file) rmSync(file, { force: true })
  const { status, last } = await runInSight(command)
  const ok = status === 'ok'
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`── ${name}: ${ok ? 'ok' : `FAILED (${status})`}, ${seconds} s`)
  if (!ok && mend) console.log(`   to mend it: ${mend}`)
  const outcome = file && read ? readReport(file, read) : ok ? { ...nothing, passed: 1 } : null
  if (outcome && (ok || outcome.failed > 0)) return outcome
  // What fails without a report that says so (an error outside of all tests, no report at all) says it in its last lines.
  const failures = [`${name}: ${status}`, ...last.map((line) => `${name}:   ${line}`)].map(oneLine)
  return { ...(outcome ?? nothing), failed: 1, failures }
}

/** @param {string} file @param {(report: unknown) => Outcome} read @returns {Outcome | null} null: there is none */
const readReport = (file, read) => (existsSync(file) ? read(JSON.parse(readFileSync(file, 'utf8'))) : null)

/**
 * Runs the steps, all of them: one failure must not hide the next. @param {readonly Step[]} steps @returns {Promise<Outcome>}
 */
export async function runSteps(steps) {
  mkdirSync(join(root, 'test-results'), { recursive: true })
  let total = nothing
  for (const step of steps) {
    const outcome = await runStep(step)
    total = {
      passed: total.passed + outcome.passed,
      failed: total.failed + outcome.failed,
      skipped: total.skipped + outcome.skipped,
      failures: [...total.failures, ...outcome.failures],
      flaky: [...total.flaky, ...outcome.flaky],
    }
  }
  return total
}

/**
 * The closing lines, and the exit code that goes with them. What failed is said once more, just before the count: whoever
 * reads a log reads its end. @param {Outcome} outcome
 */
export function close({ passed, failed, skipped, failures, flaky }) {
  if (failures.length + flaky.length > 0) console.log()
  for (const words of flaky) console.log(`FLAKY ${words}`)
  for (const words of failures) console.log(`FAILED ${words}`)
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
}

const node = process.execPath

/** The quick half of the proof. Floors are among the unit tests (src/floors.test.ts). @type {readonly Step[]} */
export const quick = [
  {
    name: 'format',
    command: [node, 'node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
    mend: 'npm run format',
  },
  {
    name: 'lint',
    command: [node, 'node_modules/eslint/bin/eslint.js', '.'],
    mend: 'npm run lint -- --fix, and by hand what that leaves',
  },
  {
    name: 'types',
    command: [
      node,
      'node_modules/svelte-check/bin/svelte-check',
      '--tsconfig',
      './tsconfig.json',
      '--fail-on-warnings',
      '--output',
      'human',
    ],
    mend: 'by hand; npm run types shows them again',
  },
  {
    name: 'floors and unit tests',
    command: [
      node,
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=default',
      '--reporter=json',
      '--outputFile.json=test-results/unit.json',
    ],
    mend: 'npm run unit -- FILE runs one file; npm run map mends the map in src/README.md',
    report: 'test-results/unit.json',
    read: vitestOutcome,
  },
]

/** The slow half: the built app in a real browser. @type {readonly Step[]} */
export const journeys = [
  {
    name: 'build',
    command: [node, 'node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn'],
    mend: 'npm run build shows it again',
  },
  {
    name: 'one file',
    command: [node, 'node_modules/vite/bin/vite.js', 'build', '--mode', 'single', '--logLevel', 'warn'],
    mend: 'npm run build:single shows it again',
  },
  {
    name: 'journeys',
    command: [node, 'node_modules/playwright/cli.js', 'test'],
    mend: 'npm run e2e -- -g "part of a name" runs one; test-results/ has traces of what failed',
    report: 'test-results/e2e.json',
    read: playwrightOutcome,
  },
]
