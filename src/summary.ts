/**
 * The last words of a run: what was read, what was found, where the pack is, in plain text.
 */
import { relative } from 'node:path';
import { EXIT_CODES } from './errors.ts';
import { STATUS_WORDS, STATUSES } from './reports/report.ts';
import type { ReportOutcome } from './reports/reports.ts';
import { scheduleLines } from './reports/schedule-words.ts';
import { retainLines } from './retain/retain-text.ts';
import type { RunOutcome } from './run.ts';
import { visibleText } from './text-table.ts';

const MAX_LISTED = 5;

/** The summary of a run, ending with a line break. */
export function summaryText(outcome: RunOutcome, lake: string): string {
  const lines = [
    ...ingestLines(outcome),
    ...enrichLines(outcome),
    ...reportLines(outcome),
    ...(outcome.schedule ? scheduleLines(outcome.schedule) : []),
    ...(outcome.retain ? retainLines(outcome.retain) : []),
    ...(outcome.scanned
      ? [`Scanned   ${megabytes(outcome.scanned.bytes)} by the engine of the configuration`]
      : []),
    `Lake      ${shownPath(lake)}`,
    `Time      ${outcome.seconds.toFixed(1)} s`,
  ];
  if (outcome.exitCode === EXIT_CODES.refused) {
    lines.push(
      '',
      'Exit code 3: more was rejected or damaged than the configuration allows (allowance).',
      '`flowproof status` says what and why; every rejected line is kept in rejected_record.',
    );
  }
  return `${lines.join('\n')}\n`;
}

function ingestLines({ ingest }: RunOutcome): string[] {
  if (!ingest) return [];
  const { objectCount, skippedCount, duplicateCount, rowCount } = ingest;
  const lines = [
    `Read      ${plural(objectCount, 'new object')} (${megabytes(ingest.sizeBytes)}), ${plural(skippedCount, 'object')} known before${duplicateCount > 0 ? `, ${plural(duplicateCount, 'duplicate')}` : ''}`,
    `          ${plural(rowCount, 'row')}, ${ingest.nodataCount} NODATA, ${ingest.skipdataCount} SKIPDATA, ${ingest.rejectedCount} rejected`,
  ];
  if (ingest.rejected.length > 0) {
    lines.push(
      `Rejected  ${plural(ingest.rejectedCount, 'line')} in ${plural(ingest.rejected.length, 'object')}, kept in rejected_record`,
      ...listed(ingest.rejected, (item) => `${item.uri} line ${item.lineNumber}: ${item.reason}`),
    );
  }
  if (ingest.damaged.length > 0) {
    lines.push(
      `Damaged   ${plural(ingest.damaged.length, 'object')}; what could be read of them is in the lake`,
      ...listed(ingest.damaged, (item) => `${item.uri} (${item.status}): ${item.reason}`),
    );
  }
  if (ingest.laterCount) {
    lines.push(
      `Later     ${plural(ingest.laterCount, 'object')} left to later runs: of a time after the one that this run is as of`,
    );
  }
  if (ingest.unreachable.length > 0) {
    lines.push(
      `Missing   ${plural(ingest.unreachable.length, 'place')} could not be read; the next run tries again`,
      ...listed(ingest.unreachable, (item) => item.problem),
    );
  }
  return lines;
}

function enrichLines({ enrich }: RunOutcome): string[] {
  if (!enrich) return [];
  const { dayCount, rebuiltDayCount, copyCount, lateDates } = enrich;
  const lines = [
    `Joined    ${plural(dayCount, 'day')} with interfaces, groups, rules and IPS events (${rebuiltDayCount} recomputed)`,
  ];
  if (copyCount > 0) {
    lines.push(
      `Copies    ${plural(copyCount, 'record')} in the lake that another flow log recorded too: each flow counts once (flow_copy)`,
    );
  }
  if (lateDates.length > 0) {
    lines.push(
      `Late      rows of ${plural(lateDates.length, 'day')} that came after the raw rows of these days had left the lake: in flow and ips_event, in no pack`,
      ...listed(lateDates, (date) => date),
    );
  }
  return lines;
}

function reportLines({ reports = [] }: RunOutcome): string[] {
  return reports.flatMap(packLines);
}

function packLines(report: ReportOutcome): string[] {
  const { content } = report;
  const counts = STATUSES.map((status) => {
    const count = content.requirements.filter((item) => item.status === status).length;
    return { status, count };
  }).filter(({ count }) => count > 0);
  const contradicted = content.requirements.filter((item) => item.status === 'contradicts');
  return [
    `Found     ${counts.map(({ status, count }) => `${count} ${STATUS_WORDS[status].label.toLowerCase()}`).join(', ')} (${plural(content.requirements.length, 'requirement')})`,
    ...contradicted.map((item) => `          ${item.id} contradicts: ${item.why}`),
    `Pack      ${shownPath(report.folder)}${report.isChanged ? '' : ' (unchanged)'}`,
    ...(report.keptFolder
      ? [
          `Kept      ${shownPath(report.keptFolder)}: it stood in the pack's place, and was changed by somebody`,
        ]
      : []),
    `          open report.pdf or report.html; check it with: cd ${shownPath(report.folder)} && sha256sum -c SHA256SUMS`,
  ];
}

function listed<Item>(items: readonly Item[], text: (item: Item) => string): string[] {
  const lines = items
    .slice(0, MAX_LISTED)
    .flatMap((item) => text(item).split('\n'))
    .map((line) => `          ${visibleText(line)}`);
  if (items.length > MAX_LISTED) lines.push(`          and ${items.length - MAX_LISTED} more`);
  return lines;
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

function megabytes(bytes: number): string {
  return bytes < 1_000_000
    ? `${Math.ceil(bytes / 1000)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}
