/** The root filesystem as Peel shows it beside what engines made of the same archive, path by path. */
import { comparedAll, treeOf } from './peel'
import type { Docker } from './dockerd'
import { must, type Row } from './table'
import { unionByUmoci, type Kind } from './umoci'
import { differences, ignoreDockers, rootfsOf, type SeenImage } from './witness'

/** The union as Peel shows it and as docker made it, path by path: `peel inspect --files` beside `docker export`. */
export function sameTree(docker: Docker, tar: string, ref: string, due = treeOf(tar)): Partial<Row> {
  // Docker makes /etc for its hosts file where an image has none.
  const ignored = (path: string, field: string): boolean =>
    ignoreDockers(path, field) || (path === 'etc' && due.etc === undefined)
  mustEqual('docker export', due, comparedAll(rootfsOf(docker.exportRootfs(ref))), ignored)
  return { words: `docker export: ${Object.keys(due).length} paths as Peel shows them` }
}

/** The same beside `umoci unpack`: another implementation of layer.md, which shares no line with docker's. */
export function sameByUmoci(tar: string, kind: Kind, image: number, images: number): Partial<Row> {
  const due = treeOf(tar, image)
  mustEqual('umoci unpack', due, comparedAll(unionByUmoci(tar, kind, image, images)), () => false)
  return { words: `umoci unpack: ${Object.keys(due).length} paths as Peel shows them` }
}

export function mustEqual(
  witness: string,
  due: SeenImage['entries'],
  there: SeenImage['entries'],
  ignored: (path: string, field: string) => boolean,
): void {
  const found = differences(due, there, { ignored })
  must(found.length === 0, `${witness}, ${found.length} differences: ${found.slice(0, 8).join('; ')}`)
}
