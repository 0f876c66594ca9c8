/** The field names in the first line of a flow log object, from its first bytes. */
import { constants, gunzipSync } from 'node:zlib';
import { isHeader, tokensOf } from '../ingest/formats/flow-log-record.ts';

/** More than any header line; a gzip of a few kilobytes may expand a thousand times. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Undefined for anything that does not begin with a header: Parquet, records alone, damage. */
export function headerFields(head: Buffer): string[] | undefined {
  const line = textOf(head)
    ?.split('\n', 50)
    .map((one) => one.trim())
    .find((one) => one !== '');
  const tokens = tokensOf(line ?? '');
  if (!isHeader(tokens)) return undefined;
  return tokens.map((token) => token.toLowerCase().replaceAll('_', '-'));
}

function textOf(head: Buffer): string | undefined {
  if (head[0] !== 0x1f || head[1] !== 0x8b) return head.toString('latin1');
  try {
    // What is cut off at the end is not missed.
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_BYTES };
    return gunzipSync(head, options).toString('latin1');
  } catch {
    return undefined;
  }
}
