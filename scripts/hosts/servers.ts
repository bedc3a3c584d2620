/** nginx and Caddy with what the README says of them: each started on a free port of this machine, with files of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../ensure.mjs'

export type HostName = 'nginx' | 'caddy'

export interface Host {
  /** Where the page is, with a slash at its end. */
  readonly url: string
  close(): Promise<void>
}

/** The block of the README in that language. */
export function snippet(language: HostName): string {
  const [, text] = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(
    readFileSync(join(root, 'README.md'), 'utf8'),
  ) ?? [undefined, undefined]
  if (text === undefined) throw new Error(`The README has no block of ${language}.`)
  return text
}

/** `path`: "/peel", as the README has it, or "" for the root of the host. */
export async function startHost(name: HostName, path: '/peel' | ''): Promise<Host> {
  const folder = mkdtempSync(join(tmpdir(), 'peel-host-'))
  const port = await freePort()
  const files = join(folder, 'www')
  mkdirSync(files, { recursive: true })
  cpSync(join(root, 'dist'), join(files, path), { recursive: true })
  const config = join(folder, 'config')
  const text = snippet(name).replaceAll('/srv/www', files).replaceAll('/peel/', `${path}/`)
  writeFileSync(config, name === 'nginx' ? inNginx(text, port, folder) : inCaddy(text, port))
  const server =
    name === 'nginx'
      ? spawn('nginx', ['-e', join(folder, 'errors'), '-p', folder, '-c', config], { stdio: 'pipe' })
      : spawn('caddy', ['run', '--config', config, '--adapter', 'caddyfile'], {
          stdio: 'pipe',
          env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
        })
  const url = `http://localhost:${port}${path}/`
  const close = async (): Promise<void> => {
    await ended(server)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await answers(url, server)
  } catch (thrown) {
    await close()
    throw thrown
  }
  return { url, close }
}

/** As little around the snippet as there is on every machine that runs it. */
function inNginx(text: string, port: number, folder: string): string {
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;
pid ${join(folder, 'pid')};
events {}
http {
  include /etc/nginx/mime.types;
  access_log off;
${places.map((place) => `  ${place}_temp_path ${join(folder, place)};`).join('\n')}
  server {
    listen 127.0.0.1:${port};
${text}
  }
}
`
}

/** Plain HTTP on the loopback address in place of the site's own name, for which Caddy would fetch a certificate. */
function inCaddy(text: string, port: number): string {
  return `{
  admin off
}
${text.replace(/^example\.org/, `http://localhost:${port}`)}`
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  let words = ''
  server.stderr?.on('data', (chunk: Buffer) => (words += chunk.toString()))
  for (let attempt = 0; attempt < 100; attempt++) {
    if (server.exitCode !== null) break
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${url} does not answer. ${words.slice(-600)}`)
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return
  const gone = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGTERM')
  await gone
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('There is no free port.')
  return address.port
}
