/** Whether the lines of a recipe fit an image: what does not is named by its line, and nothing of the recipe is used. */
import { editedConfig } from '../core/edit/config'
import type { Operation } from '../core/edit/operation'
import { ImageError } from '../core/fault/fault'
import type { Image } from '../core/image/image'
import { parseReference } from '../core/image/reference'
import { configEdits } from './edits'

/** Counted from 1, as people count lines. */
export function namedLine(index: number, { fault }: ImageError): ImageError {
  return new ImageError(fault.code, `Line ${index + 1} of the recipe: ${fault.message}`, fault.where)
}

/** Lines that are not about files: each is tried on the config, or as names. */
export function mustFit(operations: readonly Operation[], image: Image): void {
  operations.forEach((operation, index) => {
    try {
      if (operation.op === 'tags') operation.tags.forEach(parseReference)
      if (operation.op === 'config' || operation.op === 'history')
        editedConfig(image.configBytes, configEdits(operations.slice(0, index + 1)))
    } catch (thrown) {
      throw thrown instanceof ImageError ? namedLine(index, thrown) : thrown
    }
  })
}
