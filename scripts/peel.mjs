/** npm run -s peel -- …: Peel without a page. All of it is in src/cli; this only gets it to run. */
import { say } from './ensure.mjs'
import { bundle } from './bundle.mjs'

try {
  await import(await bundle('src/cli/main.ts'))
} catch (thrown) {
  say(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown))
  process.exitCode = 70 // EX_SOFTWARE: none of the codes that say something about an archive
}
