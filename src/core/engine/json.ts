/** Fields of documents as Go reads them: keys in any case, and nothing where something else stands. */
import { withKeysAs } from '../image/documents'

export type Json = Readonly<Record<string, unknown>>

export function objectIn(value: unknown, keys: readonly string[]): Json {
  const whole = withKeysAs(value, keys)
  return typeof whole === 'object' && whole !== null && !Array.isArray(whole) ? (whole as Json) : {}
}

export function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function textIn(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export function numberIn(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}
