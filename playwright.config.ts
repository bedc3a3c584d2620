/** Whole journeys on the built app in a real Chromium. e2e/setup.ts serves dist/ for them. */
import { defineConfig } from 'playwright/test'
import { chromiumFlags, findChromium } from './scripts/ensure.mjs'

const executablePath = findChromium()

export default defineConfig({
  testDir: 'e2e',
  testMatch: '*.e2e.ts',
  globalSetup: './e2e/setup.ts',
  // Beside them, test-results/ holds what others need: exports for the real engines, reports for the summary.
  outputDir: 'test-results/e2e',
  reporter: [['list'], ['json', { outputFile: 'test-results/e2e.json' }]],
  workers: 2,
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  // What hangs is found as surely after three minutes, and a machine that is busy is no fault of the program.
  timeout: 180_000,
  expect: { timeout: 15_000 },
  use: {
    viewport: { width: 1440, height: 1000 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    // Without a Chromium of the system, Playwright's own.
    launchOptions: { args: chromiumFlags, ...(executablePath ? { executablePath } : {}) },
  },
})
