/** The script that `flowproof connect --engine athena --raw` prints. */
import { join } from 'node:path';
import { openDatabase, readRows } from '../database.ts';
import { FlowproofError } from '../errors.ts';
import { createLakeViews } from '../lake.ts';
import { QUERIES_ROOT, readQueryFile } from '../query-file.ts';
import { RAW_VIEW, rawStatements, type S3FlowLog } from './raw-flow-logs.ts';

/**
 * The statements for the flow logs that the newest inventory of the lake shows. Throws USAGE if it shows none that is
 * delivered to S3, or not whose it is.
 */
export async function rawScript(lake: string): Promise<string> {
  const flowLogs = await readS3FlowLogs(lake);
  if (flowLogs.length === 0) {
    throw usage(
      'the inventory of the lake has no flow log that is delivered to S3',
      'Add `ec2` or saved describe-flow-logs output to sources.inventory, and run: flowproof ingest',
    );
  }
  const unknown = flowLogs.find(({ account_id, region }) => !account_id || !region);
  if (unknown) {
    throw usage(
      `account or Region of ${unknown.flow_log_id} are not known`,
      'Give account_id and region to its entry of sources.inventory, and run: flowproof ingest',
    );
  }
  const head = [
    '-- Flow logs as AWS delivered them to S3, for Athena (engine version 3), one statement a query.',
    `-- ${RAW_VIEW} has the columns of flow, as far as a raw record has them: no object_id, no line_number, no extra. What it`,
    '-- shows was checked by nobody: no hash says that an object is as it was, a damaged line is a row of what could be',
    '-- read of it, a damaged object ends the query, and one that was delivered twice counts twice. It answers questions;',
    '-- evidence is made of what flowproof ingests.',
    "-- Days are read by their prefix: ask with a condition on delivered, such as: where delivered >= '2026/11/01'",
  ];
  return [head.join('\n'), ...rawStatements(flowLogs).map((statement) => `${statement};`), ''].join(
    '\n\n',
  );
}

export async function readS3FlowLogs(lake: string): Promise<S3FlowLog[]> {
  const database = await openDatabase();
  try {
    await createLakeViews(database.connection, lake);
    const file = readQueryFile('setup', join(QUERIES_ROOT, 'setup', 's3_flow_log.sql'));
    return await readRows<S3FlowLog>(database.connection, file.text);
  } finally {
    database.close();
  }
}

function usage(problem: string, remedy: string): FlowproofError {
  return new FlowproofError('USAGE', { place: '--raw', problem, remedy });
}
