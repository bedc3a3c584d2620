/** peel, at a terminal: the same jobs as in the page. Nothing goes to standard output but the report. */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parentPort } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import { setNativeCrc32 } from '../core/compress/crc32'
import { setNativeGunzip } from '../core/compress/native'
import { setStreamingHasher } from '../core/digest/sha256'
import { faultOf } from '../core/fault/fault'
import { openArchiveIn, openSource } from '../jobs/open'
import { exitCodeOf, refusal, reportOf, reportText, type Report } from '../jobs/report'
import { parseArguments, USAGE, type Arguments } from './arguments'
import { FileSource } from './file-source'
import { gunzipByZlib } from './gunzip'
import { serveJobs } from './program-threads'
import { runRebuild } from './rebuild'
import { runRules } from './rules'
import { scratchStores, toScratch } from './scratch'
import { summaryOf } from './summary'
import { threads } from './threads'

setStreamingHasher(() => createHash('sha256'))
setNativeGunzip(gunzipByZlib)
setNativeCrc32(crc32)

async function inspect({ archive, options }: Arguments): Promise<void> {
  const report = await inspected(archive, options)
  if (options.has('json')) await pipeline(Readable.from(reportText(report)), process.stdout, { end: false })
  else if (report.fault) process.stderr.write(`peel: ${report.fault.message}\n`)
  else process.stdout.write(`${summaryOf(report)}\n`)
  process.exitCode = exitCodeOf(report)
}

async function inspected(path: string, options: Arguments['options']): Promise<Report> {
  let bytes = 0
  try {
    const file = FileSource.open(path)
    bytes = file.size
    const opened = await openSource(file, { store: toScratch })
    const archive = await openArchiveIn(opened.tar)
    return await reportOf(basename(path), opened, archive, {
      files: options.has('files'),
      verify: !options.has('no-verify'),
      pool: threads,
      stores: scratchStores(),
    })
  } catch (thrown) {
    return refusal(basename(path), bytes, faultOf(thrown))
  }
}

async function rules(words: Arguments): Promise<void> {
  const { text, status } = await runRules(words)
  process.stdout.write(`${text}\n`)
  process.exitCode = status
}

// A reader that has seen enough (head, a pager) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(process.exitCode ?? 0)
})

async function run(): Promise<void> {
  const parsed = parseArguments(process.argv.slice(2))
  if (parsed.command === 'help') process.stdout.write(`${USAGE}\n`)
  else if (parsed.command === 'inspect') await inspect(parsed)
  else if (parsed.command === 'rules') await rules(parsed)
  else process.stderr.write(`${await runRebuild(parsed)}\n`)
}

if (parentPort) serveJobs(parentPort)
else
  await run().catch((thrown: unknown) => {
    process.stderr.write(`peel: ${faultOf(thrown).message}\n`)
    process.exitCode = 2
  })
