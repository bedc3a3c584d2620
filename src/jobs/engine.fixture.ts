/** The engine without a browser, for tests: stores in memory, all work on this thread, a clock that stands still. */
import type { EngineEvent, OpenedFile } from '../../workers/api'
import { Engine } from './engine'
import { freeClaims, memoryStores } from './memory-stores'
import { inlinePool } from './pool'

/** An engine, what it has said so far, and the stores that another one can be put on, as after a reload. */
export function engineOn({ stores = memoryStores(), persistent = true } = {}) {
  let id = 0
  const events: EngineEvent[] = []
  const engine = new Engine({
    stores,
    persistent,
    claims: freeClaims(),
    pool: inlinePool,
    sample: () => Promise.reject(new Error('no sample here')),
    probeNetwork: async () => true,
    now: () => 1_700_000_000_000,
    newId: () => `c${id++}`,
  })
  engine.subscribe((batch) => events.push(...batch))
  return { engine, events, stores }
}

/** One file, as the page hands it in. */
export function dropped(bytes: BlobPart, name: string): readonly OpenedFile[] {
  return [{ path: '', file: new File([bytes], name) }]
}
