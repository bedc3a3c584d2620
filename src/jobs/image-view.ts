/** One image for the page: everything that is known before its trees are. */
import type { HistoryWords, ImageView } from '../../workers/api'
import { decodeUtf8 } from '../core/bytes/text'
import type { HistoryLine } from '../core/image/documents'
import { platformOf, type Archive, type Image } from '../core/image/image'
import { instructionOf } from '../core/image/instruction'
import { configView } from './config-view'

export function imageView(archive: Archive, image: Image): ImageView {
  const { config } = image
  return {
    index: image.index,
    id: image.id,
    manifestDigest: image.manifest?.digest ?? null,
    tags: image.tags,
    platform: platformOf(config),
    created: config.created ?? '',
    author: config.author ?? '',
    config: configView(config),
    configText: formattedConfig(image.configBytes),
    annotations: textPairs(image.manifest?.json.annotations),
    steps: image.steps.map(({ history, layer, line }) => ({
      history,
      layer,
      created: line?.created ?? '',
      ...wordsOf(line),
    })),
    storedBytes: image.layers.reduce((sum, layer) => sum + layer.storedBytes, 0),
    notices: [...archive.notices, ...image.notices],
  }
}

/** Indented, as people read it; text that is no JSON as it is. */
export function formattedConfig(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes) ?? ''
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** Null where the manifest has none, or there is no manifest. */
export function textPairs(
  annotations: { readonly [key: string]: string | null | undefined } | null | undefined,
): { readonly [key: string]: string } | null {
  if (!annotations) return null
  return Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key, value ?? '']))
}

function wordsOf(line: HistoryLine | null | undefined): HistoryWords {
  return {
    createdBy: line?.created_by ?? '',
    instruction: instructionOf(line?.created_by ?? ''),
    comment: line?.comment ?? '',
    author: line?.author ?? '',
  }
}

/** The words of those lines that differ. */
export function editedHistory(
  before: readonly HistoryLine[] | null | undefined,
  after: readonly HistoryLine[] | null | undefined,
): { readonly [index: number]: HistoryWords } {
  const lines: { [index: number]: HistoryWords } = {}
  for (const [index, line] of (after ?? []).entries()) {
    const [was, now] = [wordsOf(before?.[index]), wordsOf(line)]
    if (JSON.stringify(was) !== JSON.stringify(now)) lines[index] = now
  }
  return lines
}
