import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Node takes the CommonJS build, as Apollo's packages do; Vite by itself would bring the other one beside it.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/harness/stores.ts'],
    // The gateway library reports anonymous usage, and asks the network where it runs, unless told not to.
    env: { APOLLO_TELEMETRY_DISABLED: '1' },
    reporters: ['default', './test/harness/closing-reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Each file starts real servers of its own; two at a time fill two cores.
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['gateway/**', 'subgraphs/**', 'kit/**', 'schema/**', 'ops/**'],
      reporter: ['text-summary'],
    },
  },
});
