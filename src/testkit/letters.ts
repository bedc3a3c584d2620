/** Letters that compress, but not to nothing: contents for drawn files that a compressor has work with. The same for the same `seed`. */
export function letters(length: number, seed = 7): string {
  let [text, state] = ['', seed]
  while (text.length < length) text += (state = (state * 48_271) % 2_147_483_647).toString(36)
  return text.slice(0, length)
}
