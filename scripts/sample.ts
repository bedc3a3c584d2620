/** npm run -s sample -- NAME [--shape docker|docker20|oci] > x.tar: an archive from the image notation, for hand tests. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { buildArchive, type Shape } from '../src/testkit/archive'
import { sampleNamed, samples } from '../src/testkit/samples'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { shape: { type: 'string', default: 'docker' } },
})
const [name] = positionals

function usage(): string {
  const list = samples.map((sample) => `  ${sample.name.padEnd(12)} ${sample.about}`).join('\n')
  return `npm run -s sample -- NAME [--shape docker|docker20|oci] > x.tar\n\n${list}\n  FILE.peel    a drawing of your own\n`
}

if (!name) {
  process.stderr.write(usage())
  process.exitCode = 2
} else if (
  process.env.npm_lifecycle_event &&
  process.env.npm_config_loglevel !== 'silent' &&
  !process.stdout.isTTY
) {
  // Without -s npm prints two lines of its own first, and they would be the start of the tar.
  process.stderr.write('npm writes lines of its own before the archive. Say: npm run -s sample -- …\n')
  process.exitCode = 2
} else {
  const drawing = name.endsWith('.peel') ? readFileSync(name, 'utf8') : sampleNamed(name).drawing
  process.stdout.write(buildArchive(drawing, { shape: values.shape as Shape }))
}
