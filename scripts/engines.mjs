/** npm run engines: sees to the engines first (Debian's packages, where apt-get and root are there), then scripts/engines.ts. */
import { bundle } from './bundle.mjs'
import { ensureCommands, ensurePackages, say } from './ensure.mjs'

ensurePackages()
const missing = ensureCommands({
  dockerd: 'docker.io',
  docker: 'docker.io',
  containerd: 'containerd',
  ctr: 'containerd',
  podman: 'podman',
  skopeo: 'skopeo',
  umoci: 'umoci',
  python3: 'python3',
  zstd: 'zstd',
  tar: 'tar',
})
if (missing.length > 0) say(`NOT THERE, and not to be installed here: ${missing.join(', ')}.`)
await import(await bundle('scripts/engines.ts'))
