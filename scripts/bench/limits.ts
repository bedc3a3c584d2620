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
