/**
 * npm run map: keeps the list of files in src/README.md. A new file gets a line, made from the first sentence of its
 * opening comment; the line of a file that is gone goes; lines that are there stay as people wrote them.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from './ensure.mjs'

const start = '<!-- files: one line each; npm run map adds and removes lines, people improve the words -->'
const end = '<!-- end of files -->'

/** @param {string} folder @returns {string[]} */
const below = (folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(
      (entry) =>
        entry.isFile() &&
        /\.(ts|svelte|css|mjs|sh)$/.test(entry.name) &&
        !/\.(test|fixture)\.ts$/.test(entry.name),
    )
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))

/** @param {string} path */
function firstSentence(path) {
  const text = readFileSync(join(root, path), 'utf8')
  const comment =
    /^(?:#!.*\n)?(?:<script[^>]*>\s*)?\s*(?:\/\*\*?|<!--)([^]*?)(?:\*\/|-->)/.exec(text)?.[1] ??
    /^(?:#!.*\n)?\s*(?:\/\/|#)(.*)/.exec(text)?.[1] ??
    ''
  const words = comment
    .replace(/\s*\n\s*\*? ?/g, ' ')
    .replace(/^\s*@component/, '')
    .trim()
  return /^.*?[.](?=\s|$)/.exec(words)?.[0].slice(0, -1) || words || '(no opening comment)'
}

const readme = join(root, 'src/README.md')
const text = readFileSync(readme, 'utf8')
const [head, rest] = text.split(start)
const [list, tail] = (rest ?? '').split(end)
if (tail === undefined) throw new Error(`src/README.md lacks the lines "${start}" and "${end}".`)

const known = new Map([...list.matchAll(/^- `([^`]+)` +(\S.*)$/gm)].map((match) => [match[1], match[2]]))
const files = [
  ...['src', 'workers', 'e2e', 'scripts'].flatMap(below),
  'vite.config.ts',
  'playwright.config.ts',
].filter((path) => {
  try {
    return readFileSync(join(root, path)) !== null
  } catch {
    return false
  }
})
/** @type {Map<string, string[]>} */
const folders = new Map()
for (const path of files) folders.set(dirname(path), [...(folders.get(dirname(path)) ?? []), path])

const order = [
  'src/core',
  'src/jobs',
  'src/store',
  'src/testkit',
  'workers',
  'src/cli',
  'src/app',
  'src/ui',
  'src',
  'e2e',
  'scripts',
  '.',
]
const place = (/** @type {string} */ folder) => {
  const at = order.findIndex((top) => folder === top || folder.startsWith(`${top}/`))
  return at < 0 ? order.length : at
}
const sections = [...folders.keys()]
  .sort((one, other) => place(one) - place(other) || (one < other ? -1 : 1))
  .map((folder) => {
    const lines = (folders.get(folder) ?? [])
      .sort()
      .map((path) => `- \`${path}\` ${known.get(path) ?? firstSentence(path)}`)
    return `**${folder === '.' ? 'top' : folder}**\n\n${lines.join('\n')}\n`
  })
writeFileSync(readme, `${head}${start}\n\n${sections.join('\n')}\n${end}${tail}`)
