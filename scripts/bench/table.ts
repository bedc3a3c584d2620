/** Rows of the bench: what was measured, beside the limit or the tool that was measured in the same run. */
import { cpus, totalmem, release, type as osType } from 'node:os'

export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: 'ms' | 'MB' | 'kB' | 'B'
  /** What it is held against; "" where nothing is. */
  readonly peer: string
  readonly peerValue: number | null
  /** Ours over the peer's: lower is better. */
  readonly ratio: number | null
  /** Highest ratio that is good enough; null where the issue sets none. */
  readonly bar: number | null
}

export interface Machine {
  readonly date: string
  readonly system: string
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly node: string
  readonly chromium: string
  /** Tools that were there, with their versions; a peer that is not there has no row. */
  readonly peers: Readonly<Record<string, string>>
}

export function row(
  name: string,
  value: number,
  unit: BenchRow['unit'],
  against: { peer: string; value: number | null; bar?: number | null } = { peer: '', value: null },
): BenchRow {
  const peerValue = against.value
  return {
    name,
    value: round(value),
    unit,
    peer: against.peer,
    peerValue: peerValue === null ? null : round(peerValue),
    ratio: peerValue ? round(value / peerValue) : null,
    bar: against.bar ?? null,
  }
}

const round = (value: number): number => Number(value.toPrecision(4))

export function machineOf(chromium: string, peers: Readonly<Record<string, string>>): Machine {
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    system: `${osType()} ${release()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    chromium,
    peers,
  }
}

/** A table in Markdown, so that the README can show it as it is. */
export function tableOf(rows: readonly BenchRow[]): string {
  const cells = [
    ['what', 'Peel', 'against', 'its figure', 'ratio', 'bar', ''],
    ...rows.map(({ name, value, unit, peer, peerValue, ratio, bar }) => [
      name,
      figure(value, unit),
      peer,
      peerValue === null ? '' : figure(peerValue, unit),
      ratio === null ? '' : ratio.toFixed(2),
      bar === null ? '' : `≤ ${bar}`,
      ratio === null || bar === null ? '' : ratio <= bar ? '✓' : '✗',
    ]),
  ]
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)))
  const rightAligned = new Set([1, 3, 4])
  const lines = cells.map(
    (line) =>
      `| ${line
        .map((cell, column) =>
          rightAligned.has(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
        )
        .join(' | ')} |`,
  )
  const rule = `|${widths.map((width, column) => (rightAligned.has(column) ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|`
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}

function figure(value: number, unit: BenchRow['unit']): string {
  if (unit === 'ms' && value >= 10_000) return `${(value / 1000).toFixed(1)} s`
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
