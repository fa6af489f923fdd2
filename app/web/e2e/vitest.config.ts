import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['e2e/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    // Two chains and two browsers at a time: the machine of a CI run is small.
    maxWorkers: 2,
    // Tests that mostly wait do so together.
    maxConcurrency: 10,
  },
});
