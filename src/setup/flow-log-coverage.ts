/** Networks in scope, now, that no flow log records, with the command that creates one. */
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import { readRows } from '../database.ts';
import { partitionOf } from '../permissions.ts';
import { QUERIES_ROOT, readQueryFile } from '../query-file.ts';
import { type Check, shellWord } from './check.ts';

type Uncovered = {
  scope_name: string;
  vpc_id: string | null;
  account_id: string | null;
  region: string | null;
  interface_count: bigint;
  uncovered_count: bigint;
  example_interface_id: string | null;
  is_known: boolean;
  create_command: string;
};

/** Needs the tables that `createNetworkTables` makes. */
export async function checkCoverage(
  connection: DuckDBConnection,
  config: Pick<Config, 'sources'>,
): Promise<Check[]> {
  const { text } = readQueryFile('setup', join(QUERIES_ROOT, 'setup', 'uncovered_network.sql'));
  const uncovered = await readRows<Uncovered>(connection, text, {
    log_destination: destinationOf(config),
  });
  const checks = uncovered.map((row): Check => {
    const about = {
      check: 'flow_log_coverage',
      subject: `${row.scope_name}: ${row.vpc_id ?? row.example_interface_id}`,
    };
    if (!row.is_known) {
      return {
        ...about,
        verdict: 'not_checked',
        found: 'the scope names it, and it is in no account and Region whose flow logs are known',
        fix: 'Correct its id under `scope:`, or add its account and Region to `inventory:`.',
      };
    }
    const region = row.region === null ? '' : ` --region ${shellWord(row.region)}`;
    const found =
      row.uncovered_count === 0n
        ? 'no flow log records it; it has no interface as yet'
        : `no flow log records ${row.uncovered_count} of its ${row.interface_count} interfaces in scope, such as ${row.example_interface_id}`;
    return { ...about, verdict: 'problem', found, fix: `${row.create_command}${region}` };
  });
  if (checks.length > 0) return checks;
  const about = { check: 'flow_log_coverage', subject: 'all scopes' };
  const [counts] = await readRows<{ interfaces: bigint; places: bigint }>(
    connection,
    `select (select count(distinct network_interface_id) from scope_interface where valid_to is null) as interfaces,
       (select count(*) from known_place) as places`,
  );
  if (counts?.places === 0n) {
    const found = 'no account and Region tells its flow logs and interfaces';
    return [{ ...about, verdict: 'not_checked', found }];
  }
  return counts?.interfaces === 0n
    ? [
        {
          ...about,
          verdict: 'warning',
          found: 'no interface that is known now is in a scope',
          fix: 'Correct `scope:` in the configuration, or the Regions of `inventory:`.',
        },
      ]
    : [
        {
          ...about,
          verdict: 'ok',
          found: `a flow log records each of the ${counts?.interfaces} interfaces in scope`,
        },
      ];
}

/** Where a new flow log could deliver so that the configuration reads it. */
function destinationOf(config: Pick<Config, 'sources'>): string | null {
  const entry = config.sources.flow_logs.find(({ s3 }) => s3 !== undefined);
  if (entry?.s3 === undefined) return null;
  const path = entry.s3.slice('s3://'.length).replace(/(^|\/)AWSLogs(\/.*)?$/, '$1');
  return `arn:${partitionOf(entry.region ?? '')}:s3:::${path.replace(/\/$/, '')}`;
}
