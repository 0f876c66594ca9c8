import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { BlockList } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateSamples } from '../scripts/samples/generate.ts';
import { permittingRules, type TextRecord } from '../scripts/samples/permits.ts';
import {
  FACTS,
  FLOW_LOGS,
  INTERFACES,
  type Interface,
  RULES,
  SNAPSHOT_TIMES,
  seconds,
} from '../scripts/samples/world.ts';
import { parseConfig } from '../src/config.ts';
import { openDatabase, readRows } from '../src/database.ts';
import { quoteText } from '../src/tables.ts';

const COMMITTED = fileURLToPath(new URL('../samples', import.meta.url));
const folders: string[] = [];
let first = '';
let second = '';

beforeAll(async () => {
  for (let count = 0; count < 2; count += 1) {
    folders.push(mkdtempSync(join(tmpdir(), 'flowproof-samples-')));
  }
  [first = '', second = ''] = folders;
  await generateSamples(first);
  await generateSamples(second);
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

function read(folder: string, path: string): Buffer {
  return readFileSync(join(folder, path));
}

/** What can be read of a gzip file, whole or cut. */
function readable(folder: string, path: string): string {
  return gunzipSync(read(folder, path), { finishFlush: constants.Z_SYNC_FLUSH }).toString();
}

async function parquetRows(folder: string, path: string): Promise<Record<string, unknown>[]> {
  const { connection, close } = await openDatabase();
  try {
    const file = quoteText(join(folder, path));
    return await readRows(
      connection,
      `select * from read_parquet(${file}, file_row_number = true) order by file_row_number`,
    );
  } finally {
    close();
  }
}

/** Whole records of a flow log's text files, by field name. */
function textRows(flowLogId: string): TextRecord[] {
  return filesIn(first)
    .filter((path) => path.includes(flowLogId))
    .flatMap((path) => {
      const [header = '', ...lines] = readable(first, path).split('\n').slice(0, -1);
      const names = header.split(' ');
      return lines.map((line) => {
        const values = line.split(' ');
        return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
      });
    });
}

async function toolsRows(): Promise<TextRecord[]> {
  const rows: TextRecord[] = [];
  for (const path of filesIn(first).filter((name) => name.endsWith('.parquet'))) {
    for (const row of await parquetRows(first, path)) {
      const entries = Object.entries(row);
      rows.push(
        Object.fromEntries(
          entries.map(([name, value]) => [name.replaceAll('_', '-'), `${value ?? '-'}`]),
        ),
      );
    }
  }
  return rows;
}

function between(row: TextRecord, from: string, until: string): boolean {
  return Number(row.start) >= seconds(from) && Number(row.end) < seconds(until);
}

const interfaces: readonly Interface[] = Object.values(INTERFACES);

function isTuple(
  row: TextRecord,
  fact: (typeof FACTS)['attack_detected' | 'unexplained_flow' | 'user_session' | 'attack_blocked'],
): boolean {
  return (
    row.srcaddr === fact.sourceAddress &&
    row.srcport === String(fact.sourcePort) &&
    row.dstaddr === fact.destinationAddress &&
    row.dstport === String(fact.destinationPort)
  );
}

describe('the generator', () => {
  test('writes the same bytes every time', () => {
    expect(filesIn(first).length).toBeGreaterThan(150);
    expect(filesIn(second)).toEqual(filesIn(first));
    for (const path of filesIn(first)) {
      expect(read(second, path).equals(read(first, path)), path).toBe(true);
    }
  });

  test('made what is committed', async () => {
    expect(filesIn(COMMITTED)).toEqual(filesIn(first));
    for (const path of filesIn(first)) {
      if (path === FACTS.truncated_gzip.path) {
        // Where half of the bytes ends in the text depends on the build of zlib.
        const [short = '', long = ''] = [readable(first, path), readable(COMMITTED, path)].sort(
          (a, b) => a.length - b.length,
        );
        expect(short.length, path).toBeGreaterThan(1000);
        expect(long.startsWith(short), path).toBe(true);
      } else if (path.endsWith('.gz')) {
        expect(readable(first, path) === readable(COMMITTED, path), path).toBe(true);
      } else if (path.endsWith('.parquet')) {
        expect(await parquetRows(first, path)).toEqual(await parquetRows(COMMITTED, path));
      } else {
        expect(read(first, path).equals(read(COMMITTED, path)), path).toBe(true);
      }
    }
  });

  test('stays small', () => {
    const sizes = filesIn(first).map((path) => statSync(join(first, path)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(4_000_000);
  });

  test('uses documentation and private addresses only', () => {
    const allowed = new BlockList();
    for (const network of ['192.0.2.0', '198.51.100.0', '203.0.113.0']) {
      allowed.addSubnet(network, 24, 'ipv4');
    }
    allowed.addSubnet('10.0.0.0', 8, 'ipv4');
    const found = new Set<string>();
    for (const path of filesIn(first).filter((name) => !name.endsWith('.parquet'))) {
      const text = path.endsWith('.gz') ? readable(first, path) : read(first, path).toString();
      for (const [address] of text.matchAll(
        /(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.])/g,
      )) {
        found.add(address);
      }
    }
    const outside = [...found].filter((address) => !allowed.check(address, 'ipv4'));
    expect(outside.filter((address) => !['0.0.0.0', '20.0.1.690'].includes(address))).toEqual([]);
  });

  test('gives AWS ids their 17 digits', () => {
    const ids = [
      ...RULES.map(({ id }) => id),
      ...interfaces.flatMap((item) => [item.id, item.instance?.id]),
    ];
    for (const id of ids) if (id) expect(id).toMatch(/^(sgr|eni|i)-[0-9a-f]{17}$/);
    expect(new Set(ids.filter((id) => id !== undefined)).size).toBe(ids.filter(Boolean).length);
  });

  test('writes a configuration that flowproof accepts', () => {
    const config = parseConfig(read(first, 'flowproof.yaml').toString(), 'flowproof.yaml');
    expect(config.scope.map(({ name }) => name)).toEqual(['cde', 'connected']);
    expect(config.allowance).toEqual({ rejected_lines: 10, damaged_objects: 1 });
  });
});

describe('the flows', () => {
  test('are permitted where accepted and not where rejected, but for the unexplained one', async () => {
    const rows = [
      ...textRows(FLOW_LOGS.cde).filter(({ srcport }) => srcport !== FACTS.corrupt_line.value),
      ...textRows(FLOW_LOGS.reporting),
      ...(await toolsRows()),
    ].filter((row) => row['log-status'] === 'OK');
    expect(rows.length).toBeGreaterThan(20_000);
    const wrong = rows.filter((row) => {
      const rules = permittingRules(row);
      return rules !== undefined && rules.length > 0 !== (row.action === 'ACCEPT');
    });
    expect(wrong.map((row) => row['interface-id'])).toEqual([FACTS.unexplained_flow.interfaceId]);
    expect(wrong.every((row) => isTuple(row, FACTS.unexplained_flow))).toBe(true);
  });

  test('hold the facts of flow log A', () => {
    const rows = textRows(FLOW_LOGS.cde);
    const { nodata, skipdata, rdp_open: rdp, instance_replaced: replaced } = FACTS;
    const quiet = rows.filter(
      (row) => row['interface-id'] === nodata.interfaceId && row['log-status'] === 'NODATA',
    );
    expect(quiet.length).toBe(nodata.recordCount);
    expect(
      quiet.every((row) => nodata.hours.some(({ from, until }) => between(row, from, until))),
    ).toBe(true);
    const skipped = rows.filter((row) => row['log-status'] === 'SKIPDATA');
    expect(skipped.map((row) => row['interface-id'])).toEqual([skipdata.interfaceId]);
    expect(skipped.every((row) => between(row, skipdata.from, skipdata.until))).toBe(true);

    const scanner = rows.filter(({ srcaddr }) => srcaddr === rdp.sourceAddress);
    const accepted = scanner.filter(({ action }) => action === 'ACCEPT');
    expect(accepted.length).toBe(2);
    expect(accepted.every((row) => between(row, rdp.acceptedFrom, rdp.acceptedUntil))).toBe(true);
    const rejected = scanner.filter(({ action }) => action === 'REJECT');
    const early = rejected.filter((row) => Number(row.end) < seconds(rdp.rejectedBefore));
    const late = rejected.filter((row) => Number(row.start) > seconds(rdp.rejectedAfter));
    expect([early.length, late.length, rejected.length]).toEqual([3, 5, 8]);

    const old = rows.filter((row) => row['interface-id'] === replaced.oldInterfaceId);
    const successor = rows.filter((row) => row['interface-id'] === replaced.newInterfaceId);
    expect(Math.max(...old.map(({ end }) => Number(end)))).toBeLessThan(seconds(replaced.oldUntil));
    expect(Math.min(...successor.map(({ start }) => Number(start)))).toBeGreaterThan(
      seconds(replaced.newFrom),
    );
    for (const fact of [FACTS.attack_detected, FACTS.attack_blocked, FACTS.user_session]) {
      const covering = rows.filter(
        (row) =>
          isTuple(row, fact) &&
          row['interface-id'] === fact.interfaceId &&
          Number(row.start) <= seconds(fact.at) &&
          seconds(fact.at) <= Number(row.end),
      );
      expect(
        covering.map(({ action }) => action),
        fact.at,
      ).toEqual(['ACCEPT']);
    }
  });

  test('are absent in the silent hours and broken where the facts say', () => {
    const names = filesIn(first).filter((path) => path.includes(FACTS.silent_hours.flowLogId));
    expect(names.length).toBe(45);
    expect(names.some((path) => /_20261103T0[234]00Z_/.test(path))).toBe(false);
    const line = readable(first, FACTS.corrupt_line.path).split('\n')[
      FACTS.corrupt_line.lineNumber - 1
    ];
    expect(line?.split(' ')[5]).toBe(FACTS.corrupt_line.value);
    expect(() => gunzipSync(read(first, FACTS.truncated_gzip.path))).toThrow(/unexpected end/);
  });
});

describe('the events and the inventory', () => {
  test('agree with the facts', () => {
    const agents = read(first, 'ips/deep-security/agents.log').toString();
    const lineAt = (time: string): string =>
      agents.split('\n').find((line) => line.includes(time.replace('Z', '+00:00'))) ?? '';
    for (const fact of [FACTS.attack_detected, FACTS.attack_blocked]) {
      expect(lineAt(fact.at)).toContain(`|${fact.signatureId}|`);
      expect(lineAt(fact.at)).toContain(` act=${fact.action} `);
      expect(lineAt(fact.at)).toContain(
        ` src=${fact.sourceAddress} dst=${fact.destinationAddress} `,
      );
      expect(lineAt(fact.at)).toContain(` spt=${fact.sourcePort} dpt=${fact.destinationPort} `);
    }
    expect(lineAt(FACTS.user_session.at)).toContain(`duser=${FACTS.user_session.userName} `);
    const ips = filesIn(first).filter((path) => path.startsWith('ips/'));
    expect(ips.length).toBe(5);
    for (const item of [INTERFACES.data1, INTERFACES.jump1]) {
      expect(FACTS.no_agent.instanceIds).toContain(item.instance?.id);
      for (const path of ips) {
        const text = read(first, path).toString();
        expect(text).not.toContain(item.address);
        expect(text).not.toContain(item.instance?.name);
      }
    }
    const heartbeats = read(first, 'ips/suricata/web-1/eve.json')
      .toString()
      .match(/"event_type":"stats"/g);
    expect(heartbeats?.length).toBe(48);
  });

  test('show each change between two snapshots', () => {
    const rulesIn = SNAPSHOT_TIMES.map((time) => {
      const path = `inventory/${time.replaceAll(':', '-')}/describe-security-group-rules.json`;
      return FACTS.rdp_open.ruleIds.every((id) => read(first, path).includes(id));
    });
    expect(rulesIn).toEqual([false, false, true, true, false, false, false, false]);
    const app2 = SNAPSHOT_TIMES.map((time) => {
      const path = `inventory/${time.replaceAll(':', '-')}/describe-instances.json`;
      const { oldInstanceId, newInstanceId } = FACTS.instance_replaced;
      const text = read(first, path).toString();
      return [oldInstanceId, newInstanceId].filter((id) => text.includes(`"${id}"`)).join();
    });
    const { oldInstanceId, newInstanceId } = FACTS.instance_replaced;
    expect(app2).toEqual([...Array(6).fill(oldInstanceId), newInstanceId, newInstanceId]);
    const flowLogs = read(
      first,
      'inventory/2026-11-04T00-05-00Z/describe-flow-logs.json',
    ).toString();
    expect(flowLogs).not.toContain(FACTS.uncovered_interface.vpcId);
    for (const id of Object.values(FLOW_LOGS)) expect(flowLogs).toContain(id);
  });
});
