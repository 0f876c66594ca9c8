import { expect, test } from 'vitest';
import { describeProgress, type IngestProgress } from '../../src/ingest/ingest-progress.ts';

const HALFWAY: IngestProgress = {
  objectCount: 50,
  rowCount: 1_000_000,
  sizeBytes: 20_000_000,
  listedCount: 100,
  listedBytes: 60_000_000,
  isListed: true,
  elapsedSeconds: 4,
  uri: 's3://bucket/key',
};

test('tells what is done, the rate and the time left', () => {
  expect(describeProgress(HALFWAY)).toEqual({
    message:
      '50 of 100 objects, 1,000,000 rows, 20.0 of 60.0 MB, 5.0 MB/s, 8 s left  s3://bucket/key',
    details: {
      objects: 50,
      objects_listed: 100,
      rows: 1_000_000,
      bytes: 20_000_000,
      bytes_listed: 60_000_000,
      bytes_per_second: 5_000_000,
      seconds_left: 8,
    },
  });
});

test('says that there is more while the listing goes on, and then no time', () => {
  const { message, details } = describeProgress({ ...HALFWAY, isListed: false });
  expect(message).toBe(
    '50 of 100+ objects, 1,000,000 rows, 20.0 of 60.0+ MB, 5.0 MB/s  s3://bucket/key',
  );
  expect(details).not.toHaveProperty('seconds_left');
});

test('gives no rate of the first moments', () => {
  const { message } = describeProgress({ ...HALFWAY, elapsedSeconds: 0.2 });
  expect(message).toBe('50 of 100 objects, 1,000,000 rows, 20.0 of 60.0 MB  s3://bucket/key');
});

test.each([
  [59, '59 s left'],
  [61, '2 min left'],
  [3_600, '1 h 0 min left'],
  [5_401, '1 h 31 min left'],
])('%i seconds are %s', (seconds, words) => {
  const listedBytes = HALFWAY.sizeBytes + seconds * 5_000_000;
  expect(describeProgress({ ...HALFWAY, listedBytes }).message).toContain(words);
});
