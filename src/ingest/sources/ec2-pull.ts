/** One pull of the EC2 API: every answer of an account and region, in one JSON document. */
import type { FileHandle } from 'node:fs/promises';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { FlowproofError } from '../../errors.ts';
import { DESCRIBE_TYPES, ENTRIES_KEY, listOf } from '../describe-types.ts';
import { entrySeriesOf, seriesOf } from '../inventory-series.ts';
import { contentSha256 } from '../inventory-state.ts';
import { isObject, type Json } from '../json.ts';
import { failCall, type Sleep, withRetries } from './aws-call.ts';
import { EC2_CALLS, type Ec2Call, entriesCall, type PageRequest } from './ec2-calls.ts';

/** What the newest snapshot of a resource type in a series held, and since when the lake has it. */
export type KnownContent = { contentSha256: string; takenAt: Date };

/** By resource type and series, with a blank between. */
export type KnownContents = ReadonlyMap<string, KnownContent>;

export type PullOptions = {
  client: EC2Client;
  uri: string;
  accountId: string | undefined;
  region: string;
  known: KnownContents;
  sleep: Sleep;
  pageSize?: number;
};

type Answer = { items: Json[]; failure?: FlowproofError };

type Failure = { Key: string; PrefixListId?: string; Operation: string; Problem: string };

type Unchanged = {
  Key: string;
  PrefixListId?: string;
  ItemCount: number;
  ContentSha256: string;
  SameAsAt: string;
};

/**
 * Makes every call, one after the other, and writes the document: the list of each answer, `Unchanged`
 * for lists that the lake has, `Failures` for calls that failed. Throws the first failure if no call
 * succeeds.
 */
export async function writePull(file: FileHandle, options: PullOptions): Promise<void> {
  const { accountId, region } = options;
  const failures: Failure[] = [];
  const unchanged: Unchanged[] = [];
  let firstFailure: FlowproofError | undefined;
  let successCount = 0;
  let prefixLists: Json[] = [];
  const lists: { PrefixListId: string; Entries: Json[] }[] = [];
  await file.appendFile(`{"AccountId":${JSON.stringify(accountId ?? null)},"Region":"${region}"`);

  let hasRules = false;
  for (const call of EC2_CALLS) {
    const { items, failure } = await callAll(call, options);
    if (call.key === 'PrefixLists') prefixLists = items;
    if (call.key === 'SecurityGroupRules') hasRules = failure === undefined;
    if (failure) {
      firstFailure ??= failure;
      failures.push({ Key: call.key, Operation: call.operation, Problem: problemOf(failure) });
      if (items.length === 0) continue;
    } else {
      successCount += 1;
      const same = sameAsKnown(call.key, items, options);
      // Without the rules, which are asked for before, those in the groups must be read.
      if (same && (call.key !== 'SecurityGroups' || hasRules)) {
        unchanged.push(same);
        continue;
      }
    }
    await file.appendFile(`,\n"${call.key}":${JSON.stringify(items)}`);
  }
  if (successCount === 0 && firstFailure) throw firstFailure;

  for (const id of idsOf(prefixLists)) {
    const call = entriesCall(id);
    const { items, failure } = await callAll(call, options);
    if (failure) {
      failures.push({
        Key: ENTRIES_KEY,
        PrefixListId: id,
        Operation: call.operation,
        Problem: `${id}: ${problemOf(failure)}`,
      });
      // Who may not read one list may not read the others.
      if (/Unauthorized|AccessDenied/.test(failure.problem)) break;
      if (items.length === 0) continue;
    }
    const same = failure ? undefined : sameAsKnown(ENTRIES_KEY, items, options, id);
    if (same) unchanged.push(same);
    else lists.push({ PrefixListId: id, Entries: items });
  }
  const rest = { PrefixListEntries: lists, Unchanged: unchanged, Failures: failures };
  for (const [key, list] of Object.entries(rest)) {
    if (list.length > 0) await file.appendFile(`,\n"${key}":${JSON.stringify(list)}`);
  }
  await file.appendFile('}\n');
}

/** All pages of a call, as JSON has them; with a failure, those before it. */
async function callAll(call: Ec2Call, options: PullOptions): Promise<Answer> {
  const { client, sleep } = options;
  const MaxResults = Math.min(call.pageSize, options.pageSize ?? call.pageSize);
  const items: Json[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const request: PageRequest = {
        MaxResults,
        ...(nextToken === undefined ? {} : { NextToken: nextToken }),
      };
      const page = await withRetries(() => call.send(client, request), sleep).catch((thrown) =>
        failCall(thrown, {
          place: options.uri,
          operation: call.operation,
          needs: `ec2:${call.operation}`,
        }),
      );
      for (const item of page.items ?? []) items.push(JSON.parse(JSON.stringify(item)) as Json);
      nextToken = page.nextToken === '' ? undefined : page.nextToken;
    } while (nextToken !== undefined);
  } catch (thrown) {
    if (!(thrown instanceof FlowproofError)) throw thrown;
    return { items, failure: thrown };
  }
  return { items };
}

function problemOf(failure: FlowproofError): string {
  return `${failure.problem.replace(/\.$/, '')}. ${failure.remedy}`;
}

/** What to write for a list that the lake has as it is; undefined for any other. */
function sameAsKnown(
  key: string,
  items: Json[],
  options: PullOptions,
  prefixListId?: string,
): Unchanged | undefined {
  const type = DESCRIBE_TYPES.find((one) => one.key === key);
  const list = type ? listOf({ [key]: items }, type) : items;
  const sha256 = contentSha256(list);
  const resourceType = type?.resourceType ?? 'prefix_list_entry';
  const series = prefixListId ? entrySeriesOf(options, prefixListId) : seriesOf(options);
  const known = options.known.get(`${resourceType} ${series}`);
  if (known?.contentSha256 !== sha256) return undefined;
  return {
    Key: key,
    ...(prefixListId ? { PrefixListId: prefixListId } : {}),
    ItemCount: list.length,
    ContentSha256: sha256,
    SameAsAt: known.takenAt.toISOString(),
  };
}

function idsOf(prefixLists: readonly Json[]): string[] {
  return prefixLists.flatMap((list) =>
    isObject(list) && typeof list.PrefixListId === 'string' ? [list.PrefixListId] : [],
  );
}
