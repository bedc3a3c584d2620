/** The engines whose load rules are known, and what differs between their versions. */

export type EngineId =
  | 'docker-20'
  | 'docker-23'
  | 'docker-29'
  | 'docker-containerd'
  | 'ctr-1'
  | 'ctr-2'
  | 'podman-4'
  | 'podman-5'
  | 'skopeo-docker-1.9'
  | 'skopeo-docker'
  | 'skopeo-oci'
  | 'umoci-0.4'
  | 'umoci-0.6'

export interface Engine {
  readonly id: EngineId
  /** What is typed: engines of one command stand together. */
  readonly command: string
  readonly versions: string
  /** Compressions around the whole archive that it takes off. */
  readonly unwraps: readonly string[]
  /** Compressions of layers that it reads. */
  readonly layers: readonly string[]
}

const ALL = ['none', 'gzip', 'bzip2', 'xz', 'zstd']
const WITHOUT_ZSTD = ['none', 'gzip', 'bzip2', 'xz']
/** Seen, and odd: containers/image 5.22 takes off every compression of a docker archive but this one. */
const WITHOUT_GZIP = ['none', 'bzip2', 'xz', 'zstd']

/**
 * In the order in which they are shown. Measured on docker 20.10, 26.1 and 28.5, containerd 1.6, 1.7 and 2.1, podman
 * 4.3, 5.4 and 5.8, skopeo 1.9, 1.18 and 1.22, umoci 0.4 and 0.6; docker 29 from its source (commit 033750cf80 took the v1 form away).
 */
export const ENGINES: readonly Engine[] = [
  // moby pkg/archive learnt zstd in 23.0.
  {
    id: 'docker-20',
    command: 'docker load',
    versions: '20.10 – 22',
    unwraps: WITHOUT_ZSTD,
    layers: WITHOUT_ZSTD,
  },
  { id: 'docker-23', command: 'docker load', versions: '23 – 28', unwraps: ALL, layers: ALL },
  { id: 'docker-29', command: 'docker load', versions: '29, classic store', unwraps: ALL, layers: ALL },
  {
    id: 'docker-containerd',
    command: 'docker load, containerd store',
    versions: '25 – 29',
    unwraps: ALL,
    layers: ['none', 'gzip', 'zstd'],
  },
  {
    id: 'ctr-1',
    command: 'ctr images import',
    versions: '1.6, 1.7',
    unwraps: ['none'],
    layers: ['none', 'gzip', 'zstd'],
  },
  {
    id: 'ctr-2',
    command: 'ctr images import',
    versions: '2',
    unwraps: ['none', 'gzip', 'zstd'],
    layers: ['none', 'gzip', 'zstd'],
  },
  { id: 'podman-4', command: 'podman load', versions: '4.3', unwraps: WITHOUT_GZIP, layers: ALL },
  { id: 'podman-5', command: 'podman load', versions: '5', unwraps: ALL, layers: ALL },
  {
    id: 'skopeo-docker-1.9',
    command: 'skopeo copy docker-archive:',
    versions: '1.9',
    unwraps: WITHOUT_GZIP,
    layers: ALL,
  },
  {
    id: 'skopeo-docker',
    command: 'skopeo copy docker-archive:',
    versions: '1.18 and later',
    unwraps: ALL,
    layers: ALL,
  },
  { id: 'skopeo-oci', command: 'skopeo copy oci-archive:', versions: '', unwraps: ALL, layers: ALL },
  { id: 'umoci-0.4', command: 'umoci unpack', versions: '0.4', unwraps: ALL, layers: ['none', 'gzip'] },
  {
    id: 'umoci-0.6',
    command: 'umoci unpack',
    versions: '0.6',
    unwraps: ALL,
    layers: ['none', 'gzip', 'zstd'],
  },
]

/**
 * loads: under its name, as it is shown. differs: it loads, and something is not as one would think. unread: it depends on
 * layers that nobody has read yet.
 */
export type Verdict = 'loads' | 'differs' | 'fails' | 'unread'

export interface EngineImage {
  /** As the engine lists them; none for an image that is to be had by its ID only. */
  readonly names: readonly string[]
  /** As the engine prints it; null where it prints none, or where a layer's bytes were not read that it depends on. */
  readonly id: string | null
}

export interface Answer {
  readonly verdict: Verdict
  /** Null where what is left behind depends on more than the archive. */
  readonly images: readonly EngineImage[] | null
  /** Words of the engine's own message, as far as they can be known. */
  readonly says: string
  readonly why: string
  readonly repair: string
}

export interface EngineAnswer extends Answer {
  readonly engine: Engine
}
