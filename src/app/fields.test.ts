import { expect, test } from 'vitest'
import { commandText, mapOfRows, readCommand, rowProblem, setOfRows, shellWord } from './fields'

test('a command is read as a Dockerfile reads it: exec form, shell form, nothing', () => {
  expect(readCommand('["/bin/sh","-l"]', null)).toEqual({ value: ['/bin/sh', '-l'], problem: '' })
  expect(readCommand(' echo "$HOME" ', null)).toEqual({
    value: ['/bin/sh', '-c', 'echo "$HOME"'],
    problem: '',
  })
  expect(readCommand('dir', ['cmd', '/S', '/C'])).toEqual({ value: ['cmd', '/S', '/C', 'dir'], problem: '' })
  expect(readCommand('  ', null)).toEqual({ value: undefined, problem: '' })
  expect(readCommand('[]', null)).toEqual({ value: [], problem: '' })
})

test('half an array is a mistake and not a shell command', () => {
  expect(readCommand('["/bin/sh"', null).problem).toContain('JSON array')
  expect(readCommand('["sleep", 5]', null).problem).toContain('string')
})

test('what docker has is shown as docker inspect prints it', () => {
  expect(commandText(['/bin/sh', '-l'])).toBe('["/bin/sh","-l"]')
  expect(commandText(null)).toBe('')
})

test('rows become maps and sets, and a label may hold an equals sign', () => {
  expect(mapOfRows(['a=1', 'b=x=y', 'c'])).toEqual({ a: '1', b: 'x=y', c: '' })
  expect(setOfRows(['6379/tcp'])).toEqual({ '6379/tcp': {} })
})

test('a row that no engine takes says what is due', () => {
  expect(rowProblem('Env', 'PATH=/bin')).toBe('')
  expect(rowProblem('Env', '=x')).not.toBe('')
  expect(rowProblem('ExposedPorts', '6379/tcp')).toBe('')
  expect(rowProblem('ExposedPorts', 'http')).not.toBe('')
  expect(rowProblem('Volumes', 'data')).not.toBe('')
})

test('a name is quoted for a shell only where it must be', () => {
  expect(shellWord('alpyne:latest')).toBe('alpyne:latest')
  expect(shellWord("my image's.tar")).toBe(`'my image'\\''s.tar'`)
})
