/** npm run kills [-- N]: the journey that kills the renderer, a hundred times or N; the app must be built. */
import { spawnSync } from 'node:child_process'
import { root } from './ensure.mjs'

const { status } = spawnSync('npx', ['playwright', 'test', 'e2e/kills.e2e.ts'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PEEL_KILLS: process.argv[2] ?? '100' },
})
process.exit(status ?? 1)
