/** Which image of an archive is meant, by its number from 0, its platform or a name of it. */
import { ImageError } from '../core/fault/fault'
import { namesOf, platformOf, type Archive, type Image } from '../core/image/image'
import { familiarText } from '../core/image/reference'

/** Throws `bad-operation` with the images to choose from. */
export function chosenImage({ images }: Archive, which: string | true | undefined): Image {
  if (which === undefined && images.length === 1) return images[0]
  const found = typeof which === 'string' ? images.filter((image) => answersTo(image, which)) : []
  if (found.length === 1) return found[0]
  const list = images.map((image) => `\n  ${wordsFor(image)}`).join('')
  const what =
    which === undefined
      ? `The archive holds ${images.length} images; say which one with --image NUMBER, PLATFORM or NAME.`
      : `--image ${String(which)} is ${found.length === 0 ? 'none' : 'more than one'} of the images in the archive.`
  throw new ImageError('bad-operation', `${what}${list}`)
}

function answersTo(image: Image, which: string): boolean {
  return (
    which === String(image.index) ||
    which === platformOf(image.config) ||
    namesOf(image).some((name) => familiarText(name) === familiarText(which))
  )
}

function wordsFor(image: Image): string {
  return `${image.index}: ${platformOf(image.config) || 'no platform'} ${namesOf(image).map(familiarText).join(' ')}`
}
