/** Names of bytes. A Digest is of stored bytes, a DiffId of a layer's plain tar, a ChainId of a stack of layers; the compiler keeps them apart. */
import { ImageError, type Place } from '../fault/fault'

declare const isDigest: unique symbol
declare const isDiffId: unique symbol
declare const isChainId: unique symbol

/** "sha256:" and 64 lower-case hex digits (image-spec, descriptor.md, "Digests"). */
export type Digest = string & { readonly [isDigest]: true }
export type DiffId = Digest & { readonly [isDiffId]: true }
export type ChainId = string & { readonly [isChainId]: true }

const grammar = /^sha256:[0-9a-f]{64}$/

/** Throws `bad-digest` where `text` is no SHA-256 digest. */
export function parseDigest(text: unknown, where: Place = {}): Digest {
  if (typeof text === 'string' && grammar.test(text)) return text as Digest
  throw new ImageError(
    'bad-digest',
    `${quote(text)} is not a digest of the form sha256:… with 64 hex digits.`,
    where,
  )
}

/** Throws `bad-digest`. */
export function parseDiffId(text: unknown, where: Place = {}): DiffId {
  return parseDigest(text, where) as DiffId
}

export function isDigestText(text: unknown): text is Digest {
  return typeof text === 'string' && grammar.test(text)
}

export function digestFromBytes(bytes: Uint8Array): Digest {
  let hex = 'sha256:'
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return hex as Digest
}

/** The 64 hex digits: the name of the blob in an OCI layout. */
export function hexOf(digest: Digest | ChainId): string {
  return digest.slice('sha256:'.length)
}

function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  return `"${text.length > 100 ? `${text.slice(0, 100)}…` : text}"`
}
