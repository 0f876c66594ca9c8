/** The order of the test files: the longest begin first, so that no core waits for one of them at the end. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that run for a minute or more on two cores, the longest first. */
const LONG_FILES: readonly string[] = [
  'test/integration/trino-engine.test.ts',
  'test/integration/trino.test.ts',
  'test/integration/soak.test.ts',
  'test/integration/remote-lake-httpfs.test.ts',
  'test/cli.test.ts',
  'test/enrich/attribution.test.ts',
  'test/enrich/enrich.test.ts',
  'test/ingest/damage.test.ts',
  'test/reports/flipped-byte.test.ts',
  'test/crash/too-little.test.ts',
  'test/crash/soak.test.ts',
];

/** Those first; the others in vitest's own order. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const index = LONG_FILES.findIndex((name) => moduleId.endsWith(name));
      return index < 0 ? LONG_FILES.length : index;
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}
