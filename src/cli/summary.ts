/** A report for people at a terminal. Names out of an image are escaped by the report already. */
import { sizeWords } from '../core/bytes/size'
import { instructionOf } from '../core/image/instruction'
import { ENGINES, type Engine, type EngineAnswer } from '../core/engine/engine'
import { engineLines } from './engine-lines'
import type { ImageReport, Report } from '../jobs/report'

export function summaryOf(report: Report): string {
  const { archive } = report
  const lines = [
    `${archive.name}: ${sizeWords(archive.bytes)}, ${archive.shapes.join(' + ') || 'unknown'}${archive.compression === 'none' ? '' : `, ${archive.compression}`}, ${archive.members} members`,
  ]
  report.images.forEach((image, index) => lines.push('', ...imageLines(image, index, report.images.length)))
  if (report.notices.length > 0) lines.push('', 'Findings')
  for (const { severity, code, layer, path, member, message } of report.notices) {
    const where = [layer === undefined ? '' : `layer ${layer}`, path ?? member ?? '']
      .filter(Boolean)
      .join(' ')
    lines.push(`  ${severity.padEnd(7)} ${code}${where ? ` (${where})` : ''}: ${message}`)
  }
  lines.push('', 'Engines, on linux/amd64', ...engineLines(answersIn(report)))
  return lines.join('\n')
}

function answersIn({ engines }: Report): EngineAnswer[] {
  const known = new Map<string, Engine>(ENGINES.map((engine) => [engine.id, engine]))
  return engines.map(({ engine, ...answer }) => ({ ...answer, engine: known.get(engine)! }))
}

function imageLines(image: ImageReport, index: number, count: number): string[] {
  const { rootfs, waste, platform } = image
  return [
    `${count > 1 ? `Image ${index}: ` : ''}${image.tags.join(', ') || 'untagged'}  ${[platform.os, platform.architecture, platform.variant].filter(Boolean).join('/')}`,
    `  ID        ${image.id}`,
    ...(image.manifestDigest ? [`  manifest  ${image.manifestDigest}`] : []),
    `  rootfs    ${rootfs.files} files, ${rootfs.directories} directories, ${rootfs.symlinks} symlinks, ${rootfs.hardlinks} hard links, ${sizeWords(rootfs.bytes)}`,
    `  waste     ${sizeWords(waste.reclaimable)} reclaimable, efficiency ${(waste.efficiency * 100).toFixed(1)} % (dive: ${(waste.dive.score * 100).toFixed(1)} %, ${sizeWords(waste.dive.wastedBytes)})`,
    '',
    '    #     stored       files  +added ~changed -removed  step',
    ...stepLines(image),
  ]
}

function stepLines({ history, layers }: ImageReport): string[] {
  const lines: string[] = []
  const told = new Set<number>()
  for (const { createdBy, layer } of history) {
    if (layer === null) lines.push(`    ${'·'.padEnd(52)}${clipped(instructionOf(createdBy))}`)
    else {
      told.add(layer)
      lines.push(layerLine(layers[layer], instructionOf(createdBy)))
    }
  }
  for (const layer of layers) if (!told.has(layer.index)) lines.push(layerLine(layer, ''))
  return lines
}

function layerLine(layer: ImageReport['layers'][number], step: string): string {
  const mark = layer.verified === false ? '✗' : layer.verified ? '✓' : ' '
  const counts = `${`+${layer.added}`.padStart(7)} ${`~${layer.changed}`.padStart(8)} ${`-${layer.removed}`.padStart(8)}`
  return `  ${mark} ${String(layer.index).padStart(3)} ${sizeWords(layer.storedBytes).padStart(8)} ${sizeWords(layer.fileBytes).padStart(11)} ${counts}  ${clipped(step)}`
}

function clipped(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 100 ? `${line.slice(0, 99)}…` : line
}
