/** Every way in beyond the button: several files, folders, paste, files handed over by the system; and archives that are not whole. */
import { mkdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { damaged, dist, drawnArchive, fileWith, withoutMembers } from './files'
import { expect, test, type Peel } from './peel'

const first = 'image first:1\nlayer COPY\n f hello "one"'
const second = 'image second:1\nlayer COPY\n f hello "two"'

/** As the system drops: real files and folders, with their entries. */
async function dropReal(peel: Peel, paths: readonly string[]): Promise<void> {
  const session = await peel.page.context().newCDPSession(peel.page)
  const data = { items: [], files: paths, dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', {
      type,
      x: 300,
      y: 300,
      data: { ...data, files: [...paths] },
    })
}

const title = (peel: Peel, name: string) => expect(peel.page.getByRole('heading', { name })).toBeVisible()

test('several files are several images, each with its own edits', async ({ peel }) => {
  await dropReal(peel, [drawnArchive(first, { name: 'a.tar' }), drawnArchive(second, { name: 'b.tar' })])
  await title(peel, 'first:1')
  await peel.whole()
  await peel.writeText('/hello', 'changed')
  const files = peel.page.getByLabel('File', { exact: true })
  await expect(files.getByRole('option')).toHaveText(['a.tar', 'b.tar'])
  await files.selectOption('b.tar')
  await title(peel, 'second:1')
  await peel.whole()
  await peel.expectChanges(0)
  await files.selectOption('a.tar')
  await title(peel, 'first:1')
  await peel.whole()
  await peel.expectChanges(1)
})

test('a folder with an unpacked archive opens, also while an image is open', async ({ peel }) => {
  await peel.open(drawnArchive(first))
  const folder = fileWith('unpacked/x', '').replace(/x$/, '')
  mkdirSync(join(folder, 'image'))
  execFileSync('tar', ['-xf', drawnArchive(second, { name: 'second.tar' }), '-C', join(folder, 'image')])
  await dropReal(peel, [join(folder, 'image')])
  await title(peel, 'second:1')
  await peel.whole()
  await peel.choosePath('/hello')
  await expect(peel.inspector).toContainText('two')
})

test('a file that was copied is pasted, wherever the cursor is', async ({ peel }) => {
  await peel.open(drawnArchive(first))
  const base64 = readFileSync(drawnArchive(second, { name: 'second.tar' })).toString('base64')
  await peel.page.getByRole('searchbox', { name: 'Search' }).focus()
  await peel.page.evaluate((base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const clipboardData = new DataTransfer()
    clipboardData.items.add(new File([bytes], 'second.tar'))
    const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })
    document.activeElement?.dispatchEvent(event)
  }, base64)
  await title(peel, 'second:1')
})

test('a file that the system hands over to the installed app goes through the same door', async ({
  peel,
}) => {
  const path = drawnArchive(second, { name: 'second.tar' })
  await peel.page.addInitScript(() => {
    const queue = { setConsumer: (consumer: unknown) => Object.assign(globalThis, { launch: consumer }) }
    Object.defineProperty(globalThis, 'launchQueue', { value: queue })
  })
  await peel.page.reload()
  await peel.page.evaluate(
    ({ base64, name }) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
      const getFile = () => Promise.resolve(new File([bytes], name))
      const { launch } = globalThis as unknown as { launch: (of: object) => void }
      launch({ files: [{ kind: 'file', name, getFile }] })
    },
    { base64: readFileSync(path).toString('base64'), name: basename(path) },
  )
  await title(peel, 'second:1')
  const manifest = JSON.parse(readFileSync(join(dist, 'manifest.webmanifest'), 'utf8')) as {
    file_handlers: { accept: Record<string, string[]> }[]
    icons: { src: string; purpose: string }[]
  }
  const opened = Object.values(manifest.file_handlers[0].accept).flat()
  expect(opened).toEqual(expect.arrayContaining(['.tar', '.tgz', '.tar.gz', '.tar.zst']))
  expect(manifest.icons.some(({ purpose }) => purpose === 'maskable')).toBe(true)
  for (const { src } of manifest.icons) expect(readFileSync(join(dist, src)).length).toBeGreaterThan(100)
})

test.describe('archives that are not whole say what is wrong, where, and what to do next', () => {
  const drawing =
    'image two:1\nlayer COPY\n f hello "some words that are long enough"\nlayer RUN\n f more "fine"'
  const alert = (peel: Peel) => peel.page.getByRole('alert')

  test('without its descriptions it is no image', async ({ peel }) => {
    const tar = readFileSync(drawnArchive(drawing))
    await peel.drop('bare.tar', withoutMembers(tar, /^(manifest\.json|index\.json|oci-layout|repositories)$/))
    await expect(alert(peel)).toHaveCount(1)
    await expect(alert(peel)).toContainText('manifest.json')
    await expect(alert(peel)).toContainText('docker save')
    await expect(peel.page.getByRole('button', { name: 'Try a sample image' })).toBeVisible()
  })

  test('without one layer the image is open, and the others can be read', async ({ peel }) => {
    const tar = readFileSync(drawnArchive(drawing, { shape: 'docker20' }))
    const lost = withoutMembers(tar, FIRST_LAYER(tar))
    await peel.drop('lost.tar', lost)
    await title(peel, 'two:1')
    await expect(alert(peel)).toContainText(/layer 0/)
    await expect(alert(peel)).toContainText(/save|again/i)
    await expect(peel.status).toContainText('1 broken layer')
    await expect(peel.inspector).toContainText('at least ')
    await peel.view('Only layer 1')
    await peel.choosePath('/more')
    await expect(peel.inspector).toContainText('fine')
  })

  test('with a byte turned around, the layer is said to be damaged, and the image stays', async ({
    peel,
  }) => {
    const tar = readFileSync(drawnArchive(drawing, { shape: 'docker20' }))
    await peel.drop('bent.tar', damaged(tar, FIRST_LAYER(tar)))
    await title(peel, 'two:1')
    await expect(alert(peel)).toContainText('not what their name says')
    await expect(alert(peel)).toContainText('layer 0')
    await expect(alert(peel)).toContainText(/save/i)
    await expect(peel.status).toContainText('1 broken layer')
    await peel.choosePath('/more')
    await expect(peel.inspector).toContainText('fine')
  })
})

/** The member that manifest.json names as the base. */
function FIRST_LAYER(tar: Uint8Array): RegExp {
  const name = /"Layers":\s*\[\s*"([^"]+)"/.exec(Buffer.from(tar).toString('latin1'))?.[1] ?? 'none'
  return new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)
}
