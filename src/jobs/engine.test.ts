/** The whole job without a browser: open real archives, edit, export, open again. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { EngineEvent, EditsView, OpenedFile } from '../../workers/api'
import { corpusFile, unzstd } from '../testkit/corpus'
import { describeOnCorpus } from '../testkit/corpus.fixture'
import { LateSource } from '../core/bytes/late'
import { ImageError } from '../core/fault/fault'
import type { Engine } from './engine'
import { dropped, engineOn } from './engine.fixture'
import { memoryStores } from './memory-stores'

const fileAt = (path: string): readonly OpenedFile[] => dropped(readFileSync(path), basename(path))

const until = async (events: EngineEvent[], done: (event: EngineEvent) => boolean): Promise<void> => {
  for (let i = 0; i < 600 && !events.some(done); i++) await new Promise((resolve) => setTimeout(resolve, 50))
  expect(events.some(done)).toBe(true)
}

const OS_RELEASE = 'NAME="ALPYNE Linux"\nID=alpyne\nVERSION_ID=0.0.1\nPRETTY_NAME="ALPYNE Linux v0"\n'

async function alpyne(engine: Engine): Promise<EditsView> {
  await engine.edit([{ op: 'write', path: '/etc/os-release', content: OS_RELEASE }])
  await engine.edit([
    { op: 'remove', path: '/sbin/apk' },
    { op: 'remove', path: '/sbin/ldconfig' },
  ])
  await engine.edit([{ op: 'config', key: ['config', 'Cmd'], value: ['/bin/sh', '-l'] }])
  return engine.edit([{ op: 'tags', tags: ['alpyne:latest'] }])
}

describeOnCorpus('the walk on real Alpine', () => {
  test.each(['built/alpine-3.20-docker28-save.tar', 'built/alpine-3.20-docker20-save.tar'])(
    '%s: edit, both builds, reload, no-op',
    async (name) => {
      const { engine, events, stores } = engineOn()
      const archive = await engine.open(fileAt(corpusFile(name)))
      const same = await engine.export({ build: 'append', format: 'docker', tag: archive.images[0].tags[0] })
      expect(same.identical).toBe(true)
      expect(Buffer.from(await same.blob.arrayBuffer()).equals(readFileSync(corpusFile(name)))).toBe(true)

      const edits = await alpyne(engine)
      expect(edits.operations.map(({ words }) => words)).toMatchInlineSnapshot(`
      [
        "changed /etc/os-release (188B → 77B)",
        "removed /sbin/apk",
        "removed /sbin/ldconfig",
        "set Cmd to ["/bin/sh","-l"]",
        "named it alpyne:latest",
      ]
    `)
      const view = { kind: 'rootfs' } as const
      expect((await engine.preview({ view, path: '/etc/os-release' }, 0, 1000)).text).toBe(OS_RELEASE)
      const append = await engine.export({ build: 'append', format: 'docker', tag: 'alpyne:latest' })
      const flat = await engine.export({ build: 'flatten', format: 'docker', tag: 'alpyne:latest' })
      expect(append.notices.filter(({ severity }) => severity === 'error')).toEqual([])
      expect(flat.notices.filter(({ severity }) => severity === 'error')).toEqual([])
      expect(flat.rootfsBytes).toBeLessThan(7_792_915)
      expect(append.layers).toBe(2)
      expect(flat.layers).toBe(1)
      if (process.env.PEEL_OUT) {
        writeFileSync(`${process.env.PEEL_OUT}/append.tar`, Buffer.from(await append.blob.arrayBuffer()))
        writeFileSync(`${process.env.PEEL_OUT}/flat.tar`, Buffer.from(await flat.blob.arrayBuffer()))
      }

      // The tab is gone; another engine finds the image and every edit without the file.
      await until(
        events,
        (event) =>
          event.type === 'storage' &&
          event.state === 'kept' &&
          (event as { type: string }).type === 'storage',
      )
      await until(events, (event) => event.type === 'layer' && event.layer.kept)
      const again = engineOn({ stores })
      for (let i = 0; i < 100 && !(await again.engine.recents())[0].kept; i++)
        await new Promise((resolve) => setTimeout(resolve, 50))
      const [recent] = await again.engine.recents()
      expect(recent).toMatchObject({ edits: 5, kept: true, tags: ['alpyne:latest'] })
      await again.engine.reopen(recent.id)
      const flatAgain = await again.engine.export({
        build: 'flatten',
        format: 'docker',
        tag: 'alpyne:latest',
      })
      expect(flatAgain.imageId).toBe(flat.imageId)
      for (let i = 0; i < 5; i++) await again.engine.undo()
      const back = await again.engine.export({
        build: 'append',
        format: 'docker',
        tag: archive.images[0].tags[0],
      })
      expect(Buffer.from(await back.blob.arrayBuffer()).equals(readFileSync(corpusFile(name)))).toBe(true)
    },
  )

  test.each(['with', 'without'])(
    'what got lost of a kept image is said once it is read, %s its union, and its file is asked for the next time',
    async (union) => {
      const name = 'built/alpine-3.20-docker20-save.tar'
      const stores = memoryStores()
      const first = engineOn({ stores })
      const { id } = await first.engine.open(fileAt(corpusFile(name)))
      await first.engine.edit([{ op: 'mkdir', path: '/srv/new' }])
      await until(first.events, (event) => event.type === 'storage' && event.state === 'kept')
      const { get, late } = { get: stores.layers.get, late: stores.layers.late }
      const gone = new ImageError('not-kept', 'It is gone.')
      stores.layers.get = async () => null
      stores.layers.late = async (key) => {
        const { size } = (await get.call(stores.layers, key))!
        return new LateSource(size, () => Promise.reject(gone))
      }
      if (union === 'without') stores.unions.get = async () => null
      const again = engineOn({ stores })
      await again.engine.reopen(id)
      await until(again.events, (event) => event.type === 'storage' && event.state === 'partly')
      const notices = again.events.flatMap((event) => (event.type === 'notices' ? event.notices : []))
      expect(notices).toContainEqual(expect.objectContaining({ severity: 'error', code: 'not-kept' }))
      expect(await again.engine.recents()).toMatchObject([{ edits: 1, kept: false }])
      await expect(again.engine.reopen(id)).rejects.toMatchObject({ fault: { code: 'not-kept' } })
      // With its file it is kept once more, what had got lost too, and the edit is there.
      const write = vi.spyOn(stores.layers, 'write')
      const last = engineOn({ stores })
      await last.engine.open(fileAt(corpusFile(name)))
      await until(last.events, (event) => event.type === 'storage' && event.state === 'kept')
      expect(write).toHaveBeenCalled()
      Object.assign(stores.layers, { get, late })
      expect(await last.engine.recents()).toMatchObject([{ edits: 1, kept: true }])
    },
  )

  test('where there is no room for its record, an image is looked at and not changed; with room again, changed', async () => {
    let full = true
    const stores = memoryStores()
    const { archives } = stores
    const put = archives.put.bind(archives)
    archives.put = async (record) => {
      if (full) throw new ImageError('storage-full', 'No room.')
      await put(record)
    }
    const { engine, events } = engineOn({ stores })
    await engine.open(fileAt(corpusFile('built/alpine-3.20-docker28-save.tar')))
    await until(events, (event) => event.type === 'tree' && event.summary.complete)
    const preview = await engine.preview({ view: { kind: 'rootfs' }, path: '/etc/os-release' }, 0, 100)
    expect(preview).toMatchObject({ path: '/etc/os-release' })
    const mkdir = { op: 'mkdir', path: '/srv/new' } as const
    await expect(engine.edit([mkdir])).rejects.toMatchObject({ fault: { code: 'storage-full' } })
    full = false
    await engine.edit([mkdir])
    expect(await engine.recents()).toMatchObject([{ edits: 1 }])
  })

  test('a directory that a layer removed is saved as a tar of what it held', async () => {
    const { engine } = engineOn()
    await engine.open(fileAt(corpusFile('built/whiteouts-dev-docker20-save.tar')))
    await engine.edit([]) // Waits until the layers are read.
    const { blob, fileName } = await engine.download({ view: { kind: 'asOf', layer: 2 }, path: '/w/gone' })
    expect(fileName).toBe('gone.tar')
    const names = execFileSync('tar', ['t'], {
      input: Buffer.from(await blob.arrayBuffer()),
      encoding: 'utf8',
    })
    expect(names.trim().split('\n')).toEqual([
      'gone/',
      'gone/deep/',
      'gone/deep/f1',
      'gone/deep/f2',
      'gone/deep/f3',
    ])
  })

  test('redis: config and history as docker shows them, and an edit of a file', async () => {
    const { engine, events } = engineOn()
    await engine.open(fileAt(unzstd('built/redis-7-docker28-save.tar.zst')))
    await engine.edit([{ op: 'write', path: '/etc/redis.conf', content: 'maxmemory 64mb\n' }])
    await until(events, (event) => event.type === 'image')
    const image = events.flatMap((event) => (event.type === 'image' ? [event.image] : []))[0]
    expect(image.steps.filter(({ layer }) => layer !== null).length).toBe(
      image.steps.filter(({ instruction }) => /^(RUN|COPY|ADD|WORKDIR|#)/.test(instruction)).length,
    )
    const built = await engine.export({ build: 'append', format: 'docker', tag: 'redis:edited' })
    expect(built.notices.filter(({ severity }) => severity === 'error')).toEqual([])
    if (process.env.PEEL_OUT)
      writeFileSync(`${process.env.PEEL_OUT}/redis.tar`, Buffer.from(await built.blob.arrayBuffer()))
  })
})
