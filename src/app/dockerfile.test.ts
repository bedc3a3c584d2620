import { expect, test } from 'vitest'
import type { ImageView, StepView } from '../../workers/api'
import { dockerfileText } from './dockerfile'

const step = (instruction: string, layer: number | null = null): StepView => ({
  history: 0,
  layer,
  createdBy: instruction,
  instruction,
  created: '',
  comment: '',
  author: '',
})

test('a Dockerfile says that it is rebuilt, and comments out what is no instruction', () => {
  const image = {
    tags: ['demo:1'],
    platform: 'linux/amd64',
    steps: [step('ADD rootfs /', 0), step('CMD ["/bin/sh"]'), step('bazel build ...', 1), step('', 2)],
  } as unknown as ImageView
  const lines = dockerfileText(image).split('\n')
  expect(lines[0]).toBe('# Rebuilt from the history of demo:1 (linux/amd64).')
  expect(lines.slice(3)).toEqual([
    'FROM scratch',
    'ADD rootfs /',
    'CMD ["/bin/sh"]',
    '# bazel build ...',
    '# layer 2: no history line',
    '',
  ])
})
