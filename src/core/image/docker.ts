/** docker save's own description: manifest.json (moby daemon/internal/image/tarexport). */
import { ImageError } from '../fault/fault'
import { Notices } from '../fault/notice'
import type { LayerClaim } from './assemble'
import {
  checked,
  DockerManifest,
  MOST_JSON,
  parseFirstJson,
  withKeysAs,
  type DockerManifestLine,
} from './documents'
import { memberName, type Member, type Members } from './members'

export interface DockerImage {
  readonly line: number
  readonly config: Member
  readonly tags: readonly string[]
  readonly claims: readonly LayerClaim[]
  readonly json: DockerManifestLine
}

export const MANIFEST_JSON = 'manifest.json'

/** One image as registries describe it (image-spec, manifest.md), where a list is due. */
function isRegistryManifest(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'schemaVersion' in json && !Array.isArray(json)
}

/** The lines of manifest.json. A line whose config is not there is a fault of that line: it goes to `notices`, the others stay. */
export async function readDockerManifest(members: Members, notices: Notices): Promise<DockerImage[]> {
  const member = members.get(MANIFEST_JSON, 'docker load')
  const where = { member: MANIFEST_JSON }
  const json = parseFirstJson(await members.read(member, MOST_JSON), where, () =>
    notices.add(
      'warning',
      'json-rest',
      'manifest.json goes on behind its JSON: docker reads the first value only, other tools refuse it.',
      where,
    ),
  )
  if (isRegistryManifest(json))
    throw new ImageError(
      'not-an-image',
      'This is a folder as skopeo’s dir: and podman’s docker-dir write it: its manifest.json is the manifest of a registry, and no engine loads a tar of that. Make an archive of the folder: skopeo copy dir:FOLDER docker-archive:image.tar:NAME:TAG',
      where,
    )
  const lines = checked(
    DockerManifest,
    Array.isArray(json) ? json.map((line) => withKeysAs(line, ['Config', 'RepoTags', 'Layers'])) : json,
    where,
  )
  const images: DockerImage[] = []
  for (const [line, entry] of lines.entries()) {
    const config = members.find(memberName(entry.Config))
    if (!config) {
      notices.add(
        'error',
        'config-missing',
        `manifest.json names the config ${entry.Config}, and the archive does not hold it.`,
        { ...where, image: line },
      )
      continue
    }
    const claims = (entry.Layers ?? []).map((name): LayerClaim => ({
      member: members.find(memberName(name)),
      descriptor: null,
      name,
    }))
    images.push({ line, config, tags: entry.RepoTags ?? [], claims, json: entry })
  }
  return images
}
