/** An image put onto another one in the page's engine: kept, reloaded, exported, and what is said when the base is gone. */
import { expect, test } from 'vitest'
import { buildArchive } from '../testkit/archive'
import { dropped, engineOn } from './engine.fixture'

const APP = `
image app:1
layer ADD base
  f etc/motd "old"
layer COPY app
  d srv/
  f srv/app "app"
layer COPY conf
  f conf "conf"`

const BASE = `
image base:2
layer ADD new base
  f etc/motd "new base"
  f conf "of the base"`

const fileOf = (drawing: string, name: string): File => new File([buildArchive(drawing)], name)
const asked = (drawing: string, name: string) => dropped(buildArchive(drawing), name)

const until = async (done: () => Promise<boolean>): Promise<void> => {
  for (let i = 0; i < 200 && !(await done()); i++) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(await done()).toBe(true)
}

test('what the base brings and what is hidden of it is said; the export has both, and a reload finds the base again', async () => {
  const { engine, stores } = engineOn()
  const { id } = await engine.open(asked(APP, 'app.tar'))
  const { base, shared, tags } = await engine.baseFrom(fileOf(BASE, 'base.tar'))
  expect({ file: base.file, shared, tags }).toEqual({ file: 'base.tar', shared: 0, tags: ['base:2'] })
  const edit = { op: 'rebase', replace: 1, onto: base } as const
  expect(await engine.layerPreview(edit)).toMatchObject({
    change: ['/etc/motd'],
    shadowed: [{ path: '/conf', layer: 2, what: 'replaced' }],
  })
  const edits = await engine.edit([edit])
  expect(edits.stack.rebased).toEqual({ replaced: 1, base })
  expect(edits.operations[0].words).toBe('put onto base.tar (1 layer) in place of the lowest 1 layer')
  const preview = await engine.preview({ view: { kind: 'rootfs' }, path: '/etc/motd' }, 0, 100)
  expect(preview.text).toBe('new base')
  const built = await engine.export({ build: 'append', format: 'docker', tag: 'app:2' })
  expect(built.layers).toBe(3)

  await until(async () => (await stores.archives.list()).filter(({ complete }) => complete).length === 2)
  const again = engineOn({ stores })
  await again.engine.reopen(id)
  const reloaded = await again.engine.edit([])
  expect(reloaded.stack.rebased).toEqual({ replaced: 1, base })
  expect((await again.engine.export({ build: 'append', format: 'docker', tag: 'app:2' })).imageId).toBe(
    built.imageId,
  )
  expect((await again.engine.undo()).stack.touched).toBe(false)
  expect((await again.engine.redo()).stack.rebased).toEqual({ replaced: 1, base })
})

test('each change of whole layers is seen before and after, layer by layer', async () => {
  const { engine } = engineOn()
  await engine.open(asked(APP, 'app.tar'))
  const { base } = await engine.baseFrom(fileOf(BASE, 'base.tar'))
  await engine.edit([{ op: 'move', layer: 2, to: 1 }])
  await engine.edit([{ op: 'rebase', replace: 1, onto: base }])
  await engine.edit([{ op: 'squash', from: 2, to: 1 }])
  const [move, rebase, squash] = [await engine.change(0), await engine.change(1), await engine.change(2)]
  expect(move.texts).toEqual({
    before: '  0  ADD base\n  1  COPY app\n  2  COPY conf',
    after: '  0  ADD base\n  2  COPY conf\n  1  COPY app',
  })
  expect(rebase.texts?.after).toBe('  base 0  ADD new base\n  2  COPY conf\n  1  COPY app')
  expect(squash.texts?.after).toBe('  base 0  ADD new base\n│ 2  COPY conf\n│ 1  COPY app')
})

test('an image that others rest on is not forgotten before them', async () => {
  const { engine, stores } = engineOn()
  const { id } = await engine.open(asked(APP, 'app.tar'))
  const { base } = await engine.baseFrom(fileOf(BASE, 'base.tar'))
  await engine.edit([{ op: 'rebase', replace: 1, onto: base }])
  await until(async () => (await stores.archives.list()).filter(({ complete }) => complete).length === 2)
  const baseId = (await stores.archives.list()).find((record) => record.id !== id)!.id
  await expect(engine.forget(baseId)).rejects.toThrow('The changes on app:1 put it onto this one.')
  await engine.undo()
  await engine.forget(baseId)
  expect((await stores.archives.list()).map((record) => record.id)).toEqual([id])
})

test('without its base the changes wait for it, and nothing of them is lost', async () => {
  const { engine, stores } = engineOn()
  const { id } = await engine.open(asked(APP, 'app.tar'))
  const { base } = await engine.baseFrom(fileOf(BASE, 'base.tar'))
  await engine.edit([{ op: 'rebase', replace: 1, onto: base }])
  await until(async () => (await stores.archives.list()).filter(({ complete }) => complete).length === 2)
  const record = (await stores.archives.list()).find((one) => one.id !== id)!
  await stores.archives.remove(record.id)

  const { engine: later, events } = engineOn({ stores })
  await later.reopen(id)
  const words = /put this image onto base.tar, which this browser does not hold. Open that file here once/
  await expect(later.edit([{ op: 'remove', path: '/conf' }])).rejects.toThrow(words)
  await expect(later.export({ build: 'append', format: 'docker', tag: 'x:1' })).rejects.toThrow(words)
  await until(async () =>
    events.some(
      (event) => event.type === 'notices' && event.notices.some(({ message }) => words.test(message)),
    ),
  )
  await later.open(asked(BASE, 'base.tar'))
  await until(async () => (await stores.archives.get(record.id))?.complete === true)
  await later.reopen(id)
  expect((await later.edit([])).stack.rebased).toEqual({ replaced: 1, base })
})

test('a recipe with a new base is saved with its name and layers, and replayed with its archive beside it', async () => {
  const { engine } = engineOn()
  await engine.open(asked(APP, 'app.tar'))
  const { base } = await engine.baseFrom(fileOf(BASE, 'base.tar'))
  await engine.edit([{ op: 'move', layer: 2, to: 1 }])
  await engine.edit([{ op: 'rebase', replace: 1, onto: base }])
  const text = await (await engine.recipe()).blob.text()
  expect(JSON.parse(text)).toEqual({
    peel: 'recipe/1',
    operations: [
      { op: 'move', layer: 2, to: 1 },
      { op: 'rebase', replace: 1, onto: { file: 'base.tar', diff_ids: base.diffIds } },
    ],
  })
  const built = await engine.export({ build: 'append', format: 'docker', tag: 'app:2' })

  const { engine: other } = engineOn()
  await other.open(asked(APP, 'app.tar'))
  await expect(other.replayRecipe(text, [])).rejects.toThrow(/base.tar, which this browser does not hold/)
  await expect(other.replayRecipe(text, [fileOf(APP, 'base.tar')])).rejects.toThrow(/another base/)
  expect((await other.edit([])).operations).toEqual([])
  await other.replayRecipe(text, [fileOf(BASE, 'base.tar')])
  expect((await other.export({ build: 'append', format: 'docker', tag: 'app:2' })).imageId).toBe(
    built.imageId,
  )
})

test('a line of a recipe that moves a layer past a conflict is named, and nothing is applied', async () => {
  const { engine } = engineOn()
  await engine.open(asked(`layer\n f a "1"\nlayer\n f a "2"`, 'x.tar'))
  const recipe = {
    peel: 'recipe/1',
    operations: [
      { op: 'mkdir', path: '/ok' },
      { op: 'move', layer: 1, to: 0 },
    ],
  }
  await expect(engine.replayRecipe(JSON.stringify(recipe), [])).rejects.toThrow(
    /^Line 2 of the recipe: Layer 1 cannot move there: \/a is in conflict between the layers 1 and 0/,
  )
  expect((await engine.edit([])).operations).toEqual([])
})
