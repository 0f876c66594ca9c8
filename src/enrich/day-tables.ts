/** Where the steps of a day run, and what they make is kept: on this machine, or by another engine in S3. */
import type { Parameters } from '../database.ts';
import type { Span } from './day-inputs.ts';
import type { Step } from './steps.ts';

/** When the records of a day begin and end, and a hash of who made them. */
export type Extent = Span & { recorders: string };

export type DayTables = {
  /** True if what the steps keep of that day was made from these inputs. */
  areCurrent(steps: readonly Step[], inputs: string, date: string): Promise<boolean>;
  /** Runs the steps of a day, one after the other, and keeps what they make under the hash of its inputs. */
  make(steps: readonly Step[], parameters: Parameters, inputs: string, date: string): Promise<void>;
  /** Reads what `EXTENT_STEP` made of a day. The steps that are made next see the extent of this day alone. */
  readExtent(date: string): Promise<Extent>;
  /** Leaves of the tables of these steps the given days only, and lets all that comes after read them. */
  keepDates(steps: readonly Step[], dates: readonly string[]): Promise<void>;
  /** Records that other records stand for, of all days. */
  countCopies(): Promise<number>;
};

/** Only sums and their parts may stand in several rows; the others are counted without their ids. */
export const COPY_COUNT = `select count(*) filter (where copied_as = 'record')
  + count(distinct flow_id) filter (where copied_as <> 'record') as copy_count
from flow_copy`;
