import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** Policies of public/_headers by path. */
const policies = new Map<string, string>()
let path = ''
for (const line of readFileSync('public/_headers', 'utf8').split('\n')) {
  if (line.startsWith('/')) path = line
  if (line.includes('Content-Security-Policy:')) policies.set(path, line.slice(line.indexOf(':') + 1).trim())
}

test('pages and the scripts of workers have one policy, and connect nowhere', () => {
  const page = policies.get('/index.html')
  expect(page).toContain("connect-src 'none'")
  expect(page).toContain("default-src 'none'")
  expect(page).toContain("require-trusted-types-for 'script'")
  expect(policies.get('/')).toBe(page)
  expect(policies.get('/assets/*')).toBe(page)
})

test('the service worker may fetch from its own host, and no other path is bound by two policies', () => {
  expect(policies.get('/service-worker.js')).toContain("connect-src 'self'")
  expect([...policies.keys()].filter((path) => path.endsWith('*'))).toEqual(['/assets/*'])
})
