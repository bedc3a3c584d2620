/** Whether something built is older than what it is built from. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './ensure.mjs'

/** @param {string} path @returns {number} the newest date at and below it, 0 where nothing is */
function newest(path) {
  if (!existsSync(path)) return 0
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.mtimeMs
  // The folder's own date too: it changes when a file in it goes away.
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stats.mtimeMs)
}

/**
 * @param {string} built path of the result, from the root of the repository
 * @param {readonly string[]} sources paths of files and folders
 */
export function isStale(built, sources) {
  const file = join(root, built)
  return !existsSync(file) || sources.some((source) => newest(join(root, source)) > statSync(file).mtimeMs)
}
