/** What the JSON reports of vitest and playwright say: how many tests held, and a line for each that did not. */
import { isAbsolute, join, relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { root } from './ensure.mjs'

/**
 * `failures` and `flaky` hold a line a test: its file, its full name, and the first lines of its error.
 * @typedef {{ passed: number, failed: number, skipped: number, failures: string[], flaky: string[] }} Outcome
 */

/** As much as a log viewer shows of one line; .ci/run cuts at 300 bytes, with the word FAILED before it. */
const COLUMNS = 280

/** @param {string} words @returns {string} one line, and not longer than that */
export function oneLine(words) {
  const line = stripVTControlCharacters(words)
    .split('\n')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join(' | ')
  return line.length > COLUMNS ? `${line.slice(0, COLUMNS - 1)}…` : line
}

/** @param {string} path @returns {string} from the root of the repository, where it lies below it */
const fromRoot = (path) => (isAbsolute(path) ? relative(root, path) : path)

/**
 * The first lines of an error, without the code and the stack below them: an assertion says what it saw in four.
 * @param {string} error message or stack
 */
function firstLines(error) {
  const lines = stripVTControlCharacters(error).split('\n')
  const below = lines.findIndex((line) => /^ +at |^>? *\d+ \|/.test(line))
  return (below < 0 ? lines : lines.slice(0, below))
    .filter((line) => line.trim() !== '')
    .slice(0, 4)
    .join('\n')
}

/** @param {string} file @param {readonly string[]} titles @param {readonly string[]} errors */
const told = (file, titles, errors) =>
  oneLine(`${[file, ...titles].join(' › ')}: ${errors.map(firstLines).join('\n')}`)

/**
 * @typedef {{ ancestorTitles: string[], title: string, status: string, failureMessages: string[] }} VitestTest
 * @typedef {{ name: string, status: string, message: string, assertionResults: VitestTest[] }} VitestFile
 */

/** @param {unknown} report @returns {Outcome} of vitest's JSON reporter */
export function vitestOutcome(report) {
  const { numPassedTests, numPendingTests, testResults } =
    /** @type {{ numPassedTests: number, numPendingTests: number, testResults: VitestFile[] }} */ (report)
  const failures = testResults
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, message, assertionResults }) => {
      const file = fromRoot(name)
      const failed = assertionResults.filter(({ status }) => status === 'failed')
      // A file that does not even load has no failed test. The outermost title is the file's own, and empty.
      return failed.length === 0
        ? [told(file, [], [message || 'failed outside its tests'])]
        : failed.map(({ ancestorTitles, title, failureMessages }) => {
            const line = /^\d+/.exec(failureMessages.join('\n').split(`${name}:`)[1] ?? '')?.[0]
            const titles = [...ancestorTitles.filter((words) => words !== ''), title]
            return told(line ? `${file}:${line}` : file, titles, failureMessages)
          })
    })
  return { passed: numPassedTests, failed: failures.length, skipped: numPendingTests, failures, flaky: [] }
}

/**
 * @typedef {{ message?: string, value?: string }} PlaywrightError
 * @typedef {{ status: string, results: { errors: PlaywrightError[] }[] }} PlaywrightTest
 * @typedef {{ title: string, file: string, line: number, tests: PlaywrightTest[] }} PlaywrightSpec
 * @typedef {{ title: string, specs?: PlaywrightSpec[], suites?: PlaywrightSuite[] }} PlaywrightSuite
 * @typedef {{
 *   config: { rootDir: string }, stats: Record<string, number>,
 *   errors: PlaywrightError[], suites: PlaywrightSuite[],
 * }} PlaywrightReport
 */

/** @param {PlaywrightError} error */
const wordsOf = ({ message, value }) => message ?? value ?? ''

/** @param {unknown} report @returns {Outcome} of playwright's JSON reporter */
export function playwrightOutcome(report) {
  const { config, stats, errors, suites } = /** @type {PlaywrightReport} */ (report)
  /** @param {string} status @returns {string[]} */
  const linesOf = (status) => {
    /** @param {PlaywrightSuite} suite @param {readonly string[]} titles of the suites below the file @returns {string[]} */
    const walk = ({ specs = [], suites: inner = [] }, titles) => [
      ...specs.flatMap(({ title, file, line, tests }) =>
        tests
          .filter((test) => test.status === status)
          .map(({ results }) => {
            // A time that ran out is one error, and what was waited for the next.
            const errors = results.find((result) => result.errors.length > 0)?.errors ?? []
            const place = `${fromRoot(join(config.rootDir, file))}:${line}`
            return told(place, [...titles, title], errors.map(wordsOf))
          }),
      ),
      ...inner.flatMap((suite) => walk(suite, [...titles, suite.title])),
    ]
    return suites.flatMap((file) => walk(file, []))
  }
  return {
    passed: stats.expected + stats.flaky,
    failed: stats.unexpected + errors.length,
    skipped: stats.skipped,
    // Errors outside of tests: the set-up of all of them, a file that does not load.
    failures: [...linesOf('unexpected'), ...errors.map((error) => told('playwright', [], [wordsOf(error)]))],
    flaky: linesOf('flaky'),
  }
}
