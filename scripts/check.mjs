/** npm run check: the quick half of the proof (format, lint, types, floors, unit tests). */
import { ensurePackages } from './ensure.mjs'
import { close, quick, runSteps } from './steps.mjs'

ensurePackages()
close(await runSteps(quick))
