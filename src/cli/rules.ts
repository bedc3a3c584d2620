/** rules: what each engine will do with an archive, as a table or as JSON. */
import { basename } from 'node:path'
import type { EngineAnswer } from '../core/engine/engine'
import { openSource } from '../jobs/open'
import { describedIn, knownLayers, oddContents, rulesOf } from '../jobs/rules'
import type { Arguments } from './arguments'
import { engineLines, engineRecords } from './engine-lines'
import { FileSource } from './file-source'
import { scratchStores, toScratch } from './scratch'
import { threads } from './threads'

/** Answers what is to be printed, and 1 as the exit status where an engine refuses the archive. */
export async function runRules({ archive, options }: Arguments): Promise<{ text: string; status: 0 | 1 }> {
  const opened = await openSource(FileSource.open(archive), { store: toScratch })
  const described = await describedIn(opened.tar)
  const isQuick = options.has('no-verify')
  const known = isQuick ? undefined : await knownLayers(described, threads)
  const contents = isQuick ? undefined : await oddContents(described, threads, scratchStores())
  const answers = await rulesOf(described, { ...opened, known, contents })
  const status = answers.some(({ verdict }) => verdict === 'fails') ? 1 : 0
  const name = basename(archive)
  return { text: options.has('json') ? asJson(name, answers) : asTable(name, answers), status }
}

function asJson(archive: string, answers: readonly EngineAnswer[]): string {
  return JSON.stringify({ schema: 'peel-rules/1', archive, engines: engineRecords(answers) }, null, 2)
}

function asTable(archive: string, answers: readonly EngineAnswer[]): string {
  return [`What engines do with ${archive} (on linux/amd64):`, '', ...engineLines(answers)].join('\n')
}
