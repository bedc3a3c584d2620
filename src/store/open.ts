/** The stores of this browser, or, where it keeps nothing, stores in memory. */
import { memoryStores } from '../jobs/memory-stores'
import type { SweepableStores } from '../jobs/sweep'
import { IdbContents } from './contents'
import { Keyval } from './keyval'
import { IdbArchives, IdbJournals, IdbSettings, IdbTables, IdbUnions, type Settings } from './records'
import { sweepScratch } from './scratch'
import { IdbSegments } from './segments'

export interface OpenedStores {
  readonly stores: SweepableStores
  readonly settings: Settings
  /** Whether what is stored outlives this page. */
  readonly persistent: boolean
}

/** Some browsers never answer where storage is blocked; the page must not wait for ever. */
const PATIENCE = 5000

/**
 * Opens the stores, in a page or a worker; each may. Never throws: where IndexedDB is missing, blocked or broken,
 * everything is kept in memory. What dead workers left half-written is swept in the background.
 */
export async function openStores(): Promise<OpenedStores> {
  if (!(await isUsable())) return { stores: memoryStores(), settings: memorySettings(), persistent: false }
  const layers = new IdbSegments('peel-layers')
  const blobs = new IdbSegments('peel-blobs')
  const contents = new IdbContents()
  const stores = {
    layers,
    blobs,
    contents,
    tables: new IdbTables(),
    unions: new IdbUnions(),
    archives: new IdbArchives(),
    journals: new IdbJournals(),
  }
  void Promise.all([layers.sweep(), blobs.sweep(), contents.sweepLeftovers()]).catch(() => undefined)
  void sweepScratch().catch(() => undefined)
  return { stores, settings: new IdbSettings(), persistent: true }
}

/** Tried out: private windows and policies make IndexedDB fail in many ways, often only at the first write. */
async function isUsable(): Promise<boolean> {
  if (typeof indexedDB === 'undefined') return false
  const probe = new Keyval('peel-settings', 'cache')
  const works = probe.set(['probe', Date.now()]).then(
    () => true,
    (thrown: unknown) => (thrown as { fault?: { code?: string } }).fault?.code === 'storage-full',
  )
  const patience = new Promise<false>((resolve) => setTimeout(() => resolve(false), PATIENCE))
  return Promise.race([works, patience])
}

function memorySettings(): Settings {
  const values = new Map<string, unknown>()
  return { get: async (name) => values.get(name), set: async (name, value) => void values.set(name, value) }
}
