import { defineConfig } from 'vitest/config';

/** The official conformance suite: apart from the other tests, since it is fetched from the npm registry first. */
export default defineConfig({
  test: {
    include: ['test/conformance/*.conformance.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    pool: 'forks',
  },
});
