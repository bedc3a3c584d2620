/** Opening: every way in, and what is on screen before the trees are. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { buildArchive, tarOf } from '../src/testkit/archive'
import { expectAccessible } from './axe'
import { drawnArchive, fileWith, real } from './files'
import { expect, size, test, type Peel } from './peel'

const alpine = 'built/alpine-3.20-docker28-save.tar'
const alpineId = 'e3c62bd964e3'

test('by the button: layers, steps and sizes of a real Alpine', async ({ peel }) => {
  await peel.open(real(alpine))
  await expect(peel.page.getByRole('heading', { name: 'corpus/alpine:3.20' })).toBeVisible()
  await expect(peel.page.getByText('linux/amd64').first()).toBeVisible()
  const steps = peel.layers.getByRole('listitem')
  await expect(steps).toHaveCount(2)
  await expect(steps.nth(0)).toContainText(
    'ADD file:572c3a12af9107bdc61df7b6f30bcc685d989d1f13d16c70ed8f34c987b05b9b',
  )
  await expect(steps.nth(0)).toContainText(size('8.08 MB'))
  await expect(steps.nth(1)).toContainText('CMD ["/bin/sh"]')
  await peel.whole()
  await expect(steps.nth(0)).toContainText(size('7.79 MB'))
})

test('by the button of the page, which opens the file dialog', async ({ peel }) => {
  const path = real(alpine)
  const [chooser] = await Promise.all([
    peel.page.waitForEvent('filechooser'),
    peel.page.getByRole('button', { name: 'Open image…' }).click(),
  ])
  await chooser.setFiles(path)
  await expectTag(peel)
})

test('by Ctrl+O', async ({ peel }) => {
  const path = real(alpine)
  const [chooser] = await Promise.all([
    peel.page.waitForEvent('filechooser'),
    peel.page.keyboard.press('ControlOrMeta+o'),
  ])
  await chooser.setFiles(path)
  await expectTag(peel)
})

test('by drop anywhere, also while another image is open', async ({ peel }) => {
  await peel.dropFile(real(alpine))
  await expectTag(peel)
  await peel.whole()
  const other = drawnArchive('image other:1\nlayer COPY\n f hello "hi"')
  await peel.dropFile(other, peel.page.getByRole('region', { name: 'Inspector' }))
  await expect(peel.page.getByRole('heading', { name: 'other:1' })).toBeVisible()
})

async function expectTag(peel: Peel): Promise<void> {
  await expect(peel.page.getByRole('heading', { name: 'corpus/alpine:3.20' })).toBeVisible()
}

test('an archive of docker 20, with folders of layers, is the same image', async ({ peel }) => {
  await peel.open(real('built/alpine-3.20-docker20-save.tar'))
  await expectTag(peel)
  await peel.tab('Anatomy')
  await expect(peel.page.getByRole('row', { name: /layer\.tar/ })).toBeVisible()
})

test('redis: seven layers, its config and its history, as docker shows them', async ({ peel }) => {
  await peel.open(real('built/redis-7-docker28-save.tar.zst'))
  await peel.whole()
  await peel.tab('Config')
  await expect(peel.page.getByRole('textbox', { name: 'Entrypoint', exact: true })).toHaveValue(
    '["docker-entrypoint.sh"]',
  )
  await expect(peel.page.getByRole('textbox', { name: 'Cmd', exact: true })).toHaveValue('["redis-server"]')
  await expect(peel.page.getByRole('textbox', { name: 'WorkingDir', exact: true })).toHaveValue('/data')
  await expect(peel.page.getByRole('group', { name: 'ExposedPorts' }).getByRole('textbox')).toHaveValue(
    '6379/tcp',
  )
  await expect(peel.page.getByRole('group', { name: 'Volumes' }).getByRole('textbox')).toHaveValue('/data')
})

test('the sample needs no file and no request', async ({ peel }) => {
  await peel.page.getByRole('button', { name: 'Try a sample image' }).click()
  await expect(peel.layers.getByRole('listitem').first()).toBeVisible()
  await peel.whole()
})

test('anatomy: every member, its JSON formatted, and a digest that leads on', async ({ peel }) => {
  await peel.open(real(alpine))
  await peel.tab('Anatomy')
  const members = peel.page.getByRole('table').getByRole('button')
  await expect(members).toHaveCount(10)
  await members.filter({ hasText: 'index.json' }).click()
  await expect(peel.inspector).toContainText('"mediaType": "application/vnd.oci.image.index.v1+json"')
  await peel.inspector.getByRole('button', { name: /sha256:245bd7dd47f3/ }).click()
  await expect(peel.inspector.getByRole('heading')).toContainText('blobs/sha256/245bd7dd47f3')
  await expect(peel.inspector).toContainText('yes: its bytes have the digest that its name says')
  await peel.inspector.getByRole('button', { name: new RegExp(`sha256:${alpineId}`) }).click()
  await expect(peel.inspector).toContainText('"docker_version": "20.10.24+dfsg1"')
  const download = await peel.download(() =>
    peel.inspector.getByRole('button', { name: 'Download member' }).click(),
  )
  expect(JSON.parse((await peel.bytesOf(download)).toString()).architecture).toBe('amd64')
})

test('anatomy: a document whose bytes are not what its name says is told from those that are', async ({
  peel,
}) => {
  const tar = buildArchive('image wrong:1\n  layer ADD x\n    f x "1"', { shape: 'oci' })
  const text = Buffer.from(tar).toString('latin1').replace('"architecture":"amd64"', '"architecture":"amd65"')
  await peel.choose(fileWith('wrong.tar', Buffer.from(text, 'latin1')))
  await peel.tab('Anatomy')
  await peel.page.getByRole('row').filter({ hasText: 'config' }).getByRole('button').click()
  await expect(peel.inspector).toContainText('wrong: its bytes do not have the digest that its name says')
  await peel.page.getByRole('row').filter({ hasText: 'layer 0' }).getByRole('button').click()
  await expect(peel.inspector).toContainText(/yes: its (bytes have the digest|tar has the diff_id)/)
})

test('anatomy: of a member too large to be hashed unasked it is said so, and it is checked when asked', async ({
  peel,
}) => {
  const big = Buffer.alloc(5 * 1024 * 1024, 'peel')
  const blob = (name: string) => tarOf([[`blobs/sha256/${name}`, big]]).subarray(0, -1024)
  const digest = createHash('sha256').update(big).digest('hex')
  const drawn = buildArchive('image big:1\n  layer ADD x\n    f x "1"', { shape: 'oci' })
  const members = [blob(digest), blob('0'.repeat(64)), tarOf([['notes.bin', big]]).subarray(0, -1024), drawn]
  await peel.choose(fileWith('big.tar', Buffer.concat(members)))
  await peel.tab('Anatomy')
  const choose = (name: string) =>
    peel.page
      .getByRole('table')
      .getByRole('button', { name: new RegExp(name) })
      .click()
  const check = peel.inspector.getByRole('button', { name: 'Check its digest' })

  await choose(digest)
  await expect(peel.inspector).toContainText('no: it is too large to be hashed unasked')
  await expectAccessible(peel.page)
  await check.click()
  await expect(peel.inspector).toContainText('yes: its bytes have the digest that its name says')
  await expect(check).toBeHidden()
  await choose('0'.repeat(64))
  await check.click()
  await expect(peel.inspector).toContainText('wrong: its bytes do not have the digest')
  await choose('notes.bin')
  await expect(peel.inspector).toContainText('no: its name holds no digest to check it against')
  await expect(check).toBeHidden()

  // A layer that is chosen in the list takes the place of the member.
  await peel.layers.getByRole('button').first().click()
  await expect(peel.inspector.getByRole('heading').first()).not.toContainText('notes.bin')
})

test('anatomy: what engines will do with the archive, and the way out where one refuses it', async ({
  peel,
}) => {
  await peel.open(real('built/whiteouts-dev-v1-only.tar'))
  await peel.tab('Anatomy')
  await peel.page.getByText('What will engines do with this archive?').click()
  const table = peel.page.getByRole('table', { name: 'What each engine does with the archive' })
  const row = (engine: RegExp) => table.getByRole('row', { name: engine })
  // As docker 20.10, 26 and 28 have printed it.
  await expect(row(/^docker load \(20\.10/)).toContainText('corpus/whiteouts-dev:latest')
  await expect(row(/^docker load \(20\.10/)).toContainText('04a5cdbd4286')
  await expect(row(/^docker load \(29/)).toContainText('does not contain a manifest.json')
  await expect(row(/^podman load/)).toContainText('Export it from Peel')
})

test.describe('what is no image gets one clear message, and the open image stays', () => {
  const broken: readonly [what: string, file: () => { name: string; bytes: Uint8Array }, words: RegExp][] = [
    ['a zip', () => ({ name: 'a.zip', bytes: Buffer.from('PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaa') }), /zip/i],
    [
      'a PNG',
      () => ({ name: 'a.png', bytes: Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex') }),
      /PNG|picture/i,
    ],
    ['an empty file', () => ({ name: 'empty.tar', bytes: new Uint8Array(0) }), /empty/i],
    [
      'a truncated tar',
      () => ({
        name: 'cut.tar',
        bytes: readFileSync(drawnArchive(drawing, { name: 'two.tar' })).subarray(0, 2500),
      }),
      /end|truncated|cut/i,
    ],
  ]
  const drawing = 'image two:1\nlayer COPY\n f hello 5000 bytes\nlayer RUN\n w hello'
  for (const [what, file, words] of broken)
    test(what, async ({ peel }) => {
      await peel.open(drawnArchive('image kept:1\nlayer COPY\n f hello "hi"'))
      const { name, bytes } = file()
      await peel.drop(name, bytes)
      await expect(peel.page.getByRole('alert')).toHaveCount(1)
      await expect(peel.page.getByRole('alert')).toContainText(words)
      await expect(peel.page.getByRole('heading', { name: 'kept:1' })).toBeVisible()
      await peel.page.getByRole('alert').getByRole('button', { name: 'Dismiss' }).click()
      await expect(peel.page.getByRole('alert')).toHaveCount(0)
      await peel.choosePath('/hello')
    })
})

test('a large image shows its layers long before its trees', async ({ peel }) => {
  const path = real('built/redis-7-docker28-save.tar.zst')
  const started = Date.now()
  await peel.choose(path)
  await expect(peel.layers.getByRole('listitem').first()).toBeVisible()
  // Generous for a busy machine of two cores; by hand it is well under a second.
  expect(Date.now() - started).toBeLessThan(4000)
})

test('of the next image it is not said that it is kept before it is', async ({ peel }) => {
  const { page } = peel
  await peel.open(drawnArchive('image first:1\nlayer COPY\n f hello "hi"'))
  await peel.kept()
  // What the status line says from the moment on in which the heading is the next image's.
  await page.evaluate(() => {
    const said: string[] = []
    new MutationObserver(() => {
      if (document.querySelector('h1')?.textContent?.includes('next:1'))
        said.push(document.querySelector('footer')?.textContent ?? '')
    }).observe(document.body, { subtree: true, childList: true, characterData: true })
    Object.assign(globalThis, { said })
  })
  await peel.choose(drawnArchive('image next:1\nlayer COPY\n f hello "hi"', { name: 'next.tar' }))
  await expect(page.getByRole('heading', { name: 'next:1' })).toBeVisible()
  await peel.kept()
  const said = await page.evaluate(() => (globalThis as unknown as { said: string[] }).said)
  expect(said[0]).toContain('keeping in this browser')
  expect(said.at(-1)).toContain('kept in this browser')
})
