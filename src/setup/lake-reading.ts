/** What the doctor says of how a lake in S3 is read: in place, or from a copy of all. */
import { messageOf } from '../errors.ts';
import { remoteOf } from '../remote-lake/place.ts';
import { wayOfReading } from '../remote-lake/reach.ts';
import type { Check } from './check.ts';

/** Nothing for a lake on a disk. */
export async function checkReading(lake: string): Promise<Check[]> {
  const place = remoteOf(lake);
  if (!place) return [];
  const about = { check: 'lake_read', subject: place.uri };
  try {
    const way = await wayOfReading(place);
    const found =
      way.folder === undefined
        ? `all files are read from the copy in ${lake}: ${way.why}`
        : `files of days of 1 MiB and more are read in S3, by httpfs ${way.version} of ${way.folder}`;
    return [{ ...about, verdict: 'ok', found }];
  } catch (thrown) {
    const [found = '', fix = ''] = messageOf(thrown).split('\n  ');
    return [{ ...about, verdict: 'problem', found, fix }];
  }
}
