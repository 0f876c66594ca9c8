import { defineConfig } from 'vitest/config';
import { countsReporter } from './test/counts-reporter.ts';

// biome-ignore lint/style/noDefaultExport: vitest reads the default export of its configuration.
export default defineConfig({
  test: {
    include: ['test/integration/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', countsReporter],
    // The server is one process and so is each run of flowproof: at once they only wait longer.
    fileParallelism: false,
  },
});
