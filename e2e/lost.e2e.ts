/** Nothing is lost: two tabs, a full disk, a private window, a file that changed, an export that was cut off, a newer program. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { chromium, type Page } from 'playwright/test'
import { drawnArchive, fileWith, real, sha256OfFile } from './files'
import { expect, Peel, test, withoutPicker } from './peel'

const drawing = `
image small:1
layer COPY . /
  d etc/
  f etc/motd "hello\\n"
  f etc/hosts "localhost\\n"`

/** Whether the browser would ask before the page is left. */
const asksBeforeLeaving = (page: Page) =>
  page.evaluate(() => !dispatchEvent(new Event('beforeunload', { cancelable: true })))

test('the page is left unasked, but not while a change is being saved', async ({ peel }) => {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.kept()
  expect(await asksBeforeLeaving(peel.page)).toBe(false)
  await peel.choosePath('/etc/motd')
  // In the same turn of the page as the click: the engine has had no time to answer.
  const asked = await peel.page
    .getByRole('toolbar', { name: 'Files' })
    .getByRole('button', { name: 'Delete' })
    .evaluate((button: HTMLElement) => {
      button.click()
      return !dispatchEvent(new Event('beforeunload', { cancelable: true }))
    })
  expect(asked).toBe(true)
  await peel.expectChanges(1)
  await expect.poll(() => asksBeforeLeaving(peel.page)).toBe(false)
})

test('a second tab looks on, takes over with all changes, and the first one looks on then', async ({
  peel,
  context,
}) => {
  const path = drawnArchive(drawing)
  await peel.open(path)
  await peel.whole()
  await peel.kept()
  await peel.writeText('/etc/motd', 'first tab\n')
  await peel.expectChanges(1)
  const second = new Peel(await context.newPage())
  await second.visit()
  await second.page.getByRole('button', { name: 'Continue with small:1' }).click()
  await second.whole()
  const says = (one: Peel) => one.page.getByText('Here it can be looked at and exported.')
  await expect(says(second)).toBeVisible()
  await expect(says(peel)).toBeHidden()
  await second.choosePath('/etc/motd')
  await expect(second.inspector).toContainText('first tab')
  await expect(second.inspector.getByRole('button', { name: 'Edit' })).toHaveCount(0)
  await expect(second.page.getByRole('button', { name: 'New folder' })).toBeDisabled()
  // What is refused is not only hidden: a field of the config, too.
  await second.tab('Config')
  await second.page.getByRole('textbox', { name: 'WorkingDir' }).fill('/srv')
  await second.page.getByRole('textbox', { name: 'WorkingDir' }).press('Enter')
  await expect(second.page.getByRole('alert')).toContainText('Open in another tab')
  await second.expectChanges(1)
  // In the meantime the first tab goes on.
  await peel.makeFolder('/etc', 'more')
  await peel.expectChanges(2)
  await second.page.getByRole('button', { name: 'Take over' }).click()
  await expect(says(second)).toBeHidden()
  await second.expectChanges(2)
  await expect(says(peel)).toBeVisible()
  await second.tab('Files')
  await second.writeText('/etc/motd', 'second tab\n')
  await second.expectChanges(3)
  // The holder goes away: the other one may change it from then on, with all that was done.
  await second.page.close()
  await expect(says(peel)).toBeHidden()
  await peel.expectChanges(3)
  await peel.choosePath('/etc/motd')
  await expect(peel.inspector).toContainText('second tab')
  await peel.makeFolder('/etc', 'third')
  await peel.expectChanges(4)
})

test('no room left in the middle of a layer: it is said, changes stay, and the file is asked for again', async ({
  peel,
}) => {
  const path = real('built/alpine-3.20-docker28-save.tar')
  const session = await peel.page.context().newCDPSession(peel.page)
  await session.send('Storage.overrideQuotaForOrigin', {
    origin: process.env.PEEL_URL!,
    quotaSize: 5_000_000,
  })
  await peel.open(path)
  await peel.whole()
  await expect(peel.status).toContainText('not kept: no room left', { timeout: 60_000 })
  await expect(peel.page.getByText('No room left in this browser’s storage:')).toBeVisible()
  await peel.writeText('/etc/os-release', 'NAME="Full"\n')
  await peel.expectChanges(1)
  await peel.page.reload()
  // It cannot go on by itself: the file is asked for, and what is another image is told from it.
  const alert = peel.page.getByRole('alert')
  await expect(alert).toContainText('Open its file again: your edits are kept')
  await expect(alert.getByRole('button', { name: 'Open the file again…' })).toBeVisible()
  await peel.open(drawnArchive(drawing))
  await expect(peel.page.getByText('This is another image than corpus/alpine:3.20').first()).toBeVisible()
  await peel.page.getByRole('button', { name: 'Close image' }).click()
  await peel.page.getByRole('button', { name: 'Continue with corpus/alpine:3.20' }).click()
  await expect(alert).toContainText('Open its file again')
  // Under another name, it is known by its digests.
  const renamed = fileWith('renamed.tar', '')
  copyFileSync(path, renamed)
  await peel.open(renamed)
  await peel.whole()
  await expect(peel.page.getByText('by its digests: your changes are all there').first()).toBeVisible()
  await peel.expectChanges(1)
  await peel.choosePath('/etc/os-release')
  await expect(peel.inspector).toContainText('NAME="Full"')
})

test('the file changes on disk before all of it is kept: asked for again, the changes are there', async ({
  peel,
}) => {
  const source = real('built/alpine-3.20-docker28-save.tar')
  const path = fileWith('changing.tar', '')
  copyFileSync(source, path)
  const session = await peel.page.context().newCDPSession(peel.page)
  await session.send('Storage.overrideQuotaForOrigin', {
    origin: process.env.PEEL_URL!,
    quotaSize: 5_000_000,
  })
  await peel.open(path)
  await peel.whole()
  await expect(peel.status).toContainText('not kept: no room left', { timeout: 60_000 })
  await peel.remove('/sbin/apk')
  await peel.expectChanges(1)
  writeFileSync(path, 'something else')
  const dialog = await peel.exportDialog({ build: 'Flatten (FROM scratch)' })
  await expect(dialog).toContainText('The file on disk is another one now')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await peel.filter('/bin/busybox')
  await peel.row('/bin/busybox').click()
  await expect(peel.page.getByText('The file on disk is another one now').first()).toBeVisible()
  copyFileSync(source, path)
  await peel.choose(path)
  await expect(peel.page.getByText('by its digests: your changes are all there').first()).toBeVisible()
  await peel.whole()
  await peel.expectChanges(1)
})

test('the file changes on disk once all of it is kept: Peel goes on without it', async ({ peel }) => {
  const path = fileWith('kept.tar', '')
  copyFileSync(real('built/alpine-3.20-docker28-save.tar'), path)
  await peel.open(path)
  await peel.whole()
  await peel.kept()
  await peel.remove('/sbin/apk')
  await peel.expectChanges(1)
  writeFileSync(path, 'something else')
  await peel.filter('/bin/busybox')
  await peel.row('/bin/busybox').click()
  await expect(peel.page.getByText('Peel goes on with what this browser keeps').first()).toBeVisible()
  await peel.whole()
  await peel.expectChanges(1)
  await peel.choosePath('/bin/busybox')
  await expect(peel.inspector).toContainText('7f 45 4c 46')
})

test('a part of what was kept is gone: it is said once it is missed, the file is asked for, and kept whole again', async ({
  peel,
}) => {
  const path = real('built/alpine-3.20-docker20-save.tar')
  await peel.open(path)
  await peel.whole()
  await peel.kept()
  await peel.makeFolder('/etc', 'more')
  await peel.expectChanges(1)
  const segments = () =>
    peel.page.evaluate(async () => {
      const done = <T>(request: IDBRequest<T>): Promise<T> =>
        new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result)
          request.onerror = () => reject(request.error)
        })
      const db = await done(indexedDB.open('peel-layers'))
      const store = db.transaction('keyval', 'readwrite').objectStore('keyval')
      const keys = (await done(store.getAllKeys())).filter(Array.isArray)
      if (keys.length > 0) await done(store.delete(keys[0]))
      db.close()
      return keys.length
    })
  expect(await segments()).toBe(1)
  await peel.page.reload()
  await peel.whole()
  await expect(peel.status).toContainText('partly kept')
  const alert = peel.page.getByRole('alert')
  await expect(alert).toContainText('This browser does not hold the whole image')
  await expect(alert.getByRole('button', { name: 'Open the file again…' })).toBeVisible()
  await peel.expectChanges(1)
  await peel.choosePath('/etc/motd')
  await expect(peel.page.getByText('not all there any more').first()).toBeVisible()
  await peel.page.reload()
  await expect(peel.page.getByRole('alert')).toContainText('Open its file again: your edits are kept')
  await peel.open(path)
  await peel.whole()
  await peel.kept()
  await peel.expectChanges(1)
  await peel.page.reload()
  await peel.whole()
  await peel.choosePath('/etc/motd')
  await expect(peel.inspector).toContainText('Welcome to Alpine')
  expect(await segments()).toBe(1)
})

test('a browser that keeps nothing: all of it works, and it is said', async ({ launchOptions }, info) => {
  // As a person switches it off: site data blocked in the settings of the profile.
  const folder = info.outputPath('profile')
  mkdirSync(`${folder}/Default`, { recursive: true })
  writeFileSync(
    `${folder}/Default/Preferences`,
    JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }),
  )
  const context = await chromium.launchPersistentContext(folder, { ...launchOptions, locale: 'en-GB' })
  try {
    await withoutPicker(context)
    const peel = new Peel(context.pages()[0] ?? (await context.newPage()))
    await peel.visit()
    await peel.open(drawnArchive(drawing))
    await peel.whole()
    await expect(peel.page.getByText('This browser keeps nothing:')).toBeVisible()
    await expect(peel.status).toContainText('not kept')
    await peel.writeText('/etc/motd', 'in memory\n')
    await peel.expectChanges(1)
    await peel.export('in-memory.tar', { build: 'Flatten (FROM scratch)' })
  } finally {
    await context.close()
  }
})

test('the page is closed in the middle of an export: no half file, and the changes are there', async ({
  context,
}) => {
  test.slow()
  // A file of the origin private file system stands in for the picked one; its writing is held up at the first piece.
  await context.addInitScript(() => {
    Object.defineProperty(globalThis, 'showSaveFilePicker', {
      value: async () => {
        const folder = await navigator.storage.getDirectory()
        const handle = await folder.getFileHandle('picked.tar', { create: true })
        const create = handle.createWritable.bind(handle)
        handle.createWritable = async () => {
          const file = await create()
          const slow = new WritableStream({
            write: async (chunk) => {
              await file.write(chunk)
              await new Promise(() => undefined)
            },
          })
          return slow as FileSystemWritableFileStream
        }
        return handle
      },
    })
  })
  const peel = new Peel(await context.newPage())
  await peel.visit()
  await peel.open(real('built/alpine-3.20-docker28-save.tar'))
  await peel.whole()
  await peel.kept()
  await peel.remove('/sbin/apk')
  const dialog = await peel.exportDialog({ build: 'Flatten (FROM scratch)' })
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(dialog).toContainText('Closing the page now leaves no half file', { timeout: 60_000 })
  expect(await asksBeforeLeaving(peel.page)).toBe(true)
  await peel.page.close()
  const next = new Peel(await context.newPage())
  await next.visit()
  await next.page.getByRole('button', { name: 'Continue with corpus/alpine:3.20' }).click()
  await next.whole()
  await next.expectChanges(1)
  const left = await next.page.evaluate(async () => {
    const folder = await navigator.storage.getDirectory()
    const file = await (await folder.getFileHandle('picked.tar')).getFile()
    return file.size
  })
  expect(left).toBe(0)
})

/** The stored journal, as text; with another version number, where one is given. */
function journalIn({ page }: Peel, version: number | null): Promise<string> {
  return page.evaluate(async (version) => {
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const db = await done(indexedDB.open('peel-journal'))
    const store = db.transaction('keyval', 'readwrite').objectStore('keyval')
    const [key] = await done(store.getAllKeys())
    const value = (await done(store.get(key))) as { [field: string]: unknown }
    const holder = ('journal' in value ? value.journal : value) as { version: number }
    if (version !== null) {
      holder.version = version
      await done(store.put(value, key))
    }
    db.close()
    return JSON.stringify(value)
  }, version)
}

/** Opened, changed, kept and closed; its journal as another Peel would have stored it; opened again. */
async function openedAgain(peel: Peel, version: number): Promise<string> {
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.kept()
  await peel.writeText('/etc/motd', 'changed\n')
  await peel.expectChanges(1)
  await peel.page.getByRole('button', { name: 'Close image' }).click()
  const stored = await journalIn(peel, version)
  await peel.page.reload()
  await peel.page.getByRole('button', { name: 'Continue with small:1' }).click()
  await peel.whole()
  return stored
}

test('changes that a newer Peel stored: the image is shown, they are kept untouched, and it is said', async ({
  peel,
}) => {
  const stored = await openedAgain(peel, 99)
  await expect(peel.page.getByText('made by a newer version of Peel')).toBeVisible()
  await peel.expectChanges(0)
  await expect(peel.page.getByRole('button', { name: 'New folder' })).toBeDisabled()
  expect(await journalIn(peel, null)).toBe(stored)
})

for (const version of [1, 2])
  test(`changes that an older Peel stored (version ${version}) are there, and go on in the new form`, async ({
    peel,
  }) => {
    await openedAgain(peel, version)
    await peel.expectChanges(1)
    await peel.choosePath('/etc/motd')
    await expect(peel.inspector).toContainText('changed')
    await peel.remove('/etc/hosts')
    await peel.expectChanges(2)
    expect(await journalIn(peel, null)).toContain('"version":3')
    await peel.page.reload()
    await peel.page.getByRole('button', { name: 'Take the filter away' }).click()
    await peel.whole()
    await peel.expectChanges(2)
  })

test('a tab that looks on exports all the same', async ({ peel, context }) => {
  const path = drawnArchive(drawing)
  await peel.open(path)
  await peel.whole()
  await peel.kept()
  const second = new Peel(await context.newPage())
  await second.visit()
  await second.page.getByRole('button', { name: 'Continue with small:1' }).click()
  await second.whole()
  // Looking on, an export is there all the same.
  await expect(second.page.getByRole('button', { name: 'Take over' })).toBeVisible()
  expect(sha256OfFile(await second.export('looking-on.tar'))).toBe(sha256OfFile(path))
})
