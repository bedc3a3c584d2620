/**
 * The whole app as one HTML file, for a machine without a network: styles and scripts stand in the page, workers are
 * blobs made from text in it. Its policy names the digests of what is inlined and lets nothing else run or connect.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'vite'
import { contentSecurityPolicy } from './vite-service-worker.ts'

const WORKER = /\?worker&url$/

/** `import url from './x?worker&url'` as the address of a blob that holds all of the worker. */
export function inlineWorkers(): Plugin {
  return {
    name: 'peel:inline-workers',
    enforce: 'pre',
    async load(id) {
      if (!WORKER.test(id)) return null
      const code = await bundled(id.replace(WORKER, ''))
      return `export default URL.createObjectURL(new Blob([${JSON.stringify(code)}], { type: 'text/javascript' }))`
    },
  }
}

async function bundled(entry: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    mode: 'single',
    define: { global: 'globalThis' },
    plugins: [inlineWorkers()],
    build: {
      write: false,
      target: 'es2023',
      modulePreload: false,
      rolldownOptions: { input: entry, output: { codeSplitting: false, format: 'iife' } },
    },
  })
  const codes = ('output' in result ? result.output : []).flatMap((part) =>
    'code' in part ? [part.code] : [],
  )
  if (codes.length !== 1) throw new Error(`${entry} became ${codes.length} files instead of one.`)
  return codes[0]
}

/** What the build wrote, as one file. */
export function oneFile(): Plugin {
  return {
    name: 'peel:one-file',
    apply: 'build',
    // From the disk, when all that rewrites the parts is done.
    writeBundle: {
      order: 'post',
      sequential: true,
      handler({ dir = '' }) {
        const parts = readdirSync(dir, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
        const text = (ending: string) =>
          parts.filter((path) => path.endsWith(ending)).map((path) => readFileSync(path, 'utf8'))
        const [pages, scripts] = [text('.html'), text('.js')]
        if (pages.length !== 1 || scripts.length !== 1)
          this.error(`One page and one script were due, not ${pages.length} and ${scripts.length}.`)
        const page = inlined(pages[0], withoutEnd(scripts[0]), text('.css').join('\n'))
        for (const entry of readdirSync(dir)) rmSync(join(dir, entry), { recursive: true })
        writeFileSync(join(dir, 'peel.html'), page)
      },
    },
  }
}

/** No text in a script may look like its end, or like the comment that changes how the end is looked for. */
const withoutEnd = (code: string): string =>
  code.replace(/<\/(?=script)/gi, '<\\/').replace(/<!--/g, '<\\!--')

function inlined(html: string, script: string, style: string): string {
  const policy = contentSecurityPolicy('meta')
    .replace("script-src 'self'", `script-src '${digest(script)}' blob:`)
    .replace("style-src 'self'", `style-src '${digest(style)}'`)
    .replace("worker-src 'self'", 'worker-src blob:')
    .replace("manifest-src 'self'; ", '')
    .replace("font-src 'self'; ", '')
    .replace("img-src 'self' ", 'img-src ')
  const head = `<meta http-equiv="Content-Security-Policy" content="${policy}">`
  return html
    .replace(/<meta http-equiv="Content-Security-Policy"[^>]*>\s*/, '')
    .replace(/\s*<link rel="(manifest|stylesheet|modulepreload|apple-touch-icon)"[^>]*>/g, '')
    .replace(/\s*<script type="module"[^>]*><\/script>/, '')
    .replace(/<meta charset="utf-8"\s*\/?>/, (charset) => `${charset}\n    ${head}`)
    .replace('</head>', () => `<style>${style}</style>\n  </head>`)
    .replace('</body>', () => `<script type="module">${script}</script>\n  </body>`)
}

const digest = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`
