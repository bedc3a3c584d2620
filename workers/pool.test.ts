/** When workers are started that nobody has work for yet and which are ended, who deflates, and who hashes in pieces. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MemorySource, type Bytes } from '../src/core/bytes/source'
import { deflatePiece } from '../src/core/compress/gzip-write'
import { BUFFER_LIMIT } from '../src/core/digest/sha256'
import { workerPool } from './pool'
import { moved, serve } from './wire'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** A pool over ports; `work` is done at the worker's end of each. */
function poolOver(work: (port: MessagePort) => void = () => {}) {
  const ports: MessagePort[] = []
  const pool = workerPool(
    Promise.resolve({
      spawn: async () => {
        const { port1, port2 } = new MessageChannel()
        ports.push(port1, port2)
        work(port2)
        return moved({ id: ports.length, port: port1 }, [port1])
      },
      end: () => {},
    }),
  )
  return {
    pool,
    started: () => ports.length / 2,
    close: () => ports.forEach((port) => port.close()),
  }
}

test('a quarter of a second after the page, all of them', async () => {
  const { pool, started, close } = poolOver()
  await vi.advanceTimersByTimeAsync(200)
  expect(started()).toBe(0)
  await vi.advanceTimersByTimeAsync(100)
  expect(started()).toBe(pool.width)
  close()
})

test('not while an image is taken up from storage', async () => {
  const { pool, started, close } = poolOver()
  let done: () => void
  pool.hold!(new Promise((resolve) => (done = resolve)))
  await vi.advanceTimersByTimeAsync(1000)
  expect(started()).toBe(0)
  done!()
  await vi.advanceTimersByTimeAsync(1)
  expect(started()).toBe(pool.width)
  close()
})

/** A pool whose workers never end a digest, and say which pieces they were given. */
function busy() {
  const given: number[] = []
  const { pool, close } = poolOver((port) =>
    serve(
      {
        digest: () => new Promise<string>(() => {}),
        deflate: (bytes: Bytes, from: number, last: boolean) => {
          given.push(bytes.length)
          const piece = deflatePiece(bytes, from, last)
          return moved(piece, [piece.buffer])
        },
      },
      port,
    ),
  )
  return { pool, given, close }
}

const PIECE = 1024 * 1024 + 32 * 1024

test('workers deflate, and give back what this thread would have made', async () => {
  const { pool, given, close } = busy()
  const bytes = Uint8Array.from({ length: PIECE }, (_, i) => (i * i) >> 7)
  const due = deflatePiece(bytes.slice(), 32 * 1024, false)
  const made = Array.from({ length: 3 }, () => pool.deflate(bytes.slice(), 32 * 1024, false))
  for (const piece of await Promise.all(made)) expect(Buffer.from(piece).equals(due)).toBe(true)
  expect(given).toEqual([PIECE, PIECE, PIECE])
  close()
})

test('where workers have other work, which may take long, an export does not stand behind it', async () => {
  const { pool, given, close } = busy()
  const large = new MemorySource(new Uint8Array(2 * 1024 * 1024))
  const piece = (): Promise<Bytes> => pool.deflate(new Uint8Array(PIECE), 32 * 1024, true)
  void pool.digest(large).catch(() => {})
  await vi.advanceTimersByTimeAsync(10)
  // One hand is free: it takes what it can keep up with, and this thread the rest.
  await Promise.all([piece(), piece(), piece()])
  expect(given).toEqual([PIECE, PIECE])
  void pool.digest(large).catch(() => {})
  await vi.advanceTimersByTimeAsync(10)
  expect((await piece()).length).toBeGreaterThan(0)
  expect(given).toEqual([PIECE, PIECE])
  close()
})

test('workers that have a job are told that the person does something', async () => {
  const told: string[] = []
  let end: (digest: string) => void = () => {}
  const { pool, close } = poolOver((port) =>
    serve(
      {
        digest: () => new Promise<string>((resolve) => (end = resolve)),
        makeWay: () => void told.push('told'),
      },
      port,
    ),
  )
  const large = new MemorySource(new Uint8Array(2 * 1024 * 1024))
  pool.makeWay!()
  const digest = pool.digest(large)
  await vi.advanceTimersByTimeAsync(10)
  pool.makeWay!()
  await vi.waitFor(() => expect(told).toEqual(['told']))
  end('sha256:…')
  await digest
  pool.makeWay!()
  await vi.advanceTimersByTimeAsync(10)
  expect(told).toEqual(['told'])
  close()
})

test('a layer that has to wait for memory is hashed in pieces if it would wait longer than that takes', async () => {
  const limits: number[] = []
  const { pool, close } = poolOver((port) =>
    serve(
      {
        digest: async (_bytes: Blob, bufferLimit: number) => {
          limits.push(bufferLimit)
          return new Promise<string>(() => {})
        },
      },
      port,
    ),
  )
  const large = Object.assign(new MemorySource(new Uint8Array()), { size: 150 * 1024 * 1024 })
  const ask = (next: number): void => void pool.digest(large, { next: next * large.size }).catch(() => {})
  ask(5)
  await vi.waitFor(() => expect(limits).toEqual([BUFFER_LIMIT]))
  // One is in the room: with one more to come, waiting for it is as quick.
  ask(1)
  // Two are, of which one waits, and one more is to come.
  ask(1)
  await vi.waitFor(() => expect(limits).toEqual([BUFFER_LIMIT, 0]))
  close()
})

test('a worker that has inflated much is ended before it holds a layer, and one that has not goes on', async () => {
  const { pool, started, close } = poolOver((port) =>
    serve({ gunzipped: async () => 1, digest: async () => 'sha256:0' }, port),
  )
  const of = (mebibytes: number): MemorySource => new MemorySource(new Uint8Array(mebibytes * 1024 * 1024))
  await pool.gunzipped(of(2))
  await pool.digest(of(2))
  expect(started()).toBe(1)
  await pool.gunzipped(of(8))
  expect(await pool.digest(of(2))).toBe('sha256:0')
  expect(started()).toBe(2)
  close()
})
