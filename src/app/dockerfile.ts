/** The history of an image as the text of a Dockerfile, honest about what no history knows. */
import type { ImageView } from '../../workers/api'

export function dockerfileText({ steps, tags, platform }: ImageView): string {
  const header = [
    `# Rebuilt from the history of ${tags[0] ?? 'an image without a name'}${platform === '' ? '' : ` (${platform})`}.`,
    '# A record of what was done, not a recipe to build it again: the sources of COPY and ADD, build stages,',
    '# secrets and the files around it are not in an image.',
    'FROM scratch',
  ]
  return [...header, ...steps.map(lineOf), ''].join('\n')
}

function lineOf({ instruction, createdBy, layer }: ImageView['steps'][number]): string {
  const text = instruction || createdBy
  if (text === '') return `# layer ${layer}: no history line`
  return /^[A-Z]+(\s|$)/.test(text) ? text : `# ${text.replaceAll('\n', '\n# ')}`
}
