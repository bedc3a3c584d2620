/** Last names and directory parts of rows, beside their paths cleaned as text. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TableBuilder } from '../layer/builder'
import { TYPE } from '../tar/entry'
import { LastNames } from './last-name'
import { absolute } from './union'

const word = fc.constantFrom('', '/', '//', './', '../', 'etc/', 'etc', 'a', 'b/', '.', '..', '\xff', '\0')
const path = fc
  .array(word, { maxLength: 5 })
  .map((words) => Uint8Array.from(Buffer.from(words.join(''), 'latin1')))

const none = new Uint8Array(0)

function tableOf(paths: readonly Uint8Array[]): ReturnType<TableBuilder['finish']> {
  const builder = new TableBuilder()
  const numbers = { headerAt: 0, bodyAt: 512, size: 0, stored: 0, mode: 0, uid: 0, gid: 0, mtime: 0 }
  const rest = { link: none, uname: none, gname: none, flag: 0, major: 0, minor: 0, pax: null, sparse: null }
  for (const path of paths) builder.add({ ...numbers, ...rest, type: TYPE.file, path })
  return builder.finish(0)
}

test('the last name and the directory before it are where the cleaned path has them', () => {
  fc.assert(
    fc.property(fc.array(path, { maxLength: 30 }), fc.boolean(), (paths, backwards) => {
      const table = tableOf(paths)
      const last = new LastNames(table)
      for (let i = 0; i < paths.length; i++) {
        const row = backwards ? paths.length - 1 - i : i
        last.at(row)
        const { dirBytes, dirFrom, dirTo, from, to } = last
        const dir = absolute(dirBytes.subarray(dirFrom, dirTo))
        const name = absolute(last.bytes.subarray(from, to))
        const whole = absolute(paths[row])
        expect(name === '/' ? dir : dir === '/' ? name : dir + name).toBe(whole)
        if (last.dir >= 0) expect(dirTo + to - from - dirFrom).toBeLessThanOrEqual(paths[row].length)
      }
    }),
    { numRuns: 300 },
  )
})
