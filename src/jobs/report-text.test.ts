import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gathered, jsonPieces, RawJson } from './report-text'

const text = (value: unknown): string => [...jsonPieces(value)].join('')

test('is what JSON.stringify says, for any JSON', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => text(value) === JSON.stringify(value, null, 2)))
})

test('raw JSON stands as it was found', () => {
  const raw = '{"10":1,"2":12345678901234567890,  "2":3}'
  expect(text({ a: [new RawJson(raw)], gone: undefined })).toBe(`{\n  "a": [\n    ${raw}\n  ]\n}`)
})

test('gathered pieces are the same text', () => {
  const value = Array.from({ length: 30_000 }, (_, i) => ({ path: `/a/${i}` }))
  const parts = [...gathered(jsonPieces(value))]
  expect(parts.length).toBeGreaterThan(5)
  expect(parts.join('')).toBe(JSON.stringify(value, null, 2))
})
