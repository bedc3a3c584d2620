/** What builds would come to, asked for one by one: whatever else is asked of the engine meanwhile waits for one of them only. */
import type { Build, BuildSizes, ExportRequest } from '../../workers/api'
import type { Engine } from './engine'

export const BUILDS: readonly Build[] = ['append', 'rewrite', 'squash', 'flatten']

/** What is known so far, each time it is more; ends early where `wanted` says so. Throws the engine's faults. */
export async function* sizesInTurn(
  engine: Pick<Engine, 'sizes'>,
  request: Omit<ExportRequest, 'build'>,
  builds: readonly Build[],
  wanted: () => boolean,
): AsyncGenerator<BuildSizes, void> {
  let known: BuildSizes['builds'] = []
  for (const build of builds) {
    const { opened, builds: more } = await engine.sizes(request, [build])
    if (!wanted()) return
    known = [...known, ...more]
    yield { opened, builds: known }
    if (!wanted()) return
  }
}
