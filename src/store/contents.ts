/** Contents of edited files: up to 64 MiB in lightning-fs, which takes a file as one buffer; larger ones as Blobs. */
import { ImageError } from '../core/fault/fault'
import type { UpperFiles } from '../jobs/ports'
import { blobOf } from '../jobs/segments'
import { IdbSegments } from './segments'
import { Volume } from './volume'

const VOLUME_LIMIT = 64 * 1024 * 1024
const SEGMENT = 64 * 1024 * 1024

const grammar = /^[A-Za-z0-9_-]+$/

export class IdbContents implements UpperFiles {
  readonly #volume = new Volume()
  readonly #large = new IdbSegments('peel-contents', 'record')

  async put(id: string, content: Blob): Promise<void> {
    if (!grammar.test(id)) throw new ImageError('internal', `"${id}" is no id of a content.`)
    if (content.size <= VOLUME_LIMIT) await this.#volume.put(id, new Uint8Array(await content.arrayBuffer()))
    else await this.#putLarge(id, content)
  }

  async get(id: string): Promise<Blob | null> {
    const bytes = await this.#volume.get(id)
    if (bytes) return new Blob([bytes])
    const large = await this.#large.get(id)
    return large && blobOf(large, '')
  }

  async remove(id: string): Promise<void> {
    await this.#volume.remove(id)
    await this.#large.remove(id)
  }

  async ids(): Promise<readonly string[]> {
    const large = await this.#large.list()
    return [...(await this.#volume.ids()), ...large.map(({ key }) => key)]
  }

  sweepLeftovers(): Promise<void> {
    return this.#large.sweep()
  }

  async #putLarge(id: string, content: Blob): Promise<void> {
    const writer = await this.#large.write(id)
    try {
      for (let at = 0; at < content.size; at += SEGMENT) await writer.append(content.slice(at, at + SEGMENT))
      await writer.commit()
    } catch (thrown) {
      await writer.abandon().catch(() => undefined)
      throw thrown
    }
  }
}
