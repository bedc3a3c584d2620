/** The engine worker: a door. */
import { isBlocked } from './lockdown'
import { Engine } from '../src/jobs/engine'
import { browserClaims } from '../src/store/claims'
import { openStores } from '../src/store/open'
import { buildArchive } from '../src/testkit/archive'
import { sampleNamed } from '../src/testkit/samples'
import type { EngineApi } from './api'
import type { Crew, CrewApi } from './crew'
import { workerPool } from './pool'
import { serve, type Served } from './wire'

let muster: (crew: Crew) => void
const crew = new Promise<Crew>((resolve) => (muster = resolve))

const engine = openStores().then(
  ({ stores, persistent }) =>
    new Engine({
      stores,
      persistent,
      claims: browserClaims(),
      pool: workerPool(crew),
      sample: async () => ({
        name: 'sample.tar',
        blob: new Blob([buildArchive(sampleNamed('demo').drawing)]),
      }),
      probeNetwork: isBlocked,
      now: Date.now,
      newId: () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join(''), // randomUUID wants https
    }),
)

const own: Served<CrewApi> = { crew: (spawn, end) => muster({ spawn, end }) }

serve<EngineApi & CrewApi>(
  new Proxy(own as Served<EngineApi & CrewApi>, {
    // Calls that come before the stores are open wait for them.
    get: (own, name: keyof (EngineApi & CrewApi)) =>
      name === 'crew'
        ? own.crew
        : async (...args: unknown[]) => {
            const target = await engine
            return (target[name] as (...args: unknown[]) => unknown).apply(target, args)
          },
  }),
)
