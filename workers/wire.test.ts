import { afterEach, describe, expect, test } from 'vitest'
import { ImageError } from '../src/core/fault/fault'
import { connect, moved, serve, type Connection, type Served } from './wire'

interface Api {
  add(a: number, b: number): number
  later(text: string): string
  fail(): void
  bug(): void
  bytes(length: number): { buffer: ArrayBuffer }
  take(buffer: ArrayBuffer): number
  count(to: number, tell: (n: number) => void): void
  never(): string
  uncloneable(): unknown
}

class Implementation implements Served<Api> {
  sent: { buffer: ArrayBuffer } | null = null
  add(a: number, b: number) {
    return a + b
  }
  async later(text: string) {
    await Promise.resolve()
    return text.toUpperCase()
  }
  fail() {
    throw new ImageError('bad-header', 'No header here.', { layer: 2, at: 512 })
  }
  bug(): void {
    throw new TypeError('x is not a function')
  }
  bytes(length: number) {
    this.sent = { buffer: new ArrayBuffer(length) }
    return moved(this.sent, [this.sent.buffer])
  }
  take(buffer: ArrayBuffer) {
    return buffer.byteLength
  }
  async count(to: number, tell: (n: number) => void) {
    for (let n = 1; n <= to; n++) await tell(n)
  }
  never() {
    return new Promise<string>(() => {})
  }
  uncloneable() {
    return () => {}
  }
}

const open: Connection<Api>[] = []
const ports: MessagePort[] = []
afterEach(() => {
  for (const connection of open.splice(0)) connection.terminate()
  for (const port of ports.splice(0)) port.close()
})

function line() {
  const { port1, port2 } = new MessageChannel()
  const implementation = new Implementation()
  serve<Api>(implementation, port1)
  const connection = connect<Api>(port2)
  open.push(connection)
  ports.push(port1)
  return { connection, implementation, port1, port2 }
}

const faultFrom = (call: Promise<unknown>) =>
  call.then(
    () => null,
    (thrown: unknown) => (thrown instanceof ImageError ? thrown.fault : thrown),
  )

describe('a call across the wire', () => {
  test('answers with the value, whether the other side answers now or later', async () => {
    const { connection } = line()
    expect(await connection.add(2, 3)).toBe(5)
    expect(await connection.later('peel')).toBe('PEEL')
  })

  test('throws the fault as it was thrown, with its place', async () => {
    const { connection } = line()
    expect(await faultFrom(connection.fail())).toEqual({
      code: 'bad-header',
      message: 'No header here.',
      where: { layer: 2, at: 512 },
    })
  })

  test('calls a bug internal, and keeps its words', async () => {
    const { connection } = line()
    const silenced = console.error
    console.error = () => {}
    try {
      expect(await faultFrom(connection.bug())).toMatchObject({
        code: 'internal',
        message: 'x is not a function',
      })
    } finally {
      console.error = silenced
    }
  })

  test('moves the buffers of a result and of an argument', async () => {
    const { connection, implementation } = line()
    expect((await connection.bytes(64)).buffer.byteLength).toBe(64)
    expect(implementation.sent?.buffer.byteLength).toBe(0)
    const mine = new ArrayBuffer(32)
    expect(await connection.take(moved(mine, [mine]))).toBe(32)
    expect(mine.byteLength).toBe(0)
  })

  test('calls a function among its arguments back', async () => {
    const { connection } = line()
    const told: number[] = []
    await connection.count(3, (n) => told.push(n))
    expect(told).toEqual([1, 2, 3])
  })

  test('rejects what cannot be cloned, in either direction', async () => {
    const { connection } = line()
    expect(await faultFrom(connection.uncloneable())).toMatchObject({ code: 'internal' })
    expect(await faultFrom(connection.later(Symbol('no') as unknown as string))).toMatchObject({
      code: 'internal',
    })
  })
})

describe('a worker that dies', () => {
  test('by terminate: calls in flight and later ones are cancelled', async () => {
    const { connection } = line()
    const inFlight = faultFrom(connection.never())
    connection.terminate()
    expect(await inFlight).toMatchObject({ code: 'cancelled' })
    expect(await faultFrom(connection.add(1, 1))).toMatchObject({ code: 'cancelled' })
    expect((await connection.died).code).toBe('cancelled')
  })

  test('by an error: calls in flight and later ones reject, and nothing climbs on', async () => {
    const { connection, port2 } = line()
    const inFlight = faultFrom(connection.never())
    const error = Object.assign(new Event('error', { cancelable: true }), { message: 'out of memory' })
    port2.dispatchEvent(error)
    expect(error.defaultPrevented).toBe(true)
    expect(await inFlight).toMatchObject({
      code: 'internal',
      message: 'A background worker stopped: out of memory',
    })
    expect(await faultFrom(connection.add(1, 1))).toMatchObject({ code: 'internal' })
  })

  test('before it starts: says so', async () => {
    const { connection, port2 } = line()
    const inFlight = faultFrom(connection.never())
    port2.dispatchEvent(new Event('error', { cancelable: true }))
    expect(await inFlight).toMatchObject({ message: 'A background worker could not be started.' })
  })

  test('at the other end of a port, as whoever started it says', async () => {
    const { port1, port2 } = new MessageChannel()
    ports.push(port1)
    let fail: (message: string) => void = () => {}
    const connection = connect<Api>(port2, new Promise((resolve) => (fail = resolve)))
    const inFlight = faultFrom(connection.never())
    fail('A background worker stopped: out of memory')
    expect(await inFlight).toMatchObject({
      code: 'internal',
      message: 'A background worker stopped: out of memory',
    })
    expect((await connection.died).code).toBe('internal')
  })

  test('by a message that cannot be read', async () => {
    const { connection, port2 } = line()
    const inFlight = faultFrom(connection.never())
    port2.dispatchEvent(new Event('messageerror'))
    expect(await inFlight).toMatchObject({ code: 'internal' })
  })
})

test('a connection is not a promise, so it can be awaited and returned', async () => {
  const { connection } = line()
  expect(await Promise.resolve(connection)).toBe(connection)
})
