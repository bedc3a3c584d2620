/** Looking: trees, views, text and hex, and files taken out of the image. */
import { execFileSync } from 'node:child_process'
import { unionOf } from '../scripts/engines/witness'
import { drawnArchive, real, sha256OfFile } from './files'
import { expect, size, test } from './peel'

const alpine = 'built/alpine-3.20-docker28-save.tar'

test('the tree of Alpine: sizes, modes, owners, links, and the layer each came from', async ({ peel }) => {
  await peel.open(real(alpine))
  await peel.whole()
  const rows = peel.files.getByRole('row', { level: 1 })
  // bin dev etc home lib media mnt opt proc root run sbin srv sys tmp usr var
  await expect(rows).toHaveCount(17)
  const etc = peel.row('/etc')
  await expect(etc).toHaveAttribute('aria-expanded', 'false')
  await etc.dblclick()
  await expect(etc).toHaveAttribute('aria-expanded', 'true')
  await expect(peel.files).toContainText('os-release')
  await etc.dblclick()
  await expect(etc).toHaveAttribute('aria-expanded', 'false')
  const release = await peel.find('/etc/os-release')
  await expect(release).toContainText(size('188 B'))
  await expect(release).toContainText('0644')
  await expect(release).toContainText('0:0')
  await expect(await peel.find('/bin/sh')).toContainText('/bin/busybox')
  await peel.filter('')
  await expect(rows).toHaveCount(17)
})

test('the tree is walked by keyboard: arrows, type-ahead, Enter', async ({ peel }) => {
  await peel.open(real(alpine))
  await peel.whole()
  await peel.files.focus()
  await peel.page.keyboard.type('etc')
  const etc = peel.row('/etc')
  await expect(etc).toHaveAttribute('aria-selected', 'true')
  await peel.page.keyboard.press('ArrowRight')
  await expect(etc).toHaveAttribute('aria-expanded', 'true')
  await peel.page.keyboard.type('os-rel')
  await peel.page.keyboard.press('Enter')
  await expect(peel.inspector.getByRole('heading').first()).toHaveText('/etc/os-release')
})

test('a text file is text, a binary is hex', async ({ peel }) => {
  await peel.open(real(alpine))
  await peel.whole()
  await peel.choosePath('/etc/os-release')
  await expect(peel.inspector).toContainText('NAME="Alpine Linux"')
  await peel.inspector.getByRole('tab', { name: 'Hex' }).click()
  await expect(peel.inspector).toContainText('4e 41 4d 45')
  await peel.choosePath('/bin/busybox')
  await expect(peel.inspector).toContainText('7f 45 4c 46')
})

test('a file is downloaded byte for byte, a directory as a tar that GNU tar reads', async ({ peel }) => {
  const path = real(alpine)
  const { entries } = unionOf(path)
  await peel.open(path)
  await peel.whole()
  await peel.choosePath('/bin/busybox')
  const file = await peel.download(() => peel.inspector.getByRole('button', { name: /^Download/ }).click())
  expect(file.suggestedFilename()).toBe('busybox')
  expect(sha256OfFile(await file.path())).toBe(entries['bin/busybox'].sha256)
  await peel.choosePath('/etc/apk')
  const folder = await peel.download(() => peel.inspector.getByRole('button', { name: /^Download/ }).click())
  expect(folder.suggestedFilename()).toBe('apk.tar')
  const listed = execFileSync('tar', ['--list', '--file', await folder.path()], { encoding: 'utf8' })
  const names = listed
    .trim()
    .split('\n')
    .map((name) => name.replace(/\/$/, ''))
  const below = Object.keys(entries).filter((name) => name === 'etc/apk' || name.startsWith('etc/apk/'))
  // Named from the directory itself or from the root: both are right, as long as all of it is there.
  expect(names.filter((name) => name !== '.')).toHaveLength(below.length - (names.includes('.') ? 1 : 0))
})

const whiteouts = `
image whiteouts:1
layer COPY . /
  d a/
  f a/gone "one"
  f a/stays "one"
  d c/
  f c/old "one"
layer RUN rm a/gone && replace c
  d a/
  w a/gone
  d c/
  o c/
  f c/new "two"`

test('whiteouts and opaque directories: the final tree, and each layer for itself', async ({ peel }) => {
  await peel.open(drawnArchive(whiteouts))
  await peel.whole()
  await peel.find('/a/stays')
  await peel.filter('/a/gone')
  await expect(peel.row('/a/gone')).toBeHidden()
  await peel.filter('/c/')
  await expect(peel.row('/c/new')).toBeVisible()
  await expect(peel.row('/c/old')).toBeHidden()
  // The layer alone shows what it removed, as removed.
  await peel.filter('')
  await peel.layers.getByRole('listitem').nth(1).getByRole('button').click()
  await peel.view(/^Only layer 1/)
  await expect(await peel.find('/a/gone')).toContainText('removed')
  await expect(await peel.find('/c/old')).toContainText('removed')
  await expect(await peel.find('/c/new')).toContainText('added')
  // What was removed can still be read, and taken along.
  await peel.choosePath('/a/gone')
  const download = await peel.download(() =>
    peel.inspector.getByRole('button', { name: /^Download/ }).click(),
  )
  expect((await peel.bytesOf(download)).toString()).toBe('one')
})

test('names that are not text, or hold line ends and markup, are shown and do no harm', async ({ peel }) => {
  await peel.open(
    drawnArchive(`
      image odd:1
      layer COPY . /
        f "<img src=x onerror=alert(1)>" "x"
        f latin-\\xe9 "x"
        f "two words" "x"`),
  )
  await peel.whole()
  await expect(peel.files).toContainText('<img src=x onerror=alert(1)>')
  await expect(peel.files).toContainText('latin-\\xe9')
  await peel.choosePath('/two words')
})

test('twenty thousand files: the page draws only the rows in sight', async ({ peel }) => {
  const folders = Array.from({ length: 20_000 }, (_, index) => `f d${index % 50}/f${index} "x"`)
  await peel.open(drawnArchive(`image many:1\nlayer COPY . /\n${folders.join('\n')}`))
  await peel.whole()
  await peel.files.focus()
  await peel.page.keyboard.press('End')
  await expect(peel.row('/d9')).toHaveAttribute('aria-selected', 'true')
  const drawn = await peel.page.getByRole('row').count()
  expect(drawn).toBeLessThan(200)
})

test('a filter that is in force does not hide the next image', async ({ peel }) => {
  await peel.open(drawnArchive(whiteouts))
  await peel.whole()
  await peel.find('/a/stays')
  await peel.filter('/nowhere')
  await expect(peel.files.getByRole('row')).toHaveCount(1)
  await peel.choose(drawnArchive('image next:1\nlayer COPY\n f hello "hi"', { name: 'next.tar' }))
  await expect(peel.page.getByRole('heading', { name: 'next:1' })).toBeVisible()
  await expect(peel.page.getByRole('textbox', { name: 'Filter paths' })).toHaveValue('')
  await expect(peel.row('/hello')).toBeVisible()
})
