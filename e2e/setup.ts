/** Before all journeys: the built app is served on a free port, and what earlier runs exported is taken away. */
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { serve } from '../scripts/serve.mjs'
import { exportsFolder, dist } from './files'

export default async function setup(): Promise<() => Promise<void>> {
  if (!existsSync(`${dist}/index.html`)) throw new Error('dist/ is not there: npm run build makes it.')
  rmSync(exportsFolder, { recursive: true, force: true })
  mkdirSync(exportsFolder, { recursive: true })
  const server = await serve({ folder: dist, port: 0 })
  process.env.PEEL_URL = server.url
  return server.close
}
