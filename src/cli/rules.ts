/** rules: what each engine will do with an archive, as a table or as JSON. */
import { basename } from 'node:path'
import { merged } from '../core/engine/answers'
import type { Answer, EngineAnswer, EngineImage } from '../core/engine/engine'
import { openSource } from '../jobs/open'
import { inlinePool } from '../jobs/pool'
import { describedIn, knownLayers, oddContents, rulesOf } from '../jobs/rules'
import type { Arguments } from './arguments'
import { FileSource } from './file-source'
import { scratchStores, toScratch } from './scratch'

/** Answers what is to be printed, and 1 as the exit status where an engine refuses the archive. */
export async function runRules({ archive, options }: Arguments): Promise<{ text: string; status: 0 | 1 }> {
  const opened = await openSource(FileSource.open(archive), { store: toScratch })
  const described = await describedIn(opened.tar)
  const isQuick = options.has('no-verify')
  const known = isQuick ? undefined : await knownLayers(described, inlinePool)
  const contents = isQuick ? undefined : await oddContents(described, inlinePool, scratchStores())
  const answers = await rulesOf(described, { compression: opened.compression, known, contents })
  const status = answers.some(({ verdict }) => verdict === 'fails') ? 1 : 0
  const name = basename(archive)
  return { text: options.has('json') ? asJson(name, answers) : asTable(name, answers), status }
}

function asJson(archive: string, answers: readonly EngineAnswer[]): string {
  const engines = answers.map(({ engine: { id, command, versions }, ...answer }) => ({
    engine: id,
    command,
    versions,
    ...answer,
  }))
  return JSON.stringify({ schema: 'peel-rules/1', archive, engines }, null, 2)
}

const MARK = { loads: '✓', differs: '~', fails: '✗', unread: '?' }

function asTable(archive: string, answers: readonly EngineAnswer[]): string {
  const rows = merged(answers)
  const width = Math.max(...rows.map(({ engine }) => engine.length))
  const lines = rows.flatMap(({ engine, answer }) => {
    const { verdict, why, repair } = answer
    const head = `  ${MARK[verdict]} ${engine.padEnd(width)}  ${verdict.padEnd(7)}  ${whatOf(answer)}`
    const indent = ' '.repeat(width + 15)
    return [head.trimEnd(), ...[why, repair && `→ ${repair}`].filter(Boolean).map((line) => indent + line)]
  })
  return [`What engines do with ${archive} (on linux/amd64):`, '', ...lines].join('\n')
}

function whatOf({ verdict, images, says }: Answer): string {
  if (verdict === 'fails') return says === '' ? '' : `“${says}”`
  if (images === null) return ''
  return images.length === 0 ? 'no image' : images.map(imageText).join('; ')
}

function imageText({ names, id }: EngineImage): string {
  const text = names.length > 0 ? names.join(', ') : 'untagged'
  return id === null ? text : `${text}  ${id.slice(0, 19)}`
}
