/** umoci unpack of every name that the layout has (oci/casext, oci/layer). */
import { ofContents, ofDamage } from './contents'
import type { Answer, Engine } from './engine'
import type { Facts, IndexEntry } from './facts'
import { answered, differs, EXPORT, fails, RESAVE, type Finding } from './findings'

const OCI = 'application/vnd.oci.image'

export function umoci({ layout, index }: Facts, engine: Engine): Answer {
  if (!layout || !index || (layout.version !== null && layout.version !== '1.0.0'))
    return answered(
      [],
      [
        fails(
          'invalid image',
          'The archive is no OCI layout: it needs an oci-layout file of version 1.0.0 and an index.json.',
          'Export it from Peel as an OCI layout.',
        ),
      ],
    )
  if (layout.version === null || index.undecodable)
    return answered([], [fails('', 'The layout’s documents are not JSON.', EXPORT)])
  const named = index.entries.filter(({ refName }) => refName !== '')
  if (named.length === 0)
    return answered(
      [],
      [
        differs(
          'index.json has no org.opencontainers.image.ref.name, by which umoci calls an image.',
          'Give it a name in Peel, and export.',
          [],
        ),
      ],
    )
  return answered(
    named.map(({ refName }) => ({ names: [refName], id: null })),
    [ambiguous(named), ...named.map((entry) => ofEntry(entry, engine))],
  )
}

/** A name must lead to one manifest: an index of more is ambiguous to it, attestations counted. */
function ambiguous(named: readonly IndexEntry[]): Finding | null {
  const many = named.find(
    ({ refName, children }) =>
      children.length > 1 || named.filter((other) => other.refName === refName).length > 1,
  )
  if (!many) return null
  const why = `The name ${many.refName} leads to more than one manifest.`
  return fails('tag is ambiguous', why, 'Export the platform that you need from Peel.')
}

function ofEntry({ mediaType, blob, digest, manifest }: IndexEntry, engine: Engine): Finding | null {
  if (mediaType !== `${OCI}.manifest.v1+json` && mediaType !== `${OCI}.index.v1+json`)
    return fails(
      `not implemented: ${mediaType}`,
      'It reads manifests of OCI’s own media type only.',
      'Export it from Peel as an OCI layout.',
    )
  if (blob === 'absent' || blob === 'other')
    return fails('', `The manifest ${digest.slice(0, 19)}… is named and not there.`, RESAVE)
  if (!manifest) return null
  if (!manifest.image || manifest.image.undecodable)
    return fails('config blob', 'The config is named and not there.', RESAVE)
  for (const [i, layer] of manifest.layers.entries()) {
    if (!layer.there) return fails('get layer blob', `Layer ${i} is not in the archive.`, RESAVE)
    if (!layer.mediaType.startsWith(`${OCI}.layer.`))
      return fails('mediatype', `Layer ${i} has the media type ${layer.mediaType}.`, EXPORT)
    const claimed = layer.mediaType.endsWith('+zstd')
      ? 'zstd'
      : layer.mediaType.endsWith('+gzip')
        ? 'gzip'
        : 'none'
    if (!engine.layers.includes(claimed))
      return fails('mediatype', `Layer ${i} is compressed with ${claimed}, which it does not read.`, EXPORT)
    if (claimed !== layer.compression)
      return fails(
        '',
        `Layer ${i} is ${layer.compression === 'none' ? 'plain' : `compressed with ${layer.compression}`}, and its media type says otherwise.`,
        EXPORT,
      )
    const damage =
      layer.intact !== false && layer.sizeFits ? ofDamage(manifest.image, i, 'umoci', engine) : null
    if (damage !== null && damage !== 'unnoticed') return damage
    if (layer.right === false && layer.intact)
      return fails('diffid mismatch', `Layer ${i} is not what its diff_id says.`, RESAVE)
    if (layer.right === false || !layer.sizeFits)
      return fails('digest mismatch', `Layer ${i} is not what its digest and size say.`, RESAVE)
  }
  return ofContents(manifest.image, 'umoci', engine)
}
