/**
 * One typed call across threads, over comlink. A fault crosses as data and is thrown again on the other side; a worker that
 * dies rejects what was asked of it, which comlink alone would leave waiting for ever (comlink#372, #428).
 * Knows no window and no document: it speaks from page to engine, and from engine to pool.
 */
import { expose, proxy, transfer, wrap, type Endpoint } from 'comlink'
import { faultOf, ImageError, type Fault } from '../src/core/fault/fault'
import type { Answer } from './api'

// Contracts are interfaces of methods; their arguments are whatever the contract says.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Method = (...args: any[]) => unknown
type MethodsOf<Api> = { [Name in keyof Api]: Api[Name] extends Method ? Name : never }[keyof Api]

/** What stands behind `serve`: the contract, each method free to answer now or later. */
export type Served<Api> = {
  [Name in MethodsOf<Api>]: Api[Name] extends (...args: infer Arguments) => infer Result
    ? (...args: Arguments) => Awaited<Result> | Promise<Awaited<Result>>
    : never
}

/** What `connect` gives: the contract, each method answering later. */
export type Connected<Api> = {
  readonly [Name in MethodsOf<Api>]: Api[Name] extends (...args: infer Arguments) => infer Result
    ? (...args: Arguments) => Promise<Awaited<Result>>
    : never
}

export type Connection<Api> = Connected<Api> & {
  /** Stops the worker at once; calls in flight and all later ones reject with `cancelled`. */
  terminate(): void
  /** Resolves when nothing more can be asked: with the fault that every call from then on rejects with. */
  readonly died: Promise<Fault>
}

/** A `Worker` of a page or of a worker, or one end of a MessageChannel. */
export type Line = Worker | MessagePort

const transferred = new WeakMap<object, Transferable[]>()

/** Marks buffers and ports inside an argument or a result to be moved instead of copied. The argument or result itself, not a part of it. */
export function moved<T extends object>(value: T, transfers: Transferable[]): T {
  transferred.set(value, transfers)
  return transfer(value, transfers)
}

/** The worker's side: offers `api` on `endpoint`, by default to whoever started this worker. */
export function serve<Api>(api: Served<Api>, endpoint?: Endpoint): void {
  const answering = new Proxy(api as object, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return undefined
      return (...args: unknown[]) => answerOf(() => method.apply(target, args) as unknown)
    },
  })
  expose(answering, endpoint)
}

async function answerOf<T>(call: () => T | Promise<T>): Promise<Answer<T>> {
  try {
    const value = await call()
    const answer: Answer<T> = { ok: true, value }
    // comlink looks the transfer list up by the value it sends, and that is the answer around the result.
    const moves = typeof value === 'object' && value !== null ? transferred.get(value) : undefined
    return moves ? transfer(answer, moves) : answer
  } catch (thrown) {
    if (!(thrown instanceof ImageError)) console.error(thrown) // A bug: its stack would not survive the wire.
    return { ok: false, fault: faultOf(thrown) }
  }
}

/** Proxies that comlink must not lose to the garbage collector while a call waits (comlink#692). */
const alive = new Set<unknown>()

/**
 * The caller's side. Functions among the arguments are called back across the wire.
 * @param failed what went wrong with whoever is at the other end of a port: a port itself is never told.
 */
export function connect<Api>(line: Line, failed?: Promise<string>): Connection<Api> {
  const remote = wrap<Record<string, Method>>(line as Endpoint)
  const waiting = new Set<(error: ImageError) => void>()
  let death: ImageError | null = null
  let announce: (fault: Fault) => void = () => {}
  const died = new Promise<Fault>((resolve) => (announce = resolve))
  alive.add(remote)

  function die(error: ImageError): void {
    if (death) return
    death = error
    if ('terminate' in line) line.terminate()
    else line.close()
    for (const reject of waiting) reject(error)
    waiting.clear()
    alive.delete(remote)
    announce(error.fault)
  }

  function call(name: string, args: unknown[]): Promise<unknown> {
    if (death) return Promise.reject(death)
    return new Promise((resolve, reject) => {
      waiting.add(reject)
      ;(remote[name](...args.map(callable)) as Promise<Answer<unknown>>)
        .then(
          (answer) => (answer.ok ? resolve(answer.value) : reject(thrownAgain(answer.fault))),
          (thrown) => reject(thrownAgain(faultOf(thrown))), // What could not be cloned, either way.
        )
        .finally(() => waiting.delete(reject))
    })
  }

  void failed?.then((message) => die(new ImageError('internal', message)))
  line.addEventListener('error', (event) => {
    // It is told as a fault, once; unhandled it would be an error of the page as well.
    event.preventDefault()
    die(new ImageError('internal', whyStopped(event)))
  })
  line.addEventListener('messageerror', () => {
    die(new ImageError('internal', 'A background worker sent something that cannot be read.'))
  })

  const own = {
    terminate: () => die(new ImageError('cancelled', 'Cancelled.')),
    died,
  }
  return new Proxy(own, {
    get(target, name) {
      if (typeof name === 'symbol' || name === 'then') return undefined // Not a promise, whoever awaits it.
      if (name in target) return target[name as keyof typeof own]
      return (...args: unknown[]) => call(name, args)
    },
  }) as unknown as Connection<Api>
}

/** A function as an argument that the other side may call. */
export function callable<T>(argument: T): T {
  return typeof argument === 'function' ? (proxy(argument) as T) : argument
}

function thrownAgain({ code, message, where }: Fault): ImageError {
  return new ImageError(code, message, where)
}

/** Chromium, Firefox and Safari send a bare Event when the script cannot be loaded, and an ErrorEvent for an uncaught error. */
export function whyStopped(event: Event): string {
  const message = 'message' in event && typeof event.message === 'string' ? event.message : ''
  return message === ''
    ? 'A background worker could not be started.'
    : `A background worker stopped: ${message}`
}
