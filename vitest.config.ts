import { defineConfig } from 'vitest/config';
import { countsReporter } from './test/counts-reporter.ts';

// biome-ignore lint/style/noDefaultExport: vitest reads the default export of its configuration.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/integration/**'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Also on two cores; by default one is left out.
    maxWorkers: '100%',
    reporters: ['default', countsReporter],
  },
});
