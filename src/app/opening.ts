/** What people drop or choose, as files with their paths. The one door for drop, button, paste and launch. */
import type { OpenedFile } from '../../workers/api'

/** What was dropped. Must be called within the drop event: the browser empties the list afterwards. */
export function droppedFiles(transfer: DataTransfer): Promise<Dropped> {
  const items = [...transfer.items].filter((item) => item.kind === 'file')
  const entries = items.map((item) => item.webkitGetAsEntry())
  const handles = items.map(handleOf)
  const files = [...transfer.files]
  return collect(entries, files, handles)
}

/** What the system hands over when files of an installed app are opened with it (Chromium: launchQueue). */
export function onLaunch(open: (dropped: Dropped) => void, failed: (thrown: unknown) => void): void {
  const { launchQueue } = globalThis as { launchQueue?: LaunchQueue }
  launchQueue?.setConsumer(({ files }) => {
    if (files.length === 0) return
    Promise.all(files.map((handle) => handle.getFile())).then(
      (opened) =>
        open({
          files: opened.map((file) => ({ path: '', file })),
          emptyDirectories: [],
          folder: '',
          handle: files.length === 1 ? files[0] : null,
        }),
      failed,
    )
  })
}

interface LaunchQueue {
  setConsumer(consumer: (launch: { readonly files: readonly FileSystemFileHandle[] }) => void): void
}

export interface Dropped {
  readonly files: readonly OpenedFile[]
  /** Directories that hold nothing, which no file stands for. */
  readonly emptyDirectories: readonly string[]
  /** Whether it was one folder alone; its own name is then not part of the paths. */
  readonly folder: string
  readonly handle: FileSystemFileHandle | null
}

async function collect(
  entries: (FileSystemEntry | null)[],
  files: File[],
  handles: Promise<FileSystemFileHandle | null>[],
): Promise<Dropped> {
  const found: OpenedFile[] = []
  const emptyDirectories: string[] = []
  if (!entries.some((entry) => entry?.isDirectory)) {
    const handle = handles.length === 1 ? await handles[0] : null
    return { files: files.map((file) => ({ path: '', file })), emptyDirectories, folder: '', handle }
  }
  const known = entries.filter((entry) => entry !== null)
  const alone = known.length === 1 ? known[0].name : ''
  for (const entry of known) await gather(entry, alone === '' ? entry.name : '', found, emptyDirectories)
  return { files: found, emptyDirectories, folder: alone, handle: null }
}

async function gather(
  entry: FileSystemEntry,
  path: string,
  found: OpenedFile[],
  empty: string[],
): Promise<void> {
  if (entry.isFile) {
    found.push({ path, file: await fileOf(entry as FileSystemFileEntry) })
    return
  }
  const children = await childrenOf(entry as FileSystemDirectoryEntry)
  if (children.length === 0) empty.push(path)
  for (const child of children)
    await gather(child, path === '' ? child.name : `${path}/${child.name}`, found, empty)
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject))
}

async function childrenOf(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader()
  const children: FileSystemEntry[] = []
  for (;;) {
    // Chromium answers at most a hundred at a time, and an empty list at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) return children
    children.push(...some)
  }
}

/** Chromium only: lets the page notice that an export is about to overwrite what it is made from. */
async function handleOf(item: DataTransferItem): Promise<FileSystemFileHandle | null> {
  const asked = item as DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> }
  try {
    const handle = await asked.getAsFileSystemHandle?.()
    return handle?.kind === 'file' ? (handle as FileSystemFileHandle) : null
  } catch {
    return null
  }
}
