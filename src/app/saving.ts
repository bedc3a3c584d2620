/** Bytes on their way to the user's disk. */
import type { Format } from '../../workers/api'
import { ImageError } from '../core/fault/fault'

interface SavePicker {
  showSaveFilePicker?(options: {
    suggestedName: string
    types: { description: string; accept: Record<string, string[]> }[]
  }): Promise<FileSystemFileHandle>
}

/** Where an export goes: a file that the user picked, or the downloads of the browser. */
export type Target =
  { readonly kind: 'file'; readonly handle: FileSystemFileHandle } | { readonly kind: 'download' }

/**
 * Asks where to save. First thing after the click: browsers open the dialog only for some seconds after it, and a build may take
 * longer. Null where the user thought better of it.
 */
export async function pickTarget(
  suggestedName: string,
  opened: FileSystemFileHandle | null,
): Promise<Target | null> {
  const { showSaveFilePicker } = globalThis as SavePicker
  if (!showSaveFilePicker) return { kind: 'download' }
  try {
    const handle = await showSaveFilePicker.call(globalThis, {
      suggestedName,
      types: [
        suggestedName.endsWith('.gz')
          ? { description: 'Compressed tar', accept: { 'application/gzip': ['.gz'] } }
          : suggestedName.endsWith('.zip')
            ? { description: 'Zip', accept: { 'application/zip': ['.zip'] } }
            : { description: 'Image archive', accept: { 'application/x-tar': ['.tar'] } },
      ],
    })
    if (await opened?.isSameEntry(handle))
      throw new ImageError(
        'bad-operation',
        'That is the file that is open. Pick another name: it is still read while saving.',
      )
    return { kind: 'file', handle }
  } catch (thrown) {
    if (thrown instanceof ImageError) throw thrown
    if (thrown instanceof DOMException && thrown.name === 'AbortError') return null
    return { kind: 'download' } // Forbidden in a frame or by policy: the ordinary way still works.
  }
}

/** Streams `blob` to the target. `tell` hears the bytes written so far; a download tells nothing, the browser shows it. */
export async function save(
  blob: Blob,
  fileName: string,
  target: Target,
  tell: (bytes: number) => void,
): Promise<void> {
  if (target.kind === 'download') return download(blob, fileName)
  let written = 0
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, out) {
      written += chunk.byteLength
      tell(written)
      out.enqueue(chunk)
    },
  })
  await blob
    .stream()
    .pipeThrough(counted)
    .pipeTo(await target.handle.createWritable())
}

/** Takes a picked file away again that nothing was written to. */
export async function discard(target: Target): Promise<void> {
  if (target.kind !== 'file') return
  const handle = target.handle as FileSystemFileHandle & { remove?: () => Promise<void> }
  await handle.remove?.().catch(() => {})
}

export function download(blob: Blob, fileName: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = fileName
  link.click()
  // Late: a big download still reads from the address minutes after the click.
  setTimeout(() => URL.revokeObjectURL(url), 10 * 60_000)
}

export function downloadText(text: string, fileName: string): void {
  download(new Blob([text], { type: 'text/plain' }), fileName)
}

/** "alpyne-latest.tar" for alpyne:latest, without what file systems and shells stumble over; what is no image archive says so. */
export function fileNameFor(tag: string, otherwise: string, format: Format = 'docker', gzip = false): string {
  const name = tag.replace(/^.*\//, '').replaceAll(/[^\w.-]+/g, '-') || otherwise
  if (format === 'zip') return `${name}-unpacked.zip`
  const kind = format === 'docker' ? '' : `-${format}`
  return `${name}${kind}.tar${format === 'rootfs' && gzip ? '.gz' : ''}`
}

/** True once the text is in the clipboard. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
