/** npm test: everything that must hold, from a fresh clone: quick checks, unit tests, and journeys in a real browser. */
import { ensureChromium, ensureCommands, ensurePackages, say, versionOf } from './ensure.mjs'
import { close, journeys, quick, runSteps } from './steps.mjs'

try {
  ensurePackages()
  const chromium = await ensureChromium()
  console.log(`Chromium: ${versionOf(chromium) || chromium}`)
  // Outside witnesses of tars and compressions. Tests that want one that is missing say so.
  const missing = ensureCommands({ tar: 'tar', python3: 'python3', zstd: 'zstd', bsdtar: 'libarchive-tools' })
  if (missing.length > 0)
    say(`NOT THERE, and not to be installed here: ${missing.join(', ')}. What needs them is skipped.`)
  close(await runSteps([...quick, ...journeys]))
} catch (thrown) {
  const words = thrown instanceof Error ? thrown.message : String(thrown)
  close({ passed: 0, failed: 1, skipped: 0, failures: [words], flaky: [] })
}
