/** Lines of history for what Peel did. */
import type { ConfigEdit } from '../edit/config'
import type { Json } from '../edit/operation'
import type { Image } from '../image/image'
import type { NewLine } from './history'

/** The one line of a flattened image. */
export function flatLine({ id, layers }: Image, created: string | undefined): NewLine {
  return {
    ...(created ? { created } : {}),
    created_by: `peel flatten ${id}`,
    comment: `FROM scratch: the root filesystem of ${layers.length} ${layers.length === 1 ? 'layer' : 'layers'} in one`,
  }
}

/** The line of the layer of edits; the image's own date: no clock, so the same edits give the same image. */
export function editsLine(created: string | undefined): NewLine {
  return { ...(created ? { created } : {}), created_by: 'peel: files edited', comment: 'peel' }
}

/** A line for each edit of the config, as builders write them. History that was edited is not spoken of: it may have been a secret. */
export function configLines(edits: readonly ConfigEdit[], created: string | undefined): NewLine[] {
  return edits
    .filter(({ key }) => key[0] !== 'history')
    .map(({ key, value }) => ({
      ...(created ? { created } : {}),
      created_by: instruction(key, value),
      comment: 'peel',
      empty_layer: true,
    }))
}

/** The Dockerfile line that a config edit amounts to. */
function instruction(key: ConfigEdit['key'], value: Json | undefined): string {
  if (key[0] !== 'config' || key.length < 2)
    return `peel: ${key.join('.')} ${value === undefined ? 'removed' : 'set'}`
  const name = String(key[1])
  const words: Record<string, string> = {
    Cmd: 'CMD',
    Entrypoint: 'ENTRYPOINT',
    User: 'USER',
    WorkingDir: 'WORKDIR',
    StopSignal: 'STOPSIGNAL',
    Shell: 'SHELL',
  }
  if (value !== undefined && name in words)
    return `${words[name]} ${typeof value === 'string' ? value : JSON.stringify(value)}`
  return `peel: ${key.slice(1).join('.')} ${value === undefined ? 'removed' : 'set'}`
}
