/** The builder of a column of texts or bytes: one buffer, and where in it each value ends. */
import { DuckDBBlobValue, DuckDBVarCharVector } from '@duckdb/node-api';
import * as arrow from 'apache-arrow';
import { plainText } from '../value-text.ts';
import {
  bitAt,
  type ColumnBuilder,
  createOffsets,
  createValidity,
  FIRST_CAPACITY,
  makeColumn,
} from './arrow-buffers.ts';
import { INLINE_BYTES, textsOf } from './arrow-vectors.ts';

/** Texts are UTF-8; values that are no text become theirs. */
export function bytesBuilder(type: arrow.Utf8 | arrow.Binary): ColumnBuilder {
  const validity = createValidity();
  const offsets = createOffsets();
  let bytes = Buffer.allocUnsafe(FIRST_CAPACITY * 16);
  let used = 0;
  const reserve = (count: number): void => {
    if (used + count <= bytes.length) return;
    const next = Buffer.allocUnsafe(Math.max(used + count, bytes.length * 2));
    bytes.copy(next, 0, 0, used);
    bytes = next;
  };
  const appendText = (text: string): void => {
    reserve(text.length * 3);
    used += bytes.write(text, used, 'utf8');
  };
  return {
    type,
    append(value) {
      if (value instanceof DuckDBBlobValue && type instanceof arrow.Binary) {
        reserve(value.bytes.length);
        bytes.set(value.bytes, used);
        used += value.bytes.length;
      } else if (value !== null) {
        appendText(typeof value === 'string' ? value : plainText(value));
      }
      validity.push(value !== null);
      offsets.set(validity.length(), used);
    },
    appendVector(vector, count) {
      const texts = vector instanceof DuckDBVarCharVector ? textsOf(vector) : undefined;
      if (!texts) return false;
      const first = validity.length();
      for (let index = 0; index < count; index += 1) {
        if (!texts.bits || bitAt(texts.bits, index)) {
          reserve(INLINE_BYTES);
          const length = texts.copy(index, bytes, used);
          if (length === undefined) appendText(String(vector.getItem(index)));
          else used += length;
        }
        offsets.set(first + index + 1, used);
      }
      validity.pushBits(count, texts.bits);
      return true;
    },
    sizeBytes: () => used,
    finish() {
      const taken = validity.take();
      const data = bytes.subarray(0, used);
      used = 0;
      return makeColumn({ type, ...taken, data, valueOffsets: offsets.take(taken.length) });
    },
  };
}
