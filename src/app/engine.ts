/** Starts the engine worker. */
import engineUrl from '../../workers/engine?worker&url'
import type { EngineApi } from '../../workers/api'
import { pageCrew, type CrewApi } from '../../workers/crew'
import { registerServiceWorker } from '../../workers/register-service-worker'
import { scriptUrl, workerOptions } from '../../workers/trusted'
import { connect, type Connection } from '../../workers/wire'

export type Engine = Connection<EngineApi>

/**
 * A worker started before the service worker controls the page would not be bound by the policy, so it waits for that; calls that
 * come earlier wait with it, and the screen does not.
 */
const bound = registerServiceWorker()

export function startEngine(): Engine {
  const started = bound.then(() => {
    const engine = connect<EngineApi & CrewApi>(
      new Worker(scriptUrl(engineUrl), { ...workerOptions, name: 'engine' }),
    )
    const { spawn, end, endAll } = pageCrew()
    engine.crew(spawn, end).catch(() => {}) // Whoever asks the engine for something hears of its death.
    void engine.died.then(endAll)
    return engine
  })
  const died = started.then((engine) => engine.died)
  const terminate = () => void started.then((engine) => engine.terminate())
  return new Proxy({ died, terminate } as Engine, {
    get(own, name, itself) {
      if (typeof name === 'symbol' || name === 'then') return undefined
      if (name in own) return Reflect.get(own, name, itself) as unknown
      return async (...args: unknown[]) => {
        const engine = await started
        return (engine[name as keyof EngineApi] as (...args: unknown[]) => Promise<unknown>)(...args)
      }
    },
  })
}
