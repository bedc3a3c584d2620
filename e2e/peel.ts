/**
 * The page in the words of a person: journeys say what is done, and find things by role and accessible name, as
 * assistive tools do. The names are a contract (src/README.md, "Names that stay").
 */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
  chromium,
  test as base,
  expect,
  type BrowserContext,
  type Download,
  type Locator,
  type Page,
} from 'playwright/test'
import { exportsFolder } from './files'

export { expect }

export const builds = ['Add a layer', 'Rewrite layers', 'Squash', 'Flatten (FROM scratch)'] as const
export type BuildName = (typeof builds)[number]
export const formats = [
  'docker load',
  'OCI layout',
  'Root filesystem',
  'Dockerfile and context',
  'Unpacked layers',
  'Unpacked layers, zip',
  'Delta',
] as const
export type FormatName = (typeof formats)[number]

export interface ExportChoice {
  readonly build?: BuildName
  readonly format?: FormatName
  readonly tag?: string
  readonly gzip?: boolean
  /** As typed: seconds, or a date. */
  readonly epoch?: string
  /** With the build Squash. */
  readonly from?: number
  /** Of a delta: path of the archive that the other side has. */
  readonly base?: string
}

export class Peel {
  readonly page: Page
  readonly layers: Locator
  readonly files: Locator
  readonly inspector: Locator
  readonly status: Locator
  constructor(page: Page) {
    this.page = page
    this.layers = page.getByRole('list', { name: 'Layers' })
    this.files = page.getByRole('treegrid', { name: 'Files' })
    this.inspector = page.getByRole('region', { name: 'Inspector' })
    this.status = page.getByRole('contentinfo')
  }

  async visit(path = '/'): Promise<void> {
    await this.page.goto(`${process.env.PEEL_URL}${path}`)
    await expect(this.page.getByRole('button', { name: 'Open image…' })).toBeVisible()
  }

  // ---------------------------------------------------------------- opening

  /** By the file input, and until the layers are on screen. */
  async open(path: string): Promise<void> {
    await this.choose(path)
    await expect(this.layers).toBeVisible()
  }

  async choose(path: string): Promise<void> {
    await this.page.getByLabel('Open image archive').setInputFiles(path)
  }

  /** Until every layer is read and the tree is whole. */
  async whole(): Promise<void> {
    await expect(this.files).toHaveAttribute('aria-busy', 'false', { timeout: 60_000 })
    await expect(this.files.getByRole('row').nth(1)).toBeVisible()
  }

  /** Until everything is in this browser's storage. */
  async kept(): Promise<void> {
    await expect(this.status).toContainText('kept in this browser', { timeout: 60_000 })
    await expect(this.status).not.toContainText(/keeping|partly|not kept/, { timeout: 60_000 })
  }

  /** Drops a file as a person does: on an element, or on the window. */
  async drop(name: string, bytes: Uint8Array, target: Locator = this.page.locator('body')): Promise<void> {
    const base64 = Buffer.from(bytes).toString('base64')
    const dataTransfer = await this.page.evaluateHandle(
      async ({ name, base64 }) => {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
        const transfer = new DataTransfer()
        transfer.items.add(new File([bytes], name))
        return transfer
      },
      { name, base64 },
    )
    for (const event of ['dragenter', 'dragover', 'drop']) await target.dispatchEvent(event, { dataTransfer })
    await dataTransfer.dispose()
  }

  async dropFile(path: string, target?: Locator): Promise<void> {
    await this.drop(basename(path), readFileSync(path), target)
  }

  // ---------------------------------------------------------------- looking

  async tab(name: string): Promise<void> {
    const tab = this.page.getByRole('tab', { name, exact: true })
    await tab.click()
    await expect(tab).toHaveAttribute('aria-selected', 'true')
  }

  /** The row of a path that is in sight. */
  row(path: string): Locator {
    const parts = path.split('/').filter(Boolean)
    return this.files
      .getByRole('row', { level: parts.length })
      .filter({ has: this.page.getByText(parts[parts.length - 1], { exact: true }) })
  }

  async filter(text: string): Promise<void> {
    const box = this.page.getByRole('textbox', { name: 'Filter paths' })
    if ((await box.inputValue()) === text) return
    await box.fill(text)
    await this.settled()
  }

  /** Until the rows are those that were asked for: a row that is about to move is clicked amiss. */
  async settled(): Promise<void> {
    await expect(this.files).toHaveAttribute('aria-busy', 'false', { timeout: 20_000 })
  }

  /** Brings a path into sight by the filter, and answers its row. */
  async find(path: string): Promise<Locator> {
    await this.filter(path)
    const row = this.row(path)
    await expect(row).toBeVisible()
    return row
  }

  /** Finds a path and looks at it in the inspector. */
  async choosePath(path: string): Promise<Locator> {
    const row = await this.find(path)
    await row.click()
    await expect(this.inspector.getByRole('heading').first()).toHaveText(path)
    return row
  }

  async view(name: string | RegExp): Promise<void> {
    const radio = this.page.getByRole('radiogroup', { name: 'View' }).getByRole('radio', { name })
    await radio.check({ force: true }) // The circle itself is not drawn; its label is what people click.
    await this.settled()
  }

  // ---------------------------------------------------------------- editing

  get changes(): Locator {
    return this.page.getByRole('button', { name: /^\d+ changes?$/ })
  }

  async expectChanges(count: number): Promise<void> {
    await expect(this.changes).toHaveText(`${count} ${count === 1 ? 'change' : 'changes'}`)
  }

  async writeText(path: string, text: string): Promise<void> {
    await this.choosePath(path)
    await this.inspector.getByRole('button', { name: 'Edit' }).click()
    await this.typeOver(text)
  }

  /** Replaces all of the editor's text, and saves. */
  async typeOver(text: string): Promise<void> {
    const editor = this.page.getByRole('textbox', { name: 'Editor' })
    await editor.click()
    await editor.press('ControlOrMeta+a')
    if (text === '') await editor.press('Delete')
    else await this.page.keyboard.insertText(text)
    await this.page.getByRole('button', { name: 'Save file' }).click()
    // It stands for "Discard" once the edit is on disk; the button that saves is disabled already while it saves.
    await expect(this.inspector.getByRole('button', { name: 'Done' })).toBeVisible()
  }

  async remove(path: string): Promise<void> {
    await this.choosePath(path)
    await this.page.getByRole('toolbar', { name: 'Files' }).getByRole('button', { name: 'Delete' }).click()
    await expect(this.row(path)).toBeHidden()
  }

  /** A command of the menu "More" of the files' toolbar; answers the dialog that it opens, of that name. */
  async more(command: string, dialog: string): Promise<Locator> {
    await this.page
      .getByRole('toolbar', { name: 'Files' })
      .getByRole('button', { name: 'More', exact: true })
      .click()
    await this.page.getByRole('menuitem', { name: command }).click()
    return this.page.getByRole('dialog', { name: dialog })
  }

  async makeFolder(directory: string, name: string): Promise<void> {
    await this.choosePath(directory)
    await this.page.getByRole('button', { name: 'New folder' }).click()
    const dialog = this.page.getByRole('dialog', { name: 'New folder' })
    await dialog.getByRole('textbox', { name: 'Name' }).fill(name)
    await dialog.getByRole('button', { name: 'Create' }).click()
    await expect(dialog).toBeHidden()
  }

  /** A field of the config by Docker's own name, set as a person does: typed, and left. */
  async setConfig(name: string, value: string): Promise<void> {
    await this.tab('Config')
    const field = this.page.getByRole('textbox', { name, exact: true })
    await field.fill(value)
    await field.press('Enter')
    await expect(field).toHaveValue(value)
  }

  // ---------------------------------------------------------------- taking along

  async download(act: () => Promise<void>): Promise<Download> {
    const [download] = await Promise.all([this.page.waitForEvent('download'), act()])
    return download
  }

  async bytesOf(download: Download): Promise<Buffer> {
    return readFileSync(await download.path())
  }

  /** Exports as the dialog does, and leaves the file in test-results/exports/NAME. */
  async export(name: string, choice: ExportChoice = {}): Promise<string> {
    const dialog = await this.exportDialog(choice)
    const download = await this.download(() =>
      dialog.getByRole('button', { name: 'Save', exact: true }).click(),
    )
    const path = join(exportsFolder, name)
    await download.saveAs(path)
    await this.closeExport(dialog, choice.format)
    return path
  }

  async exportDialog({ build, format, tag, gzip, epoch, from, base }: ExportChoice): Promise<Locator> {
    await this.page.getByRole('button', { name: 'Export…' }).click()
    const dialog = this.page.getByRole('dialog', { name: 'Export image' })
    const choose = (group: string, name: string): Promise<void> =>
      dialog.getByRole('radiogroup', { name: group }).getByRole('radio', { name, exact: true }).check()
    if (build) await choose('Build', build)
    if (from !== undefined)
      await dialog.getByRole('combobox', { name: 'From layer' }).selectOption(String(from))
    if (format) await choose('Format', format)
    if (base !== undefined) await dialog.getByLabel('Archive of the base').setInputFiles(base)
    if (tag !== undefined) await dialog.getByRole('textbox', { name: 'Tag' }).fill(tag)
    if (gzip) await dialog.getByRole('checkbox', { name: 'Compress new layers with gzip' }).check()
    if (epoch !== undefined) {
      await dialog.getByRole('checkbox', { name: 'No time later than…' }).check()
      await dialog.getByRole('textbox', { name: 'Epoch' }).fill(epoch)
    }
    return dialog
  }

  /** After saving: the lines for engines are there, and the dialog goes. */
  async closeExport(dialog: Locator, format: FormatName = 'docker load'): Promise<void> {
    for (const line of LINES[format]) await expect(dialog).toContainText(line, { timeout: 60_000 })
    await dialog.getByRole('button', { name: 'Done' }).click()
    await expect(dialog).toBeHidden()
  }
}

/** What is said after saving. */
const LINES: Record<FormatName, readonly string[]> = {
  'docker load': ['docker load -i', 'docker run'],
  'OCI layout': ['podman load -i', 'ctr images import'],
  'Root filesystem': ['docker import', 'wsl --import'],
  'Dockerfile and context': ['docker build -t'],
  'Unpacked layers': ['tar -xf'],
  'Unpacked layers, zip': ['unzip'],
  Delta: ['docker load -i', 'Where the base is loaded'],
}

/** A size as the page prints it, with whatever narrow space it puts before the unit. */
export function size(words: string): RegExp {
  return new RegExp(`(?<![\\d.])${words.replace('.', '\\.').replace(' ', '\\s?')}`)
}

// ---------------------------------------------------------------- contexts

/** Without the picker, exports come as downloads, which a test can take; the picker has a test of its own. */
export async function withoutPicker(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    Object.defineProperty(globalThis, 'showSaveFilePicker', { value: undefined })
  })
}

/**
 * With PEEL_SLOW=500 in the environment every call to the engine takes half a second longer, in order, as on a machine
 * that is busy: what a journey only gets right by being slower than the engine is found so, and so is what the page does
 * with a click on rows that are about to change.
 */
async function slowly(context: BrowserContext): Promise<void> {
  const delay = Number(process.env.PEEL_SLOW ?? 0)
  if (delay > 0) await context.addInitScript(beLate, delay)
}

/** Runs in the page: from here on, what it asks of a worker comes so many ms late. */
export function beLate(delay: number): void {
  const post = Worker.prototype.postMessage
  Worker.prototype.postMessage = function (this: Worker, ...message: unknown[]) {
    setTimeout(() => Reflect.apply(post, this, message), delay)
  }
}

/**
 * Collects whatever the context asks the network for that is not a file of the app itself. Empty when a test ends: that
 * is what "nothing leaves the browser" means.
 */
export function strangers(context: BrowserContext): string[] {
  const found: string[] = []
  context.on('request', (request) => {
    const url = new URL(request.url())
    // HEAD of the engine's own script is how the page tries out whether anything is blocked, to say so on screen.
    const method = /^\/assets\/engine-[^?]*$/.test(url.pathname) ? /^(GET|HEAD)$/ : /^GET$/
    const own =
      url.origin === process.env.PEEL_URL && method.test(request.method()) && request.postData() === null
    const asset =
      own &&
      /^\/(|index\.html|favicon\.svg|assets\/[^?]+|[\w-]+\.(js|webmanifest|png|svg))$/.test(url.pathname)
    // blob: and data: never leave the process.
    if (!asset && !/^(blob|data):$/.test(url.protocol)) found.push(`${request.method()} ${request.url()}`)
  })
  return found
}

export interface Fixtures {
  readonly peel: Peel
  /** A browser with a profile on disk: closed and opened again, it has what was stored. */
  readonly profile: { open(): Promise<Peel>; close(): Promise<void> }
}

export const test = base.extend<Fixtures>({
  peel: async ({ context, page }, use) => {
    await withoutPicker(context)
    await slowly(context)
    const found = strangers(context)
    const thrown: string[] = []
    page.on('pageerror', (error) => thrown.push(error.stack ?? error.message))
    const peel = new Peel(page)
    await peel.visit()
    await use(peel)
    expect(found, 'requests that are not for the app itself').toEqual([])
    expect(thrown, 'errors that nobody caught').toEqual([])
  },

  profile: async ({ launchOptions, viewport, locale, timezoneId }, use, info) => {
    let context: BrowserContext | null = null
    const folder = info.outputPath('profile')
    await use({
      async open() {
        context = await chromium.launchPersistentContext(folder, {
          ...launchOptions,
          viewport,
          ...(locale ? { locale } : {}),
          ...(timezoneId ? { timezoneId } : {}),
        })
        await withoutPicker(context)
        await slowly(context)
        const peel = new Peel(context.pages()[0] ?? (await context.newPage()))
        await peel.visit()
        return peel
      },
      async close() {
        await context?.close()
        context = null
      },
    })
    await (context as BrowserContext | null)?.close()
  },
})
