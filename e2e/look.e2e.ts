/** Looking: trees, views, text and hex, and files taken out of the image. */
import { execFileSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { unionOf } from '../scripts/engines/witness'
import { buildArchive } from '../src/testkit/archive'
import { expectAccessible } from './axe'
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

test('the filter knows regular expressions, changes, types and sizes; a half-typed pattern is said beside it', async ({
  peel,
}) => {
  await peel.open(
    drawnArchive(`
      image sieve:1
      layer COPY . /
        d etc/
        f etc/small.conf "a\\n"
        f etc/big.conf 5000 bytes
        s etc/link.conf -> big.conf
        f readme 10 bytes
      layer RUN edit
        f etc/small.conf "b\\n"
        w readme`),
  )
  await peel.whole()
  const { page } = peel
  const paths = () => peel.files.getByRole('row').filter({ hasNot: page.getByRole('columnheader') })
  await page.getByRole('button', { name: 'Filter by change, type and size' }).click()
  const more = page.getByRole('dialog', { name: 'Filter by change, type and size' })
  await more.getByRole('checkbox', { name: 'The text is a regular expression' }).check()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  const box = page.getByRole('textbox', { name: 'Filter paths' })
  await box.fill('^/etc/(big')
  await expect(page.getByRole('alert')).toContainText('Not a regular expression')
  await box.fill('^/etc/(big|link).*f$')
  await expect(paths()).toHaveCount(3)
  await expect(page.getByRole('alert')).toBeHidden()
  await page.getByRole('radio', { name: 'Flat' }).check({ force: true })
  await expect(paths()).toHaveCount(2)
  await expect(paths().first()).toContainText('etc/big.conf')
  await page.getByRole('button', { name: 'Filter by change, type and size' }).click()
  await more.getByRole('checkbox', { name: 'Symbolic links' }).check()
  await expect(paths()).toHaveCount(1)
  await more.getByRole('button', { name: 'Take the filter away' }).click()
  await expect(paths()).toHaveCount(3)
  await more.getByRole('textbox', { name: 'At least' }).fill('1kB')
  await more.getByRole('textbox', { name: 'At least' }).press('Enter')
  await expect(paths()).toHaveCount(1)
  await more.getByRole('textbox', { name: 'At least' }).fill('much')
  await more.getByRole('textbox', { name: 'At least' }).press('Enter')
  await expect(more.getByRole('alert')).toContainText('no size')
  await more.getByRole('button', { name: 'Take the filter away' }).click()
  await page.keyboard.press('Escape')
  await peel.view('Only layer 1')
  await page.getByRole('button', { name: 'Filter by change, type and size' }).click()
  await more.getByRole('checkbox', { name: 'Removed' }).check()
  await expect(paths()).toHaveCount(1)
  await expect(paths()).toContainText('readme')
})

test('an archive in the image is listed: tar, zip, gzip; one that is damaged says so', async ({ peel }) => {
  const escaped = (bytes: Uint8Array) =>
    [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
  const tar = buildArchive('image inner:1\nlayer COPY\n  f hello "hi"')
  const zipped = gzipSync(tar)
  await peel.open(
    drawnArchive(`
      image nested:1
      layer COPY . /
        f inner.tar.gz "${escaped(zipped)}"
        f notes.gz "${escaped(gzipSync('words\n'.repeat(100)))}"
        f cut.gz "${escaped(zipped.subarray(0, 100))}"
        f words "words"`),
  )
  await peel.whole()
  const contents = peel.inspector.getByRole('list', { name: 'Contents' })
  await peel.choosePath('/inner.tar.gz')
  await expect(peel.inspector.getByRole('tab', { name: 'Contents' })).toHaveAttribute('aria-selected', 'true')
  await expect(contents).toContainText('manifest.json')
  await expectAccessible(peel.page)
  await peel.choosePath('/notes.gz')
  await expect(contents.getByRole('listitem')).toHaveText([/^notes\s*600B$/])
  await peel.choosePath('/cut.gz')
  await expect(peel.inspector.getByRole('alert')).toContainText('gzip')
  await peel.choosePath('/words')
  await expect(peel.inspector.getByRole('tab', { name: 'Contents' })).toBeHidden()
  await expect(peel.inspector).toContainText('words')
})

test('where nothing is to be seen, it is said why and what to do', async ({ peel }) => {
  await peel.open(real(alpine))
  await peel.whole()
  await peel.filter('no such name')
  await expect(peel.files).toContainText('Nothing in this view matches the filter.')
  await peel.page.getByRole('button', { name: 'Take the filter away' }).last().click()
  await expect(peel.row('/etc')).toBeVisible()
  await peel.view('Your changes')
  await peel.files.getByRole('button', { name: 'Go to the final files' }).click()
  await expect(peel.row('/etc')).toBeVisible()
})
