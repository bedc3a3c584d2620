/** Times of a config, not later than an epoch (SOURCE_DATE_EPOCH). */
import type { Bytes } from '../bytes/source'
import { changedConfig } from '../edit/config'
import { parsedConfig } from './document'

/** Only `created`, which is ours to write; lines of the old history say when others built. */
export function clampedConfig(config: Bytes, epoch: number): Bytes {
  const { created } = parsedConfig(config)
  const seconds = created ? Date.parse(created) / 1000 : NaN
  return seconds > epoch ? changedConfig(config, [{ key: ['created'], value: isoOf(epoch) }]) : config
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}
