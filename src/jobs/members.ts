/** The members of the open archive: looked at one by one, hashed, taken out. */
import type { MemberView } from '../../workers/api'
import type { Digest } from '../core/digest/digest'
import { sha256Of } from '../core/digest/sha256'
import { ImageError } from '../core/fault/fault'
import type { Archive } from '../core/image/image'
import { memberView } from './anatomy'
import { blobOf } from './segments'
import { asTask, type Tasks } from './tasks'

/** All of its methods throw `no-such-path` where the archive has no member of that number. */
export class Members {
  readonly #archive: Archive
  readonly #tasks: Tasks

  constructor(archive: Archive, tasks: Tasks) {
    this.#archive = archive
    this.#tasks = tasks
  }

  /** @param check hashed whatever its size. */
  async view(index: number, check = false): Promise<MemberView> {
    this.#check(index)
    return memberView(this.#archive, index, check ? await this.#hashed(index) : null)
  }

  async download(index: number): Promise<Blob> {
    this.#check(index)
    const { members } = this.#archive
    return blobOf(members.body(members.list[index]))
  }

  #hashed(index: number): Promise<Digest> {
    const { members } = this.#archive
    const { path, size } = members.list[index]
    return asTask(this.#tasks, `checking ${path}`, size, 'bytes', (task) => {
      let done = 0
      const onBytes = (bytes: number) => task.progress((done += bytes))
      return sha256Of(members.body(members.list[index]), { signal: task.signal, onBytes })
    })
  }

  #check(index: number): void {
    if (!this.#archive.members.list[index])
      throw new ImageError('no-such-path', `The archive has no member number ${index}.`)
  }
}
