/** WebKitGTK's MiniBrowser by WebDriver, on a screen that nobody sees. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { which } from '../ensure.mjs'
import { patiently, type Browser } from './browser'
import { freePort } from './firefox'

/** The name that WebDriver gives to the reference of an element. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'

export interface WebKitParts {
  readonly driver: string
  readonly browser: string
  readonly screen: string
  /** "" where all is there. */
  readonly missing: string
}

export function webKitParts(): WebKitParts {
  const driver = which('WebKitWebDriver') ?? ''
  const screen = process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? 'own' : (which('Xvfb') ?? '')
  const browser = miniBrowser()
  const missing = [
    ...(driver === '' ? ['webkit2gtk-driver is not installed'] : []),
    ...(browser === '' ? ['MiniBrowser is not installed'] : []),
    ...(screen === '' ? ['there is no screen, and xvfb is not installed'] : []),
  ].join(', ')
  return { driver, browser, screen, missing }
}

/** /usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser, whatever the machine and version. */
function miniBrowser(): string {
  for (const machine of readdirSync('/usr/lib', { withFileTypes: true }))
    for (const version of ['webkitgtk-6.0', 'webkit2gtk-4.1', 'webkit2gtk-4.0']) {
      const path = `/usr/lib/${machine.name}/${version}/MiniBrowser`
      if (machine.isDirectory() && existsSync(path)) return path
    }
  return ''
}

export async function startWebKit({ driver, browser, screen }: WebKitParts): Promise<Browser> {
  const started: ChildProcess[] = []
  const stop = () => started.forEach((child) => child.kill('SIGKILL'))
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    // Neither a graphics card nor the namespaces that its sandbox wants are there in a container.
    WEBKIT_DISABLE_COMPOSITING_MODE: '1',
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
    LIBGL_ALWAYS_SOFTWARE: '1',
  }
  try {
    if (screen !== 'own') {
      const number = 90 + Math.floor(Math.random() * 900)
      started.push(
        spawn(screen, [`:${number}`, '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], { stdio: 'ignore' }),
      )
      await patiently('Xvfb does not start', 20, async () => {
        if (!existsSync(`/tmp/.X11-unix/X${number}`)) throw new Error('no screen')
      })
      env['DISPLAY'] = `:${number}`
    }
    const port = await freePort()
    started.push(spawn(driver, [`--port=${port}`], { stdio: 'ignore', env }))
    const ask = askerAt(`http://127.0.0.1:${port}`)
    await patiently('WebKitWebDriver does not answer', 20, () => ask('GET', '/status'))
    const session = await ask<{ sessionId: string; capabilities: { browserVersion: string } }>(
      'POST',
      '/session',
      {
        capabilities: {
          alwaysMatch: { 'webkitgtk:browserOptions': { binary: browser, args: ['--automation'] } },
        },
      },
    )
    const at = `/session/${session.sessionId}`
    await ask('POST', `${at}/timeouts`, { script: 60_000, pageLoad: 60_000 })
    return {
      version: session.capabilities.browserVersion,
      go: (url) => ask('POST', `${at}/url`, { url }),
      reload: () => ask('POST', `${at}/refresh`, {}),
      evaluate: <T>(body: string) =>
        ask<T>('POST', `${at}/execute/async`, {
          script: `const tell = arguments[arguments.length - 1];
            (async () => { ${body} })().then(tell, (thrown) => tell({ thrown: String(thrown) }))`,
          args: [],
        }).then((value) => {
          const failed = (value as { thrown?: string } | null)?.thrown
          if (typeof failed === 'string') throw new Error(failed)
          return value
        }),
      async setFile(selector, path) {
        // WebDriver types only into what can be seen.
        await ask('POST', `${at}/execute/sync`, {
          script: `document.querySelector(arguments[0]).hidden = false`,
          args: [selector],
        })
        const element = await ask<Record<string, string>>('POST', `${at}/element`, {
          using: 'css selector',
          value: selector,
        })
        await ask('POST', `${at}/element/${element[ELEMENT]}/value`, { text: path })
      },
      async close() {
        await ask('DELETE', at).catch(() => {})
        stop()
      },
    }
  } catch (thrown) {
    stop()
    throw thrown
  }
}

function askerAt(address: string): <T>(method: string, path: string, body?: object) => Promise<T> {
  return async <T>(method: string, path: string, body?: object) => {
    const response = await fetch(`${address}${path}`, {
      method,
      signal: AbortSignal.timeout(90_000),
      ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
    })
    const { value } = (await response.json()) as { value: T & { error?: string; message?: string } }
    if (!response.ok) throw new Error(`${method} ${path}: ${value.error ?? ''} ${value.message ?? ''}`)
    return value
  }
}
