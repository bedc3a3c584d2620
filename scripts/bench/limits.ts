/**
 * What the browser itself can do with the same bytes, measured in the same Chromium: reading, inflating, hashing.
 * Runs inside an empty page: nothing here may refer to anything outside its own function.
 */
import type { Page } from 'playwright'

export interface Blobs {
  /** Byte ranges of the archive: a layer each. */
  readonly at: number
  readonly size: number
}

/** Puts a file input on an empty page of the app's own origin (`crypto.subtle` is for secure ones only), with the archive chosen. */
export async function chooseFile(page: Page, url: string, path: string): Promise<void> {
  const empty = `${url}/nothing-but-a-file-input`
  await page.route(empty, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<input type="file" id="file">' }),
  )
  await page.goto(empty)
  await page.locator('#file').setInputFiles(path)
}

/** Milliseconds of reading the whole file once with `stream()`, in a worker. */
export function streamOnce(page: Page): Promise<number> {
  return inWorkers(page, [null], readAll)
}

/** Milliseconds of piping the ranges through the platform's own gunzip, on as many workers as there are cores. */
export function gunzipAll(page: Page, layers: readonly Blobs[]): Promise<number> {
  return inWorkers(page, layers, gunzip)
}

/** Milliseconds of the platform's digest over the ranges, on as many workers as there are cores; pieces of 64 MiB where a range is larger. */
export function digestAll(page: Page, layers: readonly Blobs[]): Promise<number> {
  return inWorkers(page, layers, digest)
}

/**
 * Milliseconds in which the app's own pool workers (`script`, from the build) scan the ranges, on as many as there are
 * cores: scanning alone, without the page around it. What is inflated goes where the worker's caller puts it: nowhere.
 */
export async function scanAll(
  page: Page,
  layers: readonly Blobs[],
  script: string,
  compression: string,
): Promise<number> {
  return page.evaluate(
    async ({ layers, script, compression }) => {
      const chosen = (document.getElementById('file') as HTMLInputElement).files![0]
      const count = Math.min(layers.length, navigator.hardwareConcurrency)
      const threads = Array.from({ length: count }, () => new Worker(script, { type: 'module' }))
      const workers = threads.map((thread) => {
        const { port1, port2 } = new MessageChannel()
        thread.postMessage(port2, [port2])
        return port1
      })
      /** A callback as comlink passes it; called, it answers with its own argument. */
      const callback = (): { handler: object; port: MessagePort } => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = ({ data }: MessageEvent<{ id: string; argumentList?: { value: unknown }[] }>) =>
          port1.postMessage({ id: data.id, type: 'RAW', value: data.argumentList?.[0]?.value })
        return { handler: { type: 'HANDLER', name: 'proxy', value: port2 }, port: port2 }
      }
      const scan = (worker: MessagePort, blob: Blob, how: string): Promise<void> =>
        new Promise((resolve, reject) => {
          worker.onmessage = ({ data }: MessageEvent<{ value: { ok: boolean } }>) =>
            data.value.ok ? resolve() : reject(new Error(JSON.stringify(data.value)))
          const [onBytes, store] = [callback(), callback()]
          const raw = (value: unknown): object => ({ type: 'RAW', value })
          worker.postMessage(
            {
              id: 'scan',
              type: 'APPLY',
              path: ['scan'],
              argumentList: [raw(blob), raw(how), onBytes.handler, store.handler],
            },
            [onBytes.port, store.port],
          )
        })
      for (const worker of workers) await scan(worker, new Blob([]), 'none') // Started, and warm.
      const queue = layers.map(({ at, size }) => chosen.slice(at, at + size))
      const start = performance.now()
      await Promise.all(
        workers.map(async (worker) => {
          for (let blob = queue.shift(); blob; blob = queue.shift()) await scan(worker, blob, compression)
        }),
      )
      const ms = performance.now() - start
      for (const thread of threads) thread.terminate()
      return ms
    },
    { layers, script, compression },
  )
}

const readAll = `async (blob) => {
  const reader = blob.stream().getReader()
  for (let sum = 0; ; ) { const { value, done } = await reader.read(); if (done) return sum; sum += value.length }
}`
const gunzip = `async (blob) => {
  const reader = blob.stream().pipeThrough(new DecompressionStream('gzip')).getReader()
  for (let sum = 0; ; ) { const { value, done } = await reader.read(); if (done) return sum; sum += value.length }
}`
const digest = `async (blob) => {
  const piece = 64 << 20
  for (let at = 0; at < blob.size; at += piece)
    await crypto.subtle.digest('SHA-256', await blob.slice(at, at + piece).arrayBuffer())
}`

async function inWorkers(page: Page, ranges: readonly (Blobs | null)[], job: string): Promise<number> {
  return page.evaluate(
    async ({ ranges, job }) => {
      const chosen = (document.getElementById('file') as HTMLInputElement).files![0]
      const source = `const job = ${job}; onmessage = async ({ data }) => job(data).then(postMessage, (error) => setTimeout(() => { throw error }))`
      const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
      const count = Math.min(ranges.length, navigator.hardwareConcurrency)
      const workers = Array.from({ length: count }, () => new Worker(url))
      const ask = (worker: Worker, blob: Blob): Promise<void> =>
        new Promise((resolve, reject) => {
          worker.onmessage = () => resolve()
          worker.onerror = reject
          worker.postMessage(blob)
        })
      for (const worker of workers) await ask(worker, new Blob([])).catch(() => {}) // Started, and warm.
      const queue = ranges.map((range) => (range ? chosen.slice(range.at, range.at + range.size) : chosen))
      const start = performance.now()
      await Promise.all(
        workers.map(async (worker) => {
          for (let blob = queue.shift(); blob; blob = queue.shift()) await ask(worker, blob)
        }),
      )
      const ms = performance.now() - start
      for (const worker of workers) worker.terminate()
      return ms
    },
    { ranges, job },
  )
}
