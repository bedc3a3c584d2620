/** Steps of a proof: each one's output is seen as it comes, its result is counted, and a failure says what mends it. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './ensure.mjs'

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Count
 * @typedef {{ name: string, command: readonly string[], mend?: string, report?: string, read?: (report: unknown) => Count }} Step
 */

/** @param {unknown} report @returns {Count} of vitest's JSON reporter */
export function vitestCount(report) {
  const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites, success } =
    /** @type {Record<string, number> & { success: boolean }} */ (report)
  // A file that does not even load has no failed test, only a failed suite.
  const failed = numFailedTests || (success ? 0 : Math.max(1, numFailedTestSuites))
  return { passed: numPassedTests, failed, skipped: numPendingTests }
}

/** @param {unknown} report @returns {Count} of playwright's JSON reporter */
export function playwrightCount(report) {
  const { stats, errors } = /** @type {{ stats: Record<string, number>, errors: unknown[] }} */ (report)
  return {
    passed: stats.expected + stats.flaky,
    failed: stats.unexpected + errors.length,
    skipped: stats.skipped,
  }
}

/** @param {Step} step @returns {Count} */
function runStep({ name, command, mend, report, read }) {
  const started = Date.now()
  console.log(`\n── ${name}: ${command.join(' ')}`)
  const file = report && join(root, report)
  if (file) rmSync(file, { force: true })
  const [program, ...args] = command
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  const ok = status === 0
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`── ${name}: ${ok ? 'ok' : error ? error.message : `FAILED (exit ${status})`}, ${seconds} s`)
  if (!ok && mend) console.log(`   to mend it: ${mend}`)
  if (file && read) {
    if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 }
    const count = read(JSON.parse(readFileSync(file, 'utf8')))
    return ok || count.failed > 0 ? count : { ...count, failed: 1 }
  }
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 }
}

/**
 * Runs the steps, all of them: one failure must not hide the next. @param {readonly Step[]} steps @returns {Count}
 */
export function runSteps(steps) {
  mkdirSync(join(root, 'test-results'), { recursive: true })
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const step of steps) {
    const count = runStep(step)
    total.passed += count.passed
    total.failed += count.failed
    total.skipped += count.skipped
  }
  return total
}

/** The closing line, and the exit code that goes with it. @param {Count} count */
export function close({ passed, failed, skipped }) {
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
    read: vitestCount,
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
    read: playwrightCount,
  },
]
