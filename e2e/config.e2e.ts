/** The config: every field of the form, the JSON beside it, and the report of the whole archive. */
import { expectAccessible } from './axe'
import { drawnArchive, real } from './files'
import { expect, test } from './peel'

const alpine = 'built/alpine-3.20-docker28-save.tar'

test('health check, shell, triggers, author and platform are set in the form, and stand in the JSON', async ({
  peel,
}) => {
  await peel.open(real(alpine))
  await peel.whole()
  await peel.setConfig('author', 'somebody')
  await peel.setConfig('variant', 'v2')
  await peel.setConfig('Shell', '["/bin/ash","-c"]')
  const health = peel.page.getByRole('textbox', { name: 'Healthcheck', exact: true })
  await health.fill('wget -q localhost')
  await health.press('Enter')
  await expect(health).toHaveValue('["CMD-SHELL","wget -q localhost"]')
  const interval = peel.page.getByRole('textbox', { name: 'Interval', exact: true })
  await interval.fill('1m30s')
  await interval.press('Enter')
  await peel.page.getByRole('button', { name: 'Add OnBuild' }).click()
  await peel.page.getByRole('textbox', { name: 'New OnBuild' }).fill('RUN make')
  await peel.page.getByRole('textbox', { name: 'New OnBuild' }).press('Enter')
  await peel.expectChanges(6)
  for (const words of ['"author": "somebody"', '"variant": "v2"', '"Interval": 90000000000', '"RUN make"'])
    await expect(peel.inspector).toContainText(words)
  // What docker would refuse is not taken.
  const created = peel.page.getByRole('textbox', { name: 'created', exact: true })
  await created.fill('yesterday')
  await created.press('Enter')
  await expect(peel.page.getByRole('alert')).toContainText('2026-11-22T10:30:00Z')
  await created.press('Escape')
  await peel.expectChanges(6)
  await expectAccessible(peel.page)
})

test('the JSON is edited as a whole: what differs is an edit, and the form agrees', async ({ peel }) => {
  await peel.open(
    drawnArchive(
      'image small:1\n  config {"Cmd": ["/bin/sh"], "User": "nobody"}\nlayer COPY\n  f hello "hi"',
    ),
  )
  await peel.whole()
  await peel.tab('Config')
  await peel.inspector.getByRole('button', { name: 'Edit config as JSON' }).click()
  const editor = peel.page.getByRole('textbox', { name: 'Config as JSON' })
  await editor.click()
  await expectAccessible(peel.page)
  await editor.press('ControlOrMeta+a')
  await peel.page.keyboard.insertText('{ "config": }')
  await peel.inspector.getByRole('button', { name: 'Apply' }).click()
  await expect(peel.inspector.getByRole('alert')).toContainText('Line 1, column 13')
  await peel.expectChanges(0)
  await peel.inspector.getByRole('button', { name: 'Discard' }).click()
  await peel.inspector.getByRole('button', { name: 'Edit config as JSON' }).click()
  const text = await peel.page.getByRole('textbox', { name: 'Config as JSON' }).innerText()
  await editor.press('ControlOrMeta+a')
  await peel.page.keyboard.insertText(
    text.replace('"nobody"', '"root:root"').replace('"/bin/sh"', '"/bin/ash"'),
  )
  await peel.inspector.getByRole('button', { name: 'Apply' }).click()
  await peel.expectChanges(2)
  await expect(peel.page.getByRole('textbox', { name: 'User', exact: true })).toHaveValue('root:root')
  await expect(peel.page.getByRole('textbox', { name: 'Cmd', exact: true })).toHaveValue('["/bin/ash"]')
  await peel.page.getByRole('button', { name: 'Undo', exact: true }).click()
  await expect(peel.page.getByRole('textbox', { name: 'User', exact: true })).toHaveValue('nobody')
})

test('the report is everything that is known, as JSON', async ({ peel }) => {
  await peel.open(real(alpine))
  await peel.whole()
  await peel.kept() // Every digest is computed by then.
  await peel.tab('Anatomy')
  const download = await peel.download(() => peel.page.getByRole('button', { name: 'Report' }).click())
  expect(download.suggestedFilename()).toBe('alpine-3.20-docker28-save.report.json')
  const report = JSON.parse((await peel.bytesOf(download)).toString())
  expect(report.schema).toBe('peel-report/1')
  expect(report.images[0].tags).toEqual(['corpus/alpine:3.20'])
  expect(report.images[0].layers[0]).toMatchObject({ verified: true, plainBytes: 8_081_920 })
  expect(report.images[0].waste.reclaimable).toBe(0)
})

test('JSON that is half typed waits while another tab is looked at', async ({ peel }) => {
  await peel.open(drawnArchive('image small:1\nlayer COPY\n  f hello "hi"'))
  await peel.whole()
  await peel.tab('Config')
  await peel.inspector.getByRole('button', { name: 'Edit config as JSON' }).click()
  const editor = peel.page.getByRole('textbox', { name: 'Config as JSON' })
  await editor.click()
  await editor.press('ControlOrMeta+a')
  await peel.page.keyboard.insertText('{ "half": ')
  await peel.tab('Files')
  await peel.tab('Config')
  await expect(editor).toContainText('{ "half":')
  await peel.inspector.getByRole('button', { name: 'Discard' }).click()
  await peel.inspector.getByRole('button', { name: 'Edit config as JSON' }).click()
  await expect(editor).toContainText('"architecture"')
})
