import { expect, test } from 'vitest'
import {
  commandText,
  durationText,
  mapOfRows,
  readCommand,
  readCount,
  readDuration,
  readExec,
  readHealthTest,
  readStamp,
  rowProblem,
  setOfRows,
  shellWord,
  entrypointRule,
} from './fields'

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

test('the test of a health check: none, a command, or a line for the shell', () => {
  expect(readHealthTest('NONE')).toEqual({ value: ['NONE'], problem: '' })
  expect(readHealthTest('curl -f http://localhost/')).toEqual({
    value: ['CMD-SHELL', 'curl -f http://localhost/'],
    problem: '',
  })
  expect(readHealthTest('["CMD","redis-cli","ping"]').problem).toBe('')
  expect(readHealthTest('["redis-cli","ping"]').problem).toContain('first word')
  expect(readExec('bash').problem).toContain('JSON array')
})

test('times of a health check go forth and back', () => {
  for (const text of ['30s', '1m30s', '500ms', '1h'])
    expect(durationText((readDuration(text) as { value: number }).value)).toBe(text)
  expect(readDuration('1.5s')).toEqual({ value: 1.5e9, problem: '' })
  expect(readDuration('30').problem).not.toBe('')
  expect(readDuration('10ns').problem).not.toBe('')
  expect(readCount('3')).toEqual({ value: 3, problem: '' })
  expect(readCount('-1').problem).not.toBe('')
})

test('a date that docker load would refuse is refused here', () => {
  expect(readStamp('2026-11-22T10:30:00.123456789Z').problem).toBe('')
  expect(readStamp('yesterday').problem).not.toBe('')
  expect(readStamp('2026-13-01T00:00:00Z').problem).not.toBe('')
})

test('a change of one of Entrypoint and Cmd says what becomes of the other', () => {
  const was = { Entrypoint: ['/entry'], Cmd: ['serve'] }
  expect(entrypointRule(was, was)).toBe('')
  expect(entrypointRule(was, { ...was, Entrypoint: ['/other'] })).toMatch(
    /arguments of the new Entrypoint.*"serve"/,
  )
  expect(entrypointRule(was, { ...was, Entrypoint: null })).toMatch(/whole command/)
  expect(entrypointRule(was, { ...was, Cmd: ['other'] })).toMatch(/^Entrypoint stays: the words/)
  expect(entrypointRule(was, { ...was, Cmd: null })).toMatch(/without arguments/)
  expect(entrypointRule(was, { Entrypoint: null, Cmd: ['sh'] })).toBe('')
  expect(entrypointRule({ Entrypoint: null, Cmd: ['a'] }, { Entrypoint: null, Cmd: ['b'] })).toBe('')
})
