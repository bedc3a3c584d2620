/**
 * What engines do with what stands in the layers: the findings of the scanner, the union and the lint, each with who
 * stumbles on it. As seen on docker 20.10 and 26.1 with overlay2, docker 26.1 with the containerd store, containerd 1.6
 * and 1.7 with overlayfs, podman 4.3 and 5.4 with overlay, umoci 0.4: all but umoci unpack each layer alone. skopeo copies
 * layers and looks into none.
 */
import type { Engine } from './engine'
import type { ConfigFacts, Oddity } from './facts'
import { differs, fails, RESAVE, unread, type Finding } from './findings'

/** Whose code unpacks: moby pkg/archive, containerd pkg/archive, containers/storage pkg/archive, umoci oci/layer. */
export type Applier = 'moby' | 'containerd' | 'storage' | 'umoci'

/** Words of the message where it fails, or `DIFFERS` where the files come out otherwise than Peel shows them. */
const DIFFERS = Symbol('differs')
type Outcome = string | typeof DIFFERS
type Asked = (path: string, engine: Engine) => Outcome | null
type Outcomes = Partial<Readonly<Record<Applier, Outcome | Asked>>>

/** What docker came to with a version, or got over. */
const since23 =
  (says: string): Asked =>
  (_, { id }) =>
    id === 'docker-20' ? null : says

const everywhere = (says: Outcome, umoci: Outcome = says): Outcomes => ({ ...alone(says), umoci })
/** Where layers are unpacked alone. */
const alone = (says: Outcome): Outcomes => ({ moby: says, containerd: says, storage: says })

const NONE = 'no such file or directory'
const NO_DIRECTORY = 'not a directory'
const EXISTS = 'file exists'
const LONG = 'file name too long'
const HEADER = 'invalid tar header'
const END = 'unexpected EOF'
const TYPE = everywhere('unhandled tar header type', 'unknown typeflag')

const until23 =
  (says: string, then: Outcome | null = null): Asked =>
  (_, { id }) =>
    id === 'docker-20' ? says : then

/** By the code of the finding. What is not here is nothing to an engine. */
const OUTCOMES: Readonly<Record<string, Outcomes>> = {
  'hardlink-across-layers': alone(NONE),
  'hardlink-missing': everywhere(NONE),
  'hardlink-forward': everywhere(NONE),
  'hardlink-below-file': everywhere(NO_DIRECTORY),
  'hardlink-to-directory': everywhere(''), // Not permitted, or where a lower layer has it, not there.
  'hardlink-to-whiteout': { ...alone(DIFFERS), umoci: NONE },
  'hardlink-to-aufs': everywhere(DIFFERS),
  'below-file': everywhere(NO_DIRECTORY),
  'below-link-loop': everywhere('too many'),
  'parent-not-directory': { umoci: NO_DIRECTORY },
  'parents-not-directory': { containerd: NO_DIRECTORY, umoci: NO_DIRECTORY },
  'link-leads-below': { moby: NONE, storage: NONE },
  'link-leads-nowhere': { moby: NONE, storage: NONE, containerd: DIFFERS, umoci: DIFFERS },
  'through-symlink': alone(DIFFERS),
  'parent-not-listed': { moby: DIFFERS, storage: DIFFERS },
  'path-twice': {
    moby: 'duplicates of file paths not supported',
    storage: 'duplicates of file paths not supported',
  },
  'root-not-directory': { umoci: 'refusing to change type of root directory' },
  'whiteout-invalid': {
    moby: EXISTS,
    containerd: 'invalid whiteout name',
    storage: EXISTS,
    // It takes away the directory of the marker, or with "..." the one above, and misses it afterwards.
    umoci: (path) => (/^\/\.wh\.\.?$|\/\.wh\.\.\.$/.test(path) ? NONE : DIFFERS),
  },
  'whiteout-twice': alone(EXISTS),
  'whiteout-after-entry': alone(EXISTS),
  'whiteout-above-whiteout': alone(EXISTS),
  'whiteout-below-whiteout': { moby: NO_DIRECTORY, containerd: NO_DIRECTORY },
  'entry-below-whiteout': alone(''), // "not a directory", or where the whiteout comes later, "file exists".
  'whiteout-below-file': { moby: NO_DIRECTORY, containerd: NO_DIRECTORY },
  'opaque-below-file': { containerd: NO_DIRECTORY },
  'whiteout-then-directory': alone(DIFFERS),
  'whiteout-replaces-file': alone(DIFFERS),
  'whiteout-makes-parents': alone(DIFFERS),
  'below-whiteout': alone(DIFFERS),
  'opaque-root': alone(DIFFERS),
  'device-0-0': alone(DIFFERS),
  'name-too-long': everywhere(LONG),
  'path-too-long': everywhere(LONG),
  'symlink-too-long': everywhere(LONG),
  'symlink-empty': everywhere(NONE),
  'owner-too-large': everywhere(DIFFERS),
  'time-lost': everywhere(DIFFERS),
  'xattr-too-large': everywhere(''),
  'capability-invalid': everywhere('invalid argument'),
  'acl-invalid': everywhere('invalid argument'),
  'xattr-user': { storage: 'operation not permitted', umoci: 'permission' },
  'xattr-overlay': { moby: DIFFERS, storage: DIFFERS },
  'xattr-namespace': { moby: since23('operation not supported') },
  'tar-slash-file': everywhere(DIFFERS),
  'tar-contiguous': TYPE,
  'tar-gnu-sparse': TYPE,
  'tar-type': TYPE,
  'tar-solaris-header': TYPE,
  'tar-global-header': { ...alone(DIFFERS), umoci: 'unknown typeflag' },
  'tar-global-ignored': { umoci: 'unknown typeflag' },
  'tar-global-comment': { umoci: 'unknown typeflag' },
  'tar-nul-in-path': everywhere(HEADER),
  'tar-nul-in-key': everywhere(HEADER),
  'tar-number': everywhere(HEADER),
  'tar-lone-zero': everywhere(HEADER),
  // docker 26 stops reading where the tar ends.
  'gzip-zeros': { ...everywhere('gzip: invalid header'), moby: until23('gzip: invalid header') },
  'tar-extension-large': everywhere('header field too long'),
}

/** Faults that end a layer. */
const DAMAGE: Readonly<Record<string, Outcomes>> = {
  'bad-header': everywhere(HEADER),
  'bad-pax': everywhere(HEADER),
  'bad-sparse': everywhere(HEADER),
  'bad-number': everywhere(HEADER),
  truncated: everywhere(END),
  'bad-gzip': everywhere(''),
  'bad-gzip-end': { ...everywhere(''), moby: until23('', DIFFERS) },
  'bad-zstd': everywhere(''),
}

const FLATTEN = 'Export it from Peel with the build flatten, which writes its files anew as one layer.'
const CHANGE = 'Remove or change it in Peel, and export with the build flatten.'
/** What a flattened layer would still have, or cannot be made of. */
const STAYS =
  /^(hardlink-(missing|below-file|to-directory|to-whiteout)|(name|path|symlink)-too-long|symlink-empty|xattr-|capability-|acl-|owner-|time-)/

/** What it comes to where an image is unpacked; the first failure ends it. */
export function ofContents(
  { contents }: Pick<ConfigFacts, 'contents'>,
  applier: Applier,
  engine: Engine,
): Finding | null {
  if (contents === null) return unread()
  const met = contents.flatMap((oddity) => {
    const outcome = outcomeOf(oddity, applier, engine)
    return outcome === null ? [] : [{ oddity, outcome }]
  })
  const failing = met.filter(({ outcome }) => outcome !== DIFFERS)
  const [first] = failing.length > 0 ? failing : met
  if (!first) return null
  const { oddity, outcome } = first
  const others = (failing.length > 0 ? failing : met).length - 1
  const why = `${placed(oddity)}${others === 0 ? '' : ` And ${others} more.`}`
  const repair = DAMAGE[oddity.code] ? RESAVE : STAYS.test(oddity.code) ? CHANGE : FLATTEN
  return outcome === DIFFERS ? differs(why, repair) : fails(outcome as string, why, repair)
}

function outcomeOf({ code, path }: Oddity, applier: Applier, engine: Engine): Outcome | null {
  const found = (OUTCOMES[code] ?? DAMAGE[code])?.[applier]
  return typeof found === 'function' ? found(path, engine) : (found ?? null)
}

/**
 * The same of one layer, where its bytes are what they are called and cannot be read all the same. "unnoticed" where the
 * engine reads what it needs of it.
 */
export function ofDamage(
  { contents }: Pick<ConfigFacts, 'contents'>,
  layer: number,
  applier: Applier,
  engine: Engine,
): Finding | 'unnoticed' | null {
  const hurt = contents?.find(({ code, layer: at }) => at === layer && code in DAMAGE)
  if (!hurt) return null
  const outcome = outcomeOf(hurt, applier, engine)
  return typeof outcome === 'string' ? fails(outcome, placed(hurt), RESAVE) : 'unnoticed'
}

function placed({ layer, path, message }: Oddity): string {
  return `Layer ${layer}${path === '' ? '' : `, ${path}`}: ${message}`
}
