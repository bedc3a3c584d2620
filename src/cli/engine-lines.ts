/** What engines do with an archive, for people at a terminal. */
import { merged } from '../core/engine/answers'
import type { Answer, EngineAnswer, EngineImage } from '../core/engine/engine'

const MARK = { loads: '✓', differs: '~', fails: '✗', unread: '?' }

export function engineLines(answers: readonly EngineAnswer[]): string[] {
  const rows = merged(answers)
  const width = Math.max(...rows.map(({ engine }) => engine.length))
  return rows.flatMap(({ engine, answer }) => {
    const { verdict, why, repair } = answer
    const head = `  ${MARK[verdict]} ${engine.padEnd(width)}  ${verdict.padEnd(7)}  ${whatOf(answer)}`
    const indent = ' '.repeat(width + 15)
    return [head.trimEnd(), ...[why, repair && `→ ${repair}`].filter(Boolean).map((line) => indent + line)]
  })
}

/** The same as data. */
export function engineRecords(answers: readonly EngineAnswer[]): readonly object[] {
  return answers.map(({ engine: { id, command, versions }, ...answer }) => ({
    engine: id,
    command,
    versions,
    ...answer,
  }))
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
