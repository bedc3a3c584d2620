/** Operations as the recipe file that `readRecipe` reads: contents as text where they are text, else as base64. */
import type { Bytes } from '../bytes/source'
import { decodeUtf8 } from '../bytes/text'
import type { Json, Operation } from './operation'

/** `contentOf` answers the bytes under a content id. */
export async function recipeText(
  operations: readonly Operation[],
  contentOf: (id: string) => Promise<Bytes>,
): Promise<string> {
  const lines: Json[] = []
  for (const operation of operations) lines.push(await lineOf(operation, contentOf))
  // One line of the file for each operation: a team reads the difference of two recipes.
  const list = lines.map((line) => `    ${JSON.stringify(line)}`).join(',\n')
  return `{\n  "peel": "recipe/1",\n  "operations": [${list === '' ? '' : `\n${list}\n  `}]\n}\n`
}

async function lineOf(operation: Operation, contentOf: (id: string) => Promise<Bytes>): Promise<Json> {
  const { mode, ...line } = operation as Operation & { readonly mode?: number }
  const octal = mode === undefined ? {} : { mode: mode.toString(8).padStart(4, '0') }
  if (line.op === 'rebase') {
    const { file, diffIds } = line.onto
    return { ...line, onto: { file, diff_ids: diffIds } } as unknown as Json
  }
  if (line.op !== 'write') return { ...line, ...octal } as unknown as Json
  const { content, size: _, ...rest } = line
  return { ...rest, ...octal, content: contentJson(await contentOf(content)) } as unknown as Json
}

function contentJson(bytes: Bytes): Json {
  const text = decodeUtf8(bytes)
  if (text !== null && !/[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text)) return { text }
  return { base64: base64(bytes) }
}

/** In pieces: one call with all bytes as arguments would be too many. */
function base64(bytes: Bytes): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += 8192)
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(binary)
}
