/**
 * The renderer is killed at random moments of editing and exporting: each change that was on screen is there afterwards,
 * and none is there by half. A handful of times here; PEEL_KILLS=100 (npm run kills) as often as that.
 */
import type { Page } from 'playwright/test'
import { drawnArchive } from './files'
import { expect, Peel, test } from './peel'

const drawing = `
image small:1
layer COPY . /
  d etc/
  f etc/motd "hello\\n"
  d drop/
layer RUN more
  d usr/
  f usr/big 3000000 bytes`

const kills = Number(process.env.PEEL_KILLS ?? 5)
/** The seed is printed, so that a failure can be had again. */
const seed = Number(process.env.PEEL_SEED ?? Date.now() % 1e6)

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
function numbers(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

async function kill(page: Page): Promise<void> {
  const crashed = page.waitForEvent('crash')
  const session = await page.context().newCDPSession(page)
  session.send('Page.crash').catch(() => {}) // It never answers: that is the point.
  await crashed
}

/** Drops files into a directory, without waiting for them to be there; a megabyte each, so that storing them takes a while. */
async function dropSome(page: Page, names: readonly string[]): Promise<void> {
  await page.evaluate((names) => {
    const row = document.querySelector('[data-drop-directory="/drop"]')
    for (const name of names) {
      const transfer = new DataTransfer()
      transfer.items.add(new File([name.repeat(Math.ceil(1e6 / name.length))], name))
      for (const event of ['dragenter', 'dragover', 'drop'])
        row?.dispatchEvent(new DragEvent(event, { bubbles: true, cancelable: true, dataTransfer: transfer }))
    }
  }, names)
}

const sizeOf = (name: string): number => name.length * Math.ceil(1e6 / name.length)

async function changesOn(peel: Peel): Promise<number> {
  return Number.parseInt(await peel.changes.innerText())
}

test(`killed ${kills} times: what was on screen is there, nothing is there by half`, async ({ profile }) => {
  test.setTimeout(60_000 + kills * 30_000)
  console.log(`PEEL_SEED=${seed}`)
  const random = numbers(seed)
  let peel = await profile.open()
  await peel.open(drawnArchive(drawing))
  await peel.whole()
  await peel.kept()
  let made = 0
  /** Files that were seen on screen as changes, or found after a kill: from then on they must stay. */
  let confirmed = 0
  for (let round = 0; round < kills; round++) {
    await peel.filter('/drop')
    // The last one looked at is in sight, and after some rounds the directory above it no longer is.
    await peel.page.getByRole('treegrid', { name: 'Files' }).press('Home')
    await expect(peel.row('/drop')).toBeVisible()
    const names = Array.from({ length: 1 + Math.floor(random() * 3) }, () => `f${made++}`)
    const exporting = random() < 0.4
    await dropSome(peel.page, names)
    if (exporting) {
      await peel.expectChanges(confirmed + names.length)
      await peel.exportDialog({ build: 'Flatten (FROM scratch)' })
    }
    const deadline = Date.now() + random() * 900
    // What is read off the screen now must be there later.
    while (Date.now() < deadline) {
      confirmed = Math.max(confirmed, await changesOn(peel))
      await peel.page.waitForTimeout(20)
    }
    await kill(peel.page)
    const context = peel.page.context()
    const page = await context.newPage()
    await peel.page.close()
    peel = new Peel(page)
    await peel.visit()
    await peel.page.getByRole('button', { name: 'Continue with small:1' }).click()
    await peel.whole()
    await expect(async () => expect(await changesOn(peel)).toBeGreaterThanOrEqual(confirmed)).toPass()
    const found = await changesOn(peel)
    expect(found, `round ${round}: more than was ever asked for`).toBeLessThanOrEqual(made)
    await peel.changes.click()
    const lines = await peel.page.getByRole('list', { name: 'Changes' }).getByRole('listitem').allInnerTexts()
    await peel.page.keyboard.press('Escape')
    expect(lines).toHaveLength(found)
    // Each of them whole: its contents are all there, to the last byte.
    for (const line of lines.slice(-3)) {
      const name = /\/drop\/(f\d+)/.exec(line)?.[1]
      expect(name, line).toBeTruthy()
      const download = await peel.download(async () => {
        await peel.choosePath(`/drop/${name}`)
        await peel.inspector.getByRole('button', { name: `Download ${name}` }).click()
      })
      const bytes = await peel.bytesOf(download)
      expect(bytes.length).toBe(sizeOf(name!))
      expect(bytes.subarray(-name!.length).toString()).toBe(name)
    }
    // Names of drops that were never confirmed are free again.
    confirmed = found
  }
  // And what comes out of it all is proved as ever.
  const tar = await peel.export('after-kills.tar', { build: 'Rewrite layers' })
  expect(tar).toBeTruthy()
})
