/** What engines will do with an export before it is built: told from what the image and its edits say alone. */
import type { EngineRow, ExportRequest } from '../../workers/api'
import { editedConfig } from '../core/edit/config'
import { laid, type Stack } from '../core/edit/stack'
import type { Planned } from '../core/engine/planned'
import { namesOf, type Archive, type Image } from '../core/image/image'
import { parsedConfig } from '../core/rebuild/document'
import { contentsOfBuild } from './build-contents'
import { topOf } from './companions'
import type { EditedImage } from './edited-image'
import { configEdits } from './edits'
import { tagsFor, type Exportable } from './exporting'
import { isForEngines, rowsOfPlanned, type Contents } from './rules'

/** What engines will do with what is asked for, before it is built; at most so many layers as are counted here. */
export async function rowsOfExport(
  exportable: Exportable,
  request: ExportRequest,
  contents: Contents,
): Promise<EngineRow[]> {
  const { archive, image, operations, stack, onto, tags: now } = exportable
  const { build, format, tag, from = 0, alone, base = [] } = request
  if (!isForEngines(format)) return []
  const baseLayers = format === 'delta' ? base.length : 0
  const config = parsedConfig(editedConfig(image.configBytes, configEdits(operations)))
  const kept = build === 'flatten' ? [] : layersLaid(image, onto, stack)
  const below = build === 'squash' ? kept.slice(0, Math.max(0, kept.indexOf(image.layers[from]))) : kept
  const others = alone || format === 'delta' ? [] : otherNames(archive, image)
  const planned: Planned = {
    format: format === 'oci' ? 'oci' : 'docker',
    images: [
      {
        ...plannedImage({ ...image, config }, tagsFor(tag, now), below, 1, baseLayers),
        contents: contentsOfBuild(exportable, request),
      },
      ...others.map((other) => ({
        ...plannedImage(other, namesOf(other), other.layers, 0),
        contents: contents.get(other.id) ?? null,
      })),
    ],
  }
  return rowsOfPlanned(planned, baseLayers)
}

/** Images under other names; of those that are platforms of one, the first. */
function otherNames({ images }: Archive, image: Image): Image[] {
  const known = new Set([topOf(image)?.digest].filter((digest) => digest !== undefined))
  return images.filter((other) => {
    const top = topOf(other)?.digest
    if (other === image || (top && known.has(top))) return false
    if (top) known.add(top)
    return true
  })
}

/** Layers as the new image has them, base first, as far as no build changes them. */
function layersLaid(image: Image, onto: EditedImage['onto'], stack: Stack): Image['layers'] {
  const all = [...image.layers, ...(onto?.image.layers ?? [])]
  return laid(stack, image.layers.length).map((layer) => all[layer])
}

function plannedImage(
  { config }: Pick<Image, 'config'>,
  tags: readonly string[],
  layers: Image['layers'],
  more: number,
  leftOut = 0,
): Omit<Planned['images'][number], 'contents'> {
  return {
    tags,
    os: config.os ?? '',
    architecture: config.architecture ?? '',
    layers: layers.length + more,
    absent: layers.flatMap(({ source }, index) => (source === null || index < leftOut ? [index] : [])),
  }
}
