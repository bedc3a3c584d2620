/** The whole app as one HTML file, opened from disk without a network: edited, exported, and still byte for byte. */
import { existsSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { drawnArchive, fileWith, oneFile, sha256OfFile } from './files'
import { expect, Peel, test as base, withoutPicker } from './peel'

const test = base.extend<{ fromDisk: Peel }>({
  fromDisk: async ({ context, page }, use) => {
    expect(existsSync(oneFile), 'npm run build:single makes it').toBe(true)
    await withoutPicker(context)
    await context.setOffline(true)
    const asked: string[] = []
    context.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url())) asked.push(request.url())
    })
    const thrown: string[] = []
    page.on('pageerror', (error) => thrown.push(error.message))
    const refused: string[] = []
    page.on('console', (message) => message.type() === 'error' && refused.push(message.text()))
    const address = pathToFileURL(oneFile).href
    await page.goto(address)
    await use(new Peel(page))
    expect(asked.map((url) => url.replace(/#.*$/, ''))).toEqual([address])
    expect(thrown).toEqual([])
    // The measurement of the network tries to connect, and is refused: that is its point.
    expect(refused.filter((words) => !/connect-src|Fetch API cannot load blob/.test(words))).toEqual([])
  },
})

test('it opens, says what it cannot do, edits, and exports', async ({ fromDisk: peel }) => {
  await expect(peel.page.getByText('Opened from a file on your disk')).toBeVisible()
  await expect(peel.page.getByText('network: blocked')).toBeVisible()
  const path = drawnArchive('image disk:1\nlayer COPY\n f etc/motd "hello\\n"\n f bin/tool 3000 bytes')
  await peel.open(path)
  await peel.whole()
  const same = await peel.export('single-untouched.tar')
  expect(sha256OfFile(same)).toBe(sha256OfFile(path))
  await peel.writeText('/etc/motd', 'from disk\n')
  await peel.expectChanges(1)
  const changed = await peel.export('single-edited.tar', { tag: 'disk:2' })
  await peel.open(fileWith('again.tar', readFileSync(changed)))
  await expect(peel.page.getByRole('heading', { name: 'disk:2' })).toBeVisible()
  await peel.whole()
  await peel.choosePath('/etc/motd')
  await expect(peel.inspector).toContainText('from disk')
})
