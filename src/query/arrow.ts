/**
 * A result as an Arrow IPC stream, built from column vectors: no row objects, one record batch for
 * every few DuckDB chunks, memory bounded by one batch.
 */
import type { DuckDBResult } from '@duckdb/node-api';
import * as arrow from 'apache-arrow';
import { createColumnBuilder } from './arrow-columns.ts';
import type { Sink } from './sink.ts';

const BATCH_ROWS = 65_536;
const BATCH_BYTES = 64 * 1024 * 1024;
const EOS_BYTES = 8;

/** Writes the result and returns the number of rows. Stops early when the sink is closed. */
export async function writeArrow(result: DuckDBResult, sink: Sink): Promise<number> {
  const builders = result.columnTypes().map(createColumnBuilder);
  const names = result.deduplicatedColumnNames();
  const fields = builders.map((builder, index) => {
    return new arrow.Field(names[index] ?? `column${index}`, builder.type, true);
  });
  const schema = new arrow.Schema(fields);
  const head = frame(schema, []);
  const headBytes = head.length - EOS_BYTES;
  await sink.write(head.subarray(0, headBytes));
  let rowCount = 0;
  let batchRows = 0;
  const flush = async (): Promise<void> => {
    if (batchRows === 0) return;
    const data = arrow.makeData({
      type: new arrow.Struct(fields),
      length: batchRows,
      nullCount: 0,
      children: builders.map((builder) => builder.finish()),
    });
    batchRows = 0;
    const framed = frame(schema, [new arrow.RecordBatch(schema, data)]);
    await sink.write(framed.subarray(headBytes, framed.length - EOS_BYTES));
  };
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0 || !sink.isOpen()) break;
    const count = chunk.rowCount;
    builders.forEach((builder, index) => {
      const vector = chunk.getColumnVector(index);
      if (builder.appendVector?.(vector, count)) return;
      for (let row = 0; row < count; row += 1) builder.append(vector.getItem(row));
    });
    rowCount += count;
    batchRows += count;
    const bytes = builders.reduce((sum, builder) => sum + builder.sizeBytes(), 0);
    if (batchRows >= BATCH_ROWS || bytes >= BATCH_BYTES) await flush();
  }
  await flush();
  await sink.write(head.subarray(headBytes));
  return rowCount;
}

/**
 * A whole stream of these batches. The writer of apache-arrow has no back pressure, so each batch is
 * framed on its own and the schema before it, the same bytes every time, is taken off again.
 */
function frame(schema: arrow.Schema, batches: readonly arrow.RecordBatch[]): Uint8Array {
  const writer = new arrow.RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  for (const batch of batches) writer.write(batch);
  writer.finish();
  return writer.toUint8Array(true);
}
