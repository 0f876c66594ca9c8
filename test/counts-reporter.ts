/**
 * Prints the counts of a run as its last line, plainly, for whoever reads the log of a CI:
 * `tests: 12 passed, 0 failed, 0 skipped`.
 */
import type { Reporter } from 'vitest/node';

export const countsReporter: Reporter = {
  onTestRunEnd(modules) {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== 'pending') counts[state] += 1;
      }
      // A file that cannot be loaded, or a hook that fails, has no test to show for it.
      if (module.state() === 'failed' && counts.failed === 0) counts.failed += 1;
    }
    // The default reporter prints its own summary after this event.
    process.once('exit', () => {
      console.log(
        `tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`,
      );
    });
  },
};
