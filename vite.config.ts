import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

/**
 * Nothing leaves: the page may load its own scripts, styles and images, and connect nowhere. A meta element binds the page only;
 * workers are bound by the same policy as a response header, from the host or the service worker.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "connect-src 'none'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html peel',
].join('; ')

/** In builds only: the dev server needs its WebSocket and its inline styles. */
const contentSecurityPolicy: Plugin = {
  name: 'peel:content-security-policy',
  apply: 'build',
  transformIndexHtml: {
    order: 'pre',
    handler: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: policy },
        injectTo: 'head-prepend',
      },
    ],
  },
}

export default defineConfig({
  base: './', // From any static host and any sub-path.
  plugins: [svelte(), contentSecurityPolicy],
  define: { global: 'globalThis' }, // lightning-fs looks for `global` and crashes at import in a module worker without it.
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0, // A data: URL would need room in the policy.
    modulePreload: { polyfill: false },
  },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts', 'workers/**/*.test.ts'],
    testTimeout: 60_000,
  },
})
