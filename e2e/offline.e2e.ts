/** As an app: works with the server stopped and without a network, and is replaced only when the person says so. */
import { createHash } from 'node:crypto'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serve } from '../scripts/serve.mjs'
import { dist, drawnArchive } from './files'
import { expect, Peel, test, withoutPicker } from './peel'
import type { Page } from 'playwright/test'

async function arrive(page: Page, url: string): Promise<Peel> {
  await withoutPicker(page.context())
  await page.goto(url)
  await expect(page.getByRole('button', { name: 'Open image…' })).toBeVisible()
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  return new Peel(page)
}

test('second visit with the server stopped and the network off: opened, edited, exported', async ({
  page,
}) => {
  const server = await serve({ folder: dist, port: 0 })
  const peel = await arrive(page, server.url)
  await server.close()
  await page.context().setOffline(true)
  await page.reload()
  await peel.open(drawnArchive('image off:1\nlayer COPY\n f etc/motd "hello"'))
  await peel.whole()
  // Every part of the page that is loaded later is there, too.
  for (const tab of ['Config', 'Dockerfile', 'Anatomy', 'Waste', 'Files']) await peel.tab(tab)
  await peel.writeText('/etc/motd', 'offline\n')
  await peel.export('offline.tar', { tag: 'off:2' })
  await page.reload()
  await peel.expectChanges(1)
})

test('a new version waits until it is asked for', async ({ page }, info) => {
  const folder = info.outputPath('site')
  cpSync(dist, folder, { recursive: true })
  const server = await serve({ folder, port: 0 })
  const peel = await arrive(page, server.url)
  await page.getByRole('button', { name: 'Try a sample image' }).click()
  await peel.whole()
  await peel.writeText('/etc/motd', 'before the update\n')
  await release(folder)
  await page.reload()
  await peel.expectChanges(1)
  const offer = page.getByRole('status').filter({ hasText: 'A new version of Peel is ready' })
  await expect(offer).toBeVisible({ timeout: 30_000 })
  expect(await page.evaluate(() => document.documentElement.dataset['release'] ?? 'old')).toBe('old')
  await offer.getByRole('button', { name: 'Reload' }).click()
  await expect(page.locator('html[data-release="new"]')).toBeAttached()
  await peel.expectChanges(1)
  await server.close()
})

/** Another index.html, and the service worker that goes with it. */
async function release(folder: string): Promise<void> {
  const page = join(folder, 'index.html')
  const before = readFileSync(page)
  writeFileSync(page, before.toString().replace('<html lang="en"', '<html data-release="new" lang="en"'))
  const digest = (bytes: Buffer) => `sha256-${createHash('sha256').update(bytes).digest('base64')}`
  const worker = join(folder, 'service-worker.js')
  const code = readFileSync(worker, 'utf8')
  const next = code
    .replace(digest(before), digest(readFileSync(page)))
    .replace(/(version\\?":\\?")[0-9a-f]{16}/, '$1feedfeedfeedfeed')
  expect(next).not.toBe(code)
  writeFileSync(worker, next)
}
