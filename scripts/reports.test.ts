import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from './ensure.mjs'
import { playwrightOutcome, vitestOutcome } from './reports.mjs'

/** A test as vitest's JSON reporter has it: the outermost title is the file's, and empty. */
const unit = (titles: readonly string[], status: string, ...failureMessages: string[]): object => ({
  ancestorTitles: ['', ...titles.slice(0, -1)],
  title: titles.at(-1),
  status,
  failureMessages,
})

describe('the report of vitest', () => {
  const file = join(root, 'src/core/tar/scan.test.ts')

  test('a failed test has its file, its line, its full name and the first lines of its error', () => {
    const stack = `AssertionError: expected 1 to be 2\n    at check (${root}/src/core/tar/scan.ts:7:1)\n    at ${file}:12:3`
    const outcome = vitestOutcome({
      numPassedTests: 1,
      numPendingTests: 2,
      testResults: [
        {
          name: file,
          status: 'failed',
          message: '',
          assertionResults: [unit(['holds'], 'passed'), unit(['a tar', 'ends'], 'failed', stack)],
        },
      ],
    })
    expect(outcome).toEqual({
      passed: 1,
      failed: 1,
      skipped: 2,
      failures: ['src/core/tar/scan.test.ts:12 › a tar › ends: AssertionError: expected 1 to be 2'],
      flaky: [],
    })
  })

  test('a file that does not load is a failure beside the tests that failed', () => {
    const outcome = vitestOutcome({
      numPassedTests: 0,
      numPendingTests: 0,
      testResults: [
        { name: file, status: 'failed', message: "Cannot find module './x'", assertionResults: [] },
        {
          name: file,
          status: 'failed',
          message: '',
          assertionResults: [unit(['ends'], 'failed', 'Error: no')],
        },
      ],
    })
    expect(outcome.failures).toEqual([
      "src/core/tar/scan.test.ts: Cannot find module './x'",
      'src/core/tar/scan.test.ts › ends: Error: no',
    ])
    expect(outcome.failed).toBe(2)
  })

  test('an error of many long lines becomes one line that a log shows whole', () => {
    const outcome = vitestOutcome({
      numPassedTests: 0,
      numPendingTests: 0,
      testResults: [
        {
          name: file,
          status: 'failed',
          message: '',
          assertionResults: [unit(['long'], 'failed', `\u001b[31m${'x'.repeat(400)}\u001b[39m\nsecond`)],
        },
      ],
    })
    expect(outcome.failures[0]).toMatch(/^src\/core\/tar\/scan\.test\.ts › long: x+…$/)
    expect(outcome.failures[0].length).toBeLessThanOrEqual(280)
  })
})

describe('the report of playwright', () => {
  const spec = (title: string, status: string, ...results: object[][]): object => ({
    title,
    file: 'edit.e2e.ts',
    line: 5,
    tests: [{ status, results: results.map((errors) => ({ errors })) }],
  })
  const report = (specs: object[], inner: object[], errors: object[], stats: object): object => ({
    config: { rootDir: join(root, 'e2e') },
    stats: { expected: 0, unexpected: 0, flaky: 0, skipped: 0, ...stats },
    errors,
    suites: [{ title: 'edit.e2e.ts', specs, suites: [{ title: 'a file', specs: inner }] }],
  })

  test('a failed journey says what it waited for, not only that its time ran out', () => {
    const errors = [
      { message: '\u001b[31mTest timeout of 90000ms exceeded.\u001b[39m' },
      {
        message:
          "Error: locator.click: Test timeout of 90000ms exceeded.\nCall log:\n  - waiting for getByRole('button')\n\n  3 | code\n> 4 | code",
      },
    ]
    const outcome = playwrightOutcome(
      report([spec('holds', 'expected', [])], [spec('is edited', 'unexpected', errors)], [], {
        expected: 1,
        unexpected: 1,
      }),
    )
    expect(outcome).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
      failures: [
        "e2e/edit.e2e.ts:5 › a file › is edited: Test timeout of 90000ms exceeded. | Error: locator.click: Test timeout of 90000ms exceeded. | Call log: | - waiting for getByRole('button')",
      ],
      flaky: [],
    })
  })

  test('a journey that held the second time has passed, and is named with its first error', () => {
    const outcome = playwrightOutcome(
      report([spec('is slow', 'flaky', [{ message: 'Error: first' }], [])], [], [], { flaky: 1 }),
    )
    expect(outcome).toMatchObject({ passed: 1, failed: 0, failures: [] })
    expect(outcome.flaky).toEqual(['e2e/edit.e2e.ts:5 › is slow: Error: first'])
  })

  test('a set-up that fails is a failure without any journey', () => {
    const outcome = playwrightOutcome(report([], [], [{ message: 'Error: dist/ is not there' }], {}))
    expect(outcome).toMatchObject({ passed: 0, failed: 1 })
    expect(outcome.failures).toEqual(['playwright: Error: dist/ is not there'])
  })
})
