import { expect, test } from 'vitest'
import type { FoundPaths } from '../../workers/api'
import type { Desk } from './files.svelte'
import { SearchPane } from './search.svelte'

/** Answers each question when it is told to. */
function slowSearch() {
  const answers = new Map<string, () => void>()
  const find = (query: string): Promise<FoundPaths> =>
    new Promise((resolve) =>
      answers.set(query, () =>
        resolve({ total: 1, paths: [{ path: `/${query}`, type: 'file', bytes: 1, layer: 0 }] }),
      ),
    )
  const search = new SearchPane({ engine: { find } } as unknown as Desk)
  return { search, answer: (query: string) => answers.get(query)!() }
}

test('is settled once the paths are those of what was typed last, in whichever order they come', async () => {
  const { search, answer } = slowSearch()
  void search.type('ap')
  answer('ap')
  await search.settled()
  expect(search.finding).toBe(false)
  void search.type('apk')
  const settled = search.settled()
  void search.type('apk-tools')
  expect(search.finding).toBe(true)
  expect(search.paths.paths[0].path).toBe('/ap')
  answer('apk-tools')
  answer('apk')
  await settled
  expect(search.finding).toBe(false)
  expect(search.paths.paths[0].path).toBe('/apk-tools')
})

test('an empty box, and one that asks for a command, has no paths and waits for none', async () => {
  const { search, answer } = slowSearch()
  void search.type('ap')
  answer('ap')
  await search.settled()
  for (const query of ['', '>undo']) {
    void search.type(query)
    expect(search.finding).toBe(false)
    await search.settled()
    expect(search.paths.total).toBe(0)
  }
})
