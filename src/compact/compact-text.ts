/** What a compaction did, in plain text. */
import type { Settled } from '../lake-settle.ts';
import type { CompactResult, TableSize } from './compact.ts';

/** Ends with a line break. */
export function compactText(result: CompactResult, graceHours: number): string {
  const width = Math.max(...result.tables.map(({ table }) => table.length), 0);
  const lines = result.tables.map(
    ({ table, before, after }, index) =>
      `${index === 0 ? 'Merged  ' : '        '}  ${table.padEnd(width)}  ${sizeText(before)} -> ${sizeText(after)}`,
  );
  if (lines.length === 0) lines.push('Merged    nothing: no closed day has several small files');
  const { removed, waiting } = result;
  if (removed.fileCount > 0) {
    lines.push(`Removed   ${settledText(removed)}, merged before`);
  }
  if (waiting.fileCount > 0) {
    lines.push(
      `Waiting   ${settledText(waiting)}: readers may have them open; a compaction ${graceHours} hours from now removes them`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function sizeText({ fileCount, sizeBytes }: TableSize): string {
  return `${filesText(fileCount)} (${bytesText(sizeBytes)})`;
}

function settledText({ fileCount, sizeBytes }: Settled): string {
  return `${filesText(fileCount)} (${bytesText(sizeBytes)})`;
}

function filesText(count: number): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? 'file' : 'files'}`;
}

function bytesText(bytes: number): string {
  return bytes < 1_000_000
    ? `${Math.ceil(bytes / 1000)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
