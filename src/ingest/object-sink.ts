/**
 * The sink of one object: from what a format reads to rows of a batch, with every line counted.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { readRows } from '../database.ts';
import type { BatchWriter } from '../lake-batch.ts';
import { type Cell, findTable, quoteName, quoteText, TABLES } from '../tables.ts';
import { maskCardNumbers } from './card-numbers.ts';
import type { LocalObject, Sink } from './format.ts';
import { maskedCells } from './masked-row.ts';

export type Counts = {
  rowCount: number;
  rejectedCount: number;
  nodataCount: number;
  skipdataCount: number;
  headerCount: number;
  blankCount: number;
  /** Card numbers that were masked. */
  maskedCount: number;
};

/** Where the first rejected line of an object stands, and why it was rejected. */
export type FirstReject = { lineNumber: number; reason: string };

export type ObjectSink = Sink & {
  counts(): Counts;
  firstReject(): FirstReject | undefined;
  /** Earliest and latest record time, in milliseconds. */
  times(): { first: number | undefined; last: number | undefined };
};

const MAX_REJECTED_BYTES = 64 * 1024;

const TIME_COLUMNS = ['start_at', 'end_at', 'event_at', 'taken_at', 'reported_at'] as const;

const layouts = new Map(
  TABLES.filter((table) => table.layer === 'ingest').map((table) => {
    const names = new Set(table.columns.map((column) => column.name));
    return [
      table.name,
      {
        partition: table.partition,
        times: TIME_COLUMNS.filter((name) => names.has(name)),
        hasObjectId: names.has('object_id'),
        hasEventId: names.has('event_id'),
      },
    ];
  }),
);

/** Makes the sink of one object. */
export function createObjectSink(
  object: LocalObject,
  batch: BatchWriter,
  connection: DuckDBConnection,
): ObjectSink {
  const counts: Counts = {
    rowCount: 0,
    rejectedCount: 0,
    nodataCount: 0,
    skipdataCount: 0,
    headerCount: 0,
    blankCount: 0,
    maskedCount: 0,
  };
  let first: number | undefined;
  let last: number | undefined;
  let eventNumber = 0;
  let firstReject: FirstReject | undefined;

  const see = (milliseconds: number): void => {
    if (first === undefined || milliseconds < first) first = milliseconds;
    if (last === undefined || milliseconds > last) last = milliseconds;
  };

  return {
    add(table, row, isExtra = false) {
      const layout = layouts.get(table);
      if (!layout) throw new Error(`ingest does not write ${table}`);
      let date: number | undefined;
      for (const name of layout.times) {
        const milliseconds = millisecondsOf(row[name]);
        if (milliseconds === undefined) continue;
        see(milliseconds);
        date ??= milliseconds;
      }
      const filled: Record<string, Cell> = {};
      if (layout.partition) {
        filled[layout.partition] = date === undefined ? object.modifiedAt : new Date(date);
      }
      if (layout.hasObjectId) filled.object_id = object.objectId;
      if (layout.hasEventId && row.event_id === undefined) {
        // An event without an id of its own is known by its place: object, and order in it.
        eventNumber += 1;
        filled.event_id = `${object.objectId}:${eventNumber}`;
      }
      const masked = maskedCells(table, row);
      if (masked) {
        Object.assign(filled, masked.cells);
        counts.maskedCount += masked.count;
      }
      batch.addRow(table, row, filled);
      if (!isExtra) counts.rowCount += 1;
    },
    async insert(table, select, isExtra = false) {
      const { columns, partition } = findTable(table);
      const named = await readRows<{ column_name: string }>(connection, `describe ${select}`);
      const given = new Set(named.map((row) => row.column_name));
      const times = TIME_COLUMNS.filter((name) => given.has(name));
      const names = columns
        .map((column) => column.name)
        .filter((name) => given.has(name) && name !== 'object_id' && name !== partition);
      const fallback = `timestamp ${quoteText(object.modifiedAt.toISOString().slice(0, 19))}`;
      const date = `cast(coalesce(${[...times, fallback].join(', ')}) as date)`;
      const count = await batch.insertRows(
        table,
        [...names, 'object_id', ...(partition ? [partition] : [])],
        `select ${names.map(quoteName).join(', ')}, ${quoteText(object.objectId)}${partition ? `, ${date}` : ''} from (${select})`,
      );
      if (!isExtra) counts.rowCount += count;
      if (times.length > 0) {
        const [range] = await readRows<{ low: bigint | null; high: bigint | null }>(
          connection,
          `select epoch_ms(min(least(${times.join(', ')}))) as low, epoch_ms(max(greatest(${times.join(', ')}))) as high from (${select})`,
        );
        if (range?.low !== null && range?.low !== undefined) see(Number(range.low));
        if (range?.high !== null && range?.high !== undefined) see(Number(range.high));
      }
      return count;
    },
    query: (sql) => readRows(connection, sql),
    count(kind, lines = 1) {
      counts[`${kind}Count`] += lines;
    },
    reject(lineNumber, reason, bytes, sizeBytes = bytes.length) {
      counts.rejectedCount += 1;
      const shown = maskCardNumbers(reason).text;
      const kept = maskedBytes(bytes);
      counts.maskedCount += kept.count;
      firstReject ??= { lineNumber, reason: shown };
      batch.addRow('rejected_record', {
        object_id: object.objectId,
        uri: object.uri,
        line_number: lineNumber,
        reason: shown,
        record_bytes: kept.bytes,
        record_size_bytes: sizeBytes,
      });
    },
    countAhead({ counts: ahead, firstAt, lastAt }) {
      counts.rowCount += ahead.row;
      counts.nodataCount += ahead.nodata;
      counts.skipdataCount += ahead.skipdata;
      counts.headerCount += ahead.header;
      counts.blankCount += ahead.blank;
      if (firstAt !== undefined) see(Number(firstAt / 1000n));
      if (lastAt !== undefined) see(Number(lastAt / 1000n));
    },
    drain: () => batch.drain(),
    counts: () => ({ ...counts }),
    firstReject: () => firstReject,
    times: () => ({ first, last }),
  };
}

/** Longer than any card number as it is written: the end of one that is cut off is looked at too. */
const BEHIND_CUT_BYTES = 32;

/** A copy of what is kept of a line: other bytes than digits are left as they are. */
function maskedBytes(bytes: Uint8Array): { bytes: Uint8Array; count: number } {
  const kept = Buffer.from(bytes.subarray(0, MAX_REJECTED_BYTES + BEHIND_CUT_BYTES));
  const { text, count } = maskCardNumbers(kept.toString('latin1'));
  if (count > 0) kept.write(text, 'latin1');
  return { bytes: new Uint8Array(kept.subarray(0, MAX_REJECTED_BYTES)), count };
}

function millisecondsOf(cell: Cell): number | undefined {
  if (cell instanceof Date) return cell.getTime();
  if (typeof cell === 'bigint') return Number(cell / 1000n);
  return undefined;
}
