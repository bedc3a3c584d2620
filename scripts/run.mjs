/** node scripts/run.mjs FILE.ts …: a script of this folder that is written in TypeScript. */
import { bundle } from './bundle.mjs'
import { say } from './ensure.mjs'

const [entry, ...args] = process.argv.slice(2)
process.argv = [process.argv[0], entry, ...args]
try {
  await import(await bundle(entry))
} catch (thrown) {
  say(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown))
  process.exitCode = 1
}
