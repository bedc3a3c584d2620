/** Waste, and the life of a path: what is carried along unseen, who is to blame, what differed, and bringing it back. */
import { expectAccessible } from './axe'
import { drawnArchive, real } from './files'
import { expect, size, test } from './peel'

const redis = 'built/redis-7-docker28-save.tar.zst'

test('redis: bytes that could be reclaimed, with their paths, and the steps to blame', async ({ peel }) => {
  await peel.open(real(redis))
  await peel.whole()
  await peel.tab('Waste')
  const panel = peel.page.getByRole('tabpanel', { name: 'Waste' })
  await expect(panel).toContainText(size('924 kB'))
  await expect(panel).toContainText('dive’s score: 99%')
  const steps = panel.getByRole('table', { name: 'Steps to blame' })
  await expect(steps.getByRole('row').nth(1)).toContainText('apt-get install')
  await expect(steps.getByRole('row').nth(1)).toContainText(size('921 kB'))
  const paths = panel.getByRole('table', { name: 'Wasted paths' })
  await expect(paths.getByRole('row')).toHaveCount(13)
  await expect(paths.getByRole('row').nth(1)).toContainText('/var/cache/debconf/templates.dat')
  await expect(paths.getByRole('row').nth(1)).toContainText(/0\s*→\s*2/)
  await expectAccessible(peel.page)
  // The image still has the path: it is left out of the export, and can be taken back.
  await paths.getByRole('button', { name: 'Remove in the export: /var/lib/dpkg/status-old' }).click()
  const scrub = peel.page.getByRole('dialog', { name: 'Remove from every layer' })
  await expect(scrub.getByRole('list', { name: 'Copies' }).getByRole('listitem')).toHaveCount(2)
  await expectAccessible(peel.page)
  await scrub.getByRole('button', { name: 'Remove' }).click()
  await peel.expectChanges(1)
  await expect(paths.getByRole('row', { name: /status-old/ }).getByRole('button')).toHaveCount(1)
})

test('redis: all that nobody sees goes by one click, said before, undone by one; the export has none of it', async ({
  peel,
}) => {
  await peel.open(real(redis))
  await peel.whole()
  await peel.tab('Waste')
  const panel = peel.page.getByRole('tabpanel', { name: 'Waste' })
  await expect(panel).toContainText('layer 0 gets a new digest')
  await panel.getByRole('button', { name: 'Remove in the export…' }).click()
  await peel.expectChanges(1)
  const dialog = peel.page.getByRole('dialog', { name: 'Export image' })
  await expect(dialog.getByRole('radio', { name: 'Rewrite layers' })).toBeChecked()
  await peel.page.keyboard.press('Escape')
  await expect(panel).toContainText('left out of the export')
  await expectAccessible(peel.page)
  await panel.getByRole('button', { name: 'Take back' }).click()
  await peel.expectChanges(0)
  await peel.page.getByRole('banner').getByRole('button', { name: 'Redo' }).click()
  await peel.expectChanges(1)
  const path = await peel.export('redis-reclaimed.tar', { build: 'Rewrite layers' })
  await peel.open(path)
  await peel.whole()
  await peel.tab('Waste')
  await expect(panel).toContainText('Nothing is wasted.')
})

test('redis: the life of /etc/passwd, line by line, and its first version brought back', async ({ peel }) => {
  await peel.open(real(redis))
  await peel.whole()
  await peel.tab('Waste')
  await peel.page.getByRole('button', { name: '/etc/passwd', exact: true }).click()
  const versions = peel.inspector.getByRole('list', { name: 'Versions' }).getByRole('listitem')
  await expect(versions).toHaveCount(2)
  await expect(versions.nth(1)).toContainText('groupadd')
  await peel.inspector.getByRole('button', { name: 'Show differences' }).click()
  const differences = peel.inspector.getByRole('textbox', { name: 'Differences, layer 0 → layer 1' })
  await expect(differences).toContainText('redis:x:999:999')
  await expectAccessible(peel.page)
  const first = await peel.download(() =>
    peel.inspector.getByRole('button', { name: 'Download the version of layer 0' }).click(),
  )
  const text = (await peel.bytesOf(first)).toString()
  expect(text).not.toContain('redis')
  await peel.inspector.getByRole('button', { name: 'Recover the version of layer 0' }).click()
  await peel.expectChanges(1)
  await expect(versions).toHaveCount(3)
  await expect(versions.nth(2)).toContainText('your changes')
  await peel.tab('Files')
  await peel.choosePath('/etc/passwd')
  await peel.inspector.getByRole('tab', { name: 'Text' }).click()
  await expect(peel.inspector).not.toContainText('redis:x:999:999')
})

test('the Dockerfile says of each step what it weighs and what it did to the files', async ({ peel }) => {
  await peel.open(real(redis))
  await peel.whole()
  await peel.tab('Dockerfile')
  const step = peel.page.getByRole('tabpanel').getByRole('button', { name: /^1 RUN .*groupadd/ })
  await expect(step).toContainText(size('4.3 kB'))
  await expect(step).toContainText('2 paths added, 8 changed, 0 removed')
})

test('a deleted file: who deleted it, and back with its mode and owner', async ({ peel }) => {
  await peel.open(
    drawnArchive(`
      image gone:1
      layer COPY . /
        d srv/
        f keep "x"
        f 640 5:6 srv/secret "first\\n"
      layer RUN edit
        f 640 5:6 srv/secret "second\\n"
      layer RUN rm -r /srv
        w srv`),
  )
  await peel.whole()
  await peel.tab('Waste')
  await peel.page.getByRole('button', { name: '/srv/secret', exact: true }).click()
  const versions = peel.inspector.getByRole('list', { name: 'Versions' }).getByRole('listitem')
  await expect(versions).toHaveCount(3)
  await expect(versions.nth(2)).toContainText('removed')
  await expect(versions.nth(2)).toContainText('rm -r /srv')
  await peel.inspector.getByRole('button', { name: 'Recover the version of layer 1' }).click()
  await peel.expectChanges(1)
  await peel.tab('Files')
  const row = await peel.find('/srv/secret')
  await expect(row).toContainText('0640')
  await expect(row).toContainText('5:6')
  await peel.choosePath('/srv/secret')
  await peel.inspector.getByRole('tab', { name: 'Text' }).click()
  await expect(peel.inspector).toContainText('second')
})

test('a version that is a hard link says so, and has the size of its file', async ({ peel }) => {
  const drawing = `
    image links:1
    layer COPY . /
      f bin/busybox 900 bytes
      h bin/ls => bin/busybox
    layer RUN change
      f bin/ls 5 bytes`
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.choosePath('/bin/ls')
  await peel.inspector.getByRole('tab', { name: 'Life' }).click()
  const versions = peel.inspector.getByRole('list', { name: 'Versions' }).getByRole('listitem')
  await expect(versions.first()).toContainText(size('900 B'))
  await expect(versions.first()).toContainText('hard link to /bin/busybox')
  await expect(versions.nth(1)).not.toContainText('hard link')
})

test('a file that was written anew at the same size and time: its life says changed, and only where it was', async ({
  peel,
}) => {
  await peel.open(
    drawnArchive(`
      image alike:1
      layer COPY . /
        f conf "a=1\\n" mtime=100
        s link -> conf mtime=100
      layer RUN chmod 600 conf && ln -sf /etc/conf link
        f 600 conf "a=1\\n" mtime=100
        s link -> /etc/conf mtime=100
      layer RUN sed -i s/1/2/ conf && touch -d @100 conf
        f 600 conf "a=2\\n" mtime=100
      layer RUN touch conf
        f 600 conf "a=2\\n" mtime=200`),
  )
  await peel.whole()
  await peel.choosePath('/conf')
  await peel.inspector.getByRole('tab', { name: 'Life' }).click()
  const versions = peel.inspector.getByRole('list', { name: 'Versions' }).getByRole('listitem')
  await expect(versions.nth(1)).toContainText('only metadata changed')
  await expect(versions.nth(2).getByText('changed', { exact: true })).toBeVisible()
  await expect(versions.nth(3)).toContainText('only metadata changed')
  await peel.inspector.getByRole('button', { name: 'Show differences' }).click()
  await expect(peel.inspector).toContainText('The contents are the same')
  await peel.inspector.getByRole('combobox', { name: 'Compare' }).selectOption({ label: 'layer 1' })
  await expect(peel.inspector.getByRole('textbox', { name: 'Differences, layer 1 → layer 3' })).toBeVisible()
  await peel.filter('')
  await peel.choosePath('/link')
  await expect(versions.nth(1).getByText('changed', { exact: true })).toBeVisible()
})
