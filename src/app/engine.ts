/** Starts the engine worker. */
import engineUrl from '../../workers/engine?worker&url'
import type { EngineApi } from '../../workers/api'
import { scriptUrl } from '../../workers/trusted'
import { connect, type Connection } from '../../workers/wire'

export type Engine = Connection<EngineApi>

export function startEngine(): Engine {
  return connect<EngineApi>(new Worker(scriptUrl(engineUrl), { type: 'module', name: 'engine' }))
}
