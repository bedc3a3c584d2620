/**
 * npm run fuzz [-- --seconds 60] [--seed 1] [--only N]: mutated archives, headers, compressed streams, JSON and recipes.
 *
 * Every outcome must be an image or a fault with a code; headers read whole and in pieces must say the same; what a
 * recipe makes of an image must come back from the layer that is written for it. A crash, a hang (20 s without an answer) or more than 1.5 GB of
 * memory is a failure; the file that did it is kept in test-results/fuzz/, and --seed S --only N makes it again.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { root } from '../src/testkit/corpus'
import { allSeeds } from './fuzz/seeds'
import { settled, tryFor } from './fuzz/tries'

const HANG = 20_000
const MEMORY = 1.5e9

type Word =
  | { readonly kind: 'begin'; readonly n: number }
  | { readonly kind: 'end'; readonly n: number; readonly outcome: string }
  | { readonly kind: 'failed'; readonly n: number; readonly words: string }

interface Job {
  readonly seed: number
  readonly from: number
  readonly until: number
  readonly only: number | null
}

async function work({ seed, from, until, only }: Job): Promise<void> {
  const all = allSeeds()
  const say = (word: Word): void => parentPort?.postMessage(word)
  for (let n = only ?? from; only === null ? Date.now() < until : n === only; n++) {
    say({ kind: 'begin', n })
    try {
      const outcome = await settled(tryFor(all, seed, n).run)
      const { rss } = process.memoryUsage()
      if (rss > MEMORY) throw new Error(`${(rss / 1e9).toFixed(1)} GB of memory`)
      say({ kind: 'end', n, outcome })
    } catch (thrown) {
      say({
        kind: 'failed',
        n,
        words: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
      })
    }
  }
}

// ---------------------------------------------------------------- the watch

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
    },
  })
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)]
  const only = values.only === undefined ? null : Number(values.only)
  const until = Date.now() + seconds * 1000
  const outcomes = new Map<string, number>()
  const failures = new Map<string, { n: number; words: string; times: number }>()
  let tried = 0

  const fail = (n: number, words: string): void => {
    // One cause shows itself a thousand times; its first two lines name it.
    const key = words.split('\n').slice(0, 2).join('\n')
    const known = failures.get(key)
    if (known) known.times++
    else {
      failures.set(key, { n, words, times: 1 })
      const folder = join(root, 'test-results/fuzz')
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, `${seed}-${n}.tar`), tryFor(allSeeds(), seed, n).bytes)
      console.log(`FAILED  --seed ${seed} --only ${n}: ${words}\n`)
    }
  }

  for (let from = 0, again = true; again && (only !== null || Date.now() < until);) {
    again = false
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { seed, from, until, only } satisfies Job,
    })
    let current = from
    await new Promise<void>((resolve) => {
      let watch: NodeJS.Timeout | undefined
      const give = (n: number, words: string): void => {
        clearTimeout(watch)
        fail(n, words)
        tried++
        from = n + 1
        again = only === null
        void worker.terminate()
      }
      worker.on('message', (word: Word) => {
        if (word.kind === 'begin') {
          current = word.n
          clearTimeout(watch)
          watch = setTimeout(() => give(word.n, `no answer after ${HANG / 1000} s`), HANG)
        } else {
          tried++
          if (word.kind === 'failed') fail(word.n, word.words)
          else outcomes.set(word.outcome, (outcomes.get(word.outcome) ?? 0) + 1)
        }
      })
      worker.on('error', (error) => give(current, `the thread died: ${error.message}`))
      worker.on('exit', () => {
        clearTimeout(watch)
        resolve()
      })
    })
  }

  console.log(`${tried} mutated inputs, seed ${seed}:`)
  for (const [code, times] of [...outcomes].sort((one, other) => other[1] - one[1]))
    console.log(`  ${String(times).padStart(7)}  ${code}`)
  for (const { n, words, times } of failures.values())
    console.log(`  ${String(times).padStart(7)}  FAILED, first at --only ${n}: ${words.split('\n')[0]}`)
  const failed = [...failures.values()].reduce((sum, { times }) => sum + times, 0)
  console.log(`\n${tried - failed} passed, ${failed} failed`)
  process.exitCode = failed > 0 || tried === 0 ? 1 : 0
}

if (isMainThread) await main()
else await work(workerData as Job)
