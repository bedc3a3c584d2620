/**
 * A structured clone of a view clones the whole buffer below it: ten bytes of a 4 MiB window would store 4 MiB.
 * This copies exactly those views that show only a part, before anything is stored.
 */

/** The same value, with every view over a larger buffer replaced by a copy of what it shows. */
export function withOwnBuffers<T>(value: T): T {
  return own(value) as T
}

function own(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return ownView(value)
  if (value instanceof Map) return new Map([...value].map(([key, of]) => [key, own(of)]))
  if (Array.isArray(value)) return value.map(own)
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    return value
  return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, own(of)]))
}

function ownView(view: ArrayBufferView): ArrayBufferView {
  const whole = view.byteLength === view.buffer.byteLength
  return whole || view instanceof DataView ? view : (view as Uint8Array).slice()
}
