/** Whether an engine did what the rules said it would. */
import type { EngineAnswer } from '../../src/core/engine/engine'
import { peel } from './peel'
import type { Taken, TakenImage } from './takes'

/** In words why Peel has no answer for what it does not read. */
export class Unread extends Error {}

/** The rules' answers for an archive, as the terminal prints them. Throws `Unread`. */
export function answersFor(tar: string): ReadonlyMap<string, EngineAnswer> {
  const said = peel('rules', tar, '--json')
  if (/which is not read here/.test(said.stderr)) throw new Unread(said.stderr.trim())
  if (!said.stdout.startsWith('{')) throw new Error(`peel rules: ${said.stderr}`)
  const { engines } = JSON.parse(said.stdout) as {
    engines: (Omit<EngineAnswer, 'engine'> & { readonly engine: string })[]
  }
  return new Map(engines.map((answer) => [answer.engine, answer as unknown as EngineAnswer]))
}

/** What was not as foreseen; nothing where all was. */
export function surprises(answer: EngineAnswer, taken: Taken): string[] {
  const { verdict, images, says } = answer
  if (verdict === 'fails') {
    if (taken.ok) return [`taken, and was to fail: ${answer.why}`]
    return taken.words.includes(says)
      ? []
      : [`failed otherwise than with "${says}": ${taken.words.slice(0, 300)}`]
  }
  if (!taken.ok) return [`refused, and was to load: ${taken.words.slice(0, 300)}`]
  const found: string[] = []
  if (images !== null && !sameImages(images, taken.images))
    found.push(`images ${shown(taken.images)}, not ${shown(images)}`)
  // A name that an engine lists and does not find is loaded otherwise than one would think.
  if (verdict === 'loads' && taken.lost && taken.lost.length > 0)
    found.push(`not found again: ${taken.lost.join(', ')}`)
  return found
}

function sameImages(due: readonly TakenImage[], there: readonly TakenImage[]): boolean {
  return JSON.stringify(ordered(due, there)) === JSON.stringify(ordered(there, due))
}

/** As text that can be compared: dates that ctr puts into names are any date, an ID that one side does not know is any ID. */
function ordered(images: readonly TakenImage[], others: readonly TakenImage[]): string[] {
  const anyId = [...images, ...others].some(({ id }) => id === null)
  return images
    .map(({ names, id }) => {
      const dateless = names.map((name) => name.replace(/^import-(\d{4}-\d\d-\d\d|DATE):/, 'import-DATE:'))
      return `${[...dateless].sort().join(',')} ${anyId ? '' : id}`
    })
    .sort()
}

function shown(images: readonly TakenImage[]): string {
  const one = ({ names, id }: TakenImage): string =>
    `${names.join(', ') || 'untagged'} ${id?.slice(7, 19) ?? ''}`
  return `[${images.map(one).join('; ')}]`
}
