/** Firefox by WebDriver BiDi over its own remote port: no geckodriver, which Debian has not. */
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { patiently, type Browser } from './browser'

interface Answer {
  readonly id?: number
  readonly type?: string
  readonly message?: string
  readonly result?: unknown
}

export async function startFirefox(program: string, profile: string): Promise<Browser> {
  rmSync(profile, { recursive: true, force: true })
  mkdirSync(profile, { recursive: true })
  const port = await freePort()
  const child = spawn(
    program,
    ['--headless', '--no-remote', '--profile', profile, `--remote-debugging-port=${port}`, 'about:blank'],
    { stdio: 'ignore', env: { ...process.env, HOME: profile } },
  )
  try {
    const socket = await patiently('Firefox does not answer', 60, () =>
      connected(`ws://127.0.0.1:${port}/session`),
    )
    const call = callerOver(socket)
    const session = await call<{ capabilities: { browserVersion: string } }>('session.new', {
      capabilities: {},
    })
    const { contexts } = await call<{ contexts: { context: string }[] }>('browsingContext.getTree', {})
    const { context } = contexts[0]
    const evaluate = async (body: string): Promise<RemoteValue> => {
      const answer = await call<{ type: string; result: RemoteValue; exceptionDetails?: { text: string } }>(
        'script.evaluate',
        { expression: `(async () => { ${body} })()`, target: { context }, awaitPromise: true },
      )
      if (answer.type === 'exception')
        throw new Error(answer.exceptionDetails?.text ?? 'an exception in the page')
      return answer.result
    }
    return {
      version: session.capabilities.browserVersion,
      go: async (url) => void (await call('browsingContext.navigate', { context, url, wait: 'complete' })),
      reload: async () => void (await call('browsingContext.reload', { context, wait: 'complete' })),
      evaluate: async <T>(body: string) => plainOf(await evaluate(body)) as T,
      async setFile(selector, path) {
        const element = await evaluate(`return document.querySelector(${JSON.stringify(selector)})`)
        await call('input.setFiles', { context, element: { sharedId: element.sharedId }, files: [path] })
      },
      async close() {
        socket.close()
        child.kill('SIGKILL')
        await new Promise((resolve) => setTimeout(resolve, 300))
      },
    }
  } catch (thrown) {
    child.kill('SIGKILL')
    throw thrown
  }
}

interface RemoteValue {
  readonly type: string
  readonly value?: unknown
  readonly sharedId?: string
}

function plainOf({ type, value }: RemoteValue): unknown {
  return type === 'array' ? (value as RemoteValue[]).map(plainOf) : value
}

function connected(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url)
    socket.onopen = () => resolve(socket)
    socket.onerror = () => reject(new Error('no connection'))
  })
}

function callerOver(socket: WebSocket): <T>(method: string, params: object) => Promise<T> {
  const waiting = new Map<number, (answer: Answer) => void>()
  let last = 0
  socket.onmessage = ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer)
  }
  return <T>(method: string, params: object) =>
    new Promise<T>((resolve, reject) => {
      const id = ++last
      const late = setTimeout(() => reject(new Error(`${method}: no answer within a minute`)), 60_000)
      waiting.set(id, (answer) => {
        clearTimeout(late)
        waiting.delete(id)
        if (answer.type === 'error') reject(new Error(`${method}: ${answer.message ?? ''}`))
        else resolve(answer.result as T)
      })
      socket.send(JSON.stringify({ id, method, params }))
    })
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
