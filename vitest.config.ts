import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Longer than any wait for a condition within a test: a machine may be busy.
    testTimeout: 120_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // Many tests start processes of their own, which need a core as well.
    maxWorkers: 2,
  },
});
