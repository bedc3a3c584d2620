/** Journals as browsers hold them: samples of each version, which every later one must read. */
import { describe, expect, test } from 'vitest'
import { added, EMPTY_JOURNAL, inForce, readJournal, redone, undone } from './journal'

/** As the first Peel stored it: one step of a drop of two files, one undone. Never to be changed. */
const VERSION_1 = {
  version: 1,
  steps: [
    [{ op: 'write', path: '/etc/motd', content: '1k2j', size: 6, mtime: 1763800000 }],
    [
      { op: 'mkdir', path: '/srv', mtime: 1763800001 },
      { op: 'write', path: '/srv/a', content: 'x9', size: 3, mtime: 1763800001 },
    ],
    [{ op: 'config', key: ['config', 'Cmd'], value: ['/bin/sh', '-l'] }],
    [{ op: 'tags', tags: ['a:1'] }],
    [{ op: 'remove', path: '/gone' }],
  ],
  done: 4,
}

/** As the second one stored it. Never to be changed. */
const VERSION_2 = {
  version: 2,
  steps: [
    [{ op: 'scrub', paths: ['/etc/secret'] }],
    [{ op: 'drop', layer: 1 }],
    [{ op: 'history', index: 0 }],
    [{ op: 'annotation', key: 'k', value: 'v' }],
    [{ op: 'device', path: '/dev/null', kind: 'char', major: 1, minor: 3 }],
  ],
  done: 5,
}

const BASE = { file: 'debian.tar', diffIds: [`sha256:${'a'.repeat(64)}`] }

/** As this version stores it. */
const VERSION_3 = {
  version: 3,
  steps: [
    [{ op: 'move', layer: 2, to: 1 }],
    [{ op: 'rebase', replace: 1, onto: BASE }],
    [{ op: 'remove', path: '/gone' }],
  ],
  done: 2,
}

describe('a stored journal', () => {
  test.each([
    ['1', VERSION_1],
    ['2', VERSION_2],
    ['3', VERSION_3],
  ])('of version %s is read: what is in force, and what can be redone', (_, stored) => {
    const before = JSON.stringify(stored)
    const journal = readJournal(structuredClone(stored))
    expect(journal.version).toBe(3)
    expect(inForce(journal)).toEqual(stored.steps.slice(0, stored.done).flat())
    expect(redone(journal).done).toBe(Math.min(stored.steps.length, stored.done + 1))
    expect(undone(journal).done).toBe(stored.done - 1)
    expect(added(journal, [{ op: 'remove', path: '/x' }]).version).toBe(3)
    expect(JSON.stringify(stored)).toBe(before)
  })

  test('that is not there is an empty one', () => {
    expect(readJournal(null)).toEqual(EMPTY_JOURNAL)
    expect(readJournal(undefined)).toEqual(EMPTY_JOURNAL)
  })

  test.each([
    ['a later version', { version: 4, steps: [], done: 0 }],
    ['an operation that is not known', { version: 2, steps: [[{ op: 'transmute', path: '/x' }]], done: 1 }],
    ['no list of steps', { version: 2, done: 0 }],
    ['an operation by the name of a method', { version: 2, steps: [[{ op: 'toString' }]], done: 1 }],
  ])('of %s is refused, and says that it is kept', (_, stored) => {
    expect(() => readJournal(stored)).toThrow(/newer version.*kept as they are/)
  })

  test('never counts more steps than it has', () => {
    expect(readJournal({ version: 1, steps: [], done: 7 }).done).toBe(0)
  })
})
