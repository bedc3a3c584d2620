/** How the page is built: relative to wherever it is served from, under one policy. */
import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'
import { contentSecurityPolicy, serviceWorker } from './scripts/vite-service-worker.ts'
import { inlineWorkers, oneFile } from './scripts/vite-single.ts'

/**
 * The policy in the page itself, for hosts that send no headers. In builds only: the dev server needs its WebSocket and its inline
 * styles. A meta element binds the page and not its workers: those the service worker binds, or the host's own headers.
 */
const policyInPage: Plugin = {
  name: 'peel:content-security-policy',
  apply: 'build',
  transformIndexHtml: {
    order: 'pre',
    handler: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: contentSecurityPolicy('meta') },
        injectTo: 'head-prepend',
      },
    ],
  },
}

/** `vite build --mode single`: dist-single/peel.html, the whole app in one file. */
const single = {
  publicDir: false as const,
  build: {
    outDir: 'dist-single',
    cssCodeSplit: false,
    modulePreload: false as const,
    rolldownOptions: { output: { codeSplitting: false } },
  },
}

export default defineConfig(({ mode }) => ({
  base: './', // From any static host and any sub-path.
  plugins: [
    svelte(),
    ...(mode === 'single' ? [inlineWorkers(), oneFile()] : [policyInPage, serviceWorker()]),
  ],
  define: { global: 'globalThis' }, // lightning-fs looks for `global` and crashes at import in a module worker without it.
  worker: { format: 'es' as const },
  ...(mode === 'single' ? { publicDir: single.publicDir } : {}),
  build: {
    target: 'es2023',
    assetsInlineLimit: 0, // A data: URL would need room in the policy.
    modulePreload: { polyfill: false },
    ...(mode === 'single' ? single.build : {}),
  },
  test: {
    environment: 'node',
    include: ['{src,workers,scripts}/**/*.test.ts'],
    testTimeout: 60_000,
  },
}))
