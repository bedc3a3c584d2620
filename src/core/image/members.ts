/** The outer tar: what lies where in it, and how its names resolve. */
import { nameText, utf8 } from '../bytes/text'
import type { ByteSource, Bytes } from '../bytes/source'
import { sniffCompression, SNIFF_LENGTH, type Compression } from '../compress/compression'
import { ImageError } from '../fault/fault'
import { Notices } from '../fault/notice'
import { bodyAtOf, headerAtOf, linkTextOf, pathBytesOf, sizeOf } from '../layer/rows'
import type { EntryTable } from '../layer/table'
import { padded, TYPE, type TypeCode } from '../tar/entry'

export interface Member {
  readonly index: number
  /** Cleaned: no "./", no leading or trailing slash. */
  readonly path: string
  readonly type: TypeCode
  readonly link: string
  readonly size: number
  readonly headerAt: number
  readonly bodyAt: number
  readonly endsAt: number
}

/** "./a//b/" → "a/b". ".." is kept: such a name never equals one that a description gives. */
export function cleanPath(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
}

/** A name that a description gives, in the form of members' paths: control characters and backslashes are escaped there. */
export function memberName(text: string): string {
  return nameText(utf8(text))
}

/** How many symlinks are followed from one name; a chain is one or two long in real archives. */
const MOST_LINKS = 16

export class Members {
  readonly list: readonly Member[]
  readonly source: ByteSource
  readonly #table: EntryTable
  readonly #byPath = new Map<string, Member>()
  readonly #compressions = new Map<number, Promise<Compression>>()

  /** Of two members of one name the `last` one counts, as for tar; or the first. */
  constructor(source: ByteSource, table: EntryTable, notices: Notices, counts: 'last' | 'first' = 'last') {
    this.source = source
    this.#table = table
    const list: Member[] = []
    for (let row = 0; row < table.length; row++) list.push(memberOf(table, row))
    this.list = list
    for (const member of counts === 'last' ? list : list.toReversed()) this.#index(member, notices)
  }

  /** As readers see them that stop at the first member of a name; null where no name is there twice. */
  asFirst(): Members | null {
    if (this.#byPath.size === this.list.length) return null
    return new Members(this.source, this.#table, new Notices(), 'first')
  }

  #index(member: Member, notices: Notices): void {
    const earlier = this.#byPath.get(member.path)
    if (earlier && earlier.type === TYPE.file && member.type === TYPE.file)
      notices.add(
        'warning',
        'member-twice',
        `${member.path} is in the archive twice; the later one counts, as for tar.`,
        {
          member: member.path,
          at: member.headerAt,
        },
      )
    this.#byPath.set(member.path, member)
  }

  /** The file of that name, links resolved (a symlink relative to its folder, a hard link from the top); null where there is none. */
  find(path: string): Member | null {
    let name = cleanPath(path)
    for (let hops = 0; hops <= MOST_LINKS; hops++) {
      const member = this.#byPath.get(name)
      if (!member) return null
      if (member.type === TYPE.file) return member
      if (member.type === TYPE.symlink) name = resolved(member)
      else if (member.type === TYPE.hardlink) name = cleanPath(member.link)
      else return null
    }
    throw new ImageError('link-loop', `${path} is a symbolic link that leads round in a circle.`, {
      member: path,
    })
  }

  /** The member of that name itself, links not followed. */
  own(path: string): Member | null {
    return this.#byPath.get(cleanPath(path)) ?? null
  }

  /** Whether its name starts with a slash in the archive. */
  isAbsolute(path: string): boolean {
    const member = this.own(path)
    return member !== null && pathBytesOf(this.#table, member.index)[0] === 0x2f
  }

  isHardLink(path: string): boolean {
    return this.#byPath.get(cleanPath(path))?.type === TYPE.hardlink
  }

  has(path: string): boolean {
    return this.find(path) !== null
  }

  /** The file of that name, or a `missing-member` fault that says who asked for it. */
  get(path: string, askedBy: string): Member {
    const member = this.find(path)
    if (member) return member
    throw new ImageError('missing-member', `${askedBy} names ${path}, and the archive does not hold it.`, {
      member: path,
    })
  }

  body(member: Member): ByteSource {
    return this.source.slice(member.bodyAt, member.size)
  }

  /** How a body is compressed, by its first bytes. Every description that names the member asks; they are read once. */
  compressionOf(member: Member): Promise<Compression> {
    let compression = this.#compressions.get(member.index)
    if (!compression) this.#compressions.set(member.index, (compression = this.#sniffed(member)))
    return compression
  }

  async #sniffed(member: Member): Promise<Compression> {
    return sniffCompression(await this.body(member).read(0, Math.min(SNIFF_LENGTH, member.size)))
  }

  async read(member: Member, limit: number): Promise<Bytes> {
    if (member.size > limit)
      throw new ImageError(
        'too-large',
        `${member.path} has ${member.size} bytes; a document of an image has at most ${limit}.`,
        {
          member: member.path,
        },
      )
    return this.body(member).read(0, member.size)
  }
}

function memberOf(table: EntryTable, row: number): Member {
  const size = sizeOf(table, row)
  const bodyAt = bodyAtOf(table, row)
  return {
    index: row,
    path: cleanPath(nameText(pathBytesOf(table, row))),
    type: table.type[row] as TypeCode,
    link: linkTextOf(table, row),
    size,
    headerAt: headerAtOf(table, row),
    bodyAt,
    endsAt: Math.min(
      bodyAt + padded(size),
      row + 1 < table.length ? headerAtOf(table, row + 1) : table.endsAt,
    ),
  }
}

/** Target of a symlink, from the top of the archive. ".." cannot leave it. */
function resolved(member: Member): string {
  if (member.link.startsWith('/')) return cleanPath(member.link)
  const parts = member.path.split('/').slice(0, -1)
  for (const part of member.link.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}
