import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/database.ts';
import {
  groupMemory,
  interfacePlaces,
  withGoneFlowLogs,
} from '../../src/ingest/log-group-memory.ts';
import { addRows, openTables } from '../catalogue-rows.ts';

const PLACE = 'cloudwatch-logs://us-east-1/vpc';
const NOW = new Date('2026-11-05T00:00:00Z');

let database: Database;

beforeEach(async () => {
  database = await openTables(['ingest']);
});

afterEach(() => database.close());

describe('groupMemory', () => {
  it('knows the pulls whose objects were read, of this group alone', async () => {
    const object = (uri: string, status = 'loaded') => ({ uri, status });
    await addRows(database, 'source_object', [
      object(`${PLACE}?date=2026-11-01&pulled=2026-11-02T00:00:00.000Z`),
      object(`${PLACE}?date=2026-11-02&pulled=2026-11-03T00:00:00.000Z`, 'refused'),
      object(`${PLACE}-2?date=2026-11-03&pulled=2026-11-04T00:00:00.000Z`),
      object('s3://amzn-s3-demo-bucket/key'),
    ]);
    expect(await groupMemory(database.connection, PLACE).pulls()).toEqual([
      {
        from: Date.parse('2026-11-01'),
        until: Date.parse('2026-11-02'),
        pulledAt: Date.parse('2026-11-02'),
      },
    ]);
  });

  it('gives the ids between two instants, or says that they are too many', async () => {
    const event = (event_id: string, event_at: string, log_group = PLACE) => ({
      event_id,
      event_at,
      log_group,
      event_date: event_at.slice(0, 10),
    });
    await addRows(database, 'cloudwatch_event', [
      event('before', '2026-11-01 11:59:59.999'),
      event('first', '2026-11-01 12:00:00'),
      event('last', '2026-11-02 11:59:59.999'),
      event('after', '2026-11-02 12:00:00'),
      event('other', '2026-11-01 12:00:00', `${PLACE}-2`),
    ]);
    const { idsBetween } = groupMemory(database.connection, PLACE);
    const [from, until] = [new Date('2026-11-01T12:00Z'), new Date('2026-11-02T12:00Z')];
    expect(await idsBetween(from, until, 2)).toEqual(new Set(['first', 'last']));
    expect(await idsBetween(from, until, 1)).toBeUndefined();
    expect(await idsBetween(from, until, Number.MAX_SAFE_INTEGER)).toHaveProperty('size', 2);
  });
});

describe('withGoneFlowLogs', () => {
  const names = { place: PLACE, logGroup: '/vpc', region: 'us-east-1' };
  const current = { flowLogId: 'fl-new', logFormat: `\${end}`, fields: ['end'] };
  const seen = (flow_log_id: string, seen_at: string, log_group = PLACE) => ({
    log_group,
    flow_log_id,
    resource_id: 'vpc-0a1b2c3d',
    traffic_type: 'ALL',
    log_format: `\${start} \${end}`,
    created_at: '2026-01-01 00:00:00',
    seen_at,
  });

  it('adds what earlier pulls saw, gone by the first pull without it', async () => {
    await addRows(database, 'flow_log_format', [
      seen('fl-old', '2026-11-01 00:00:00'),
      seen('fl-old', '2026-11-02 00:00:00'),
      seen('fl-new', '2026-11-03 00:00:00'),
      seen('fl-new', '2026-11-04 00:00:00'),
      seen('fl-other', '2026-11-01 00:00:00', `${PLACE}-2`),
    ]);
    expect(await withGoneFlowLogs(database.connection, names, [current], NOW)).toEqual([
      current,
      {
        flowLogId: 'fl-old',
        logFormat: `\${start} \${end}`,
        fields: ['start', 'end'],
        resourceId: 'vpc-0a1b2c3d',
        trafficType: 'ALL',
        createdAt: new Date('2026-01-01T00:00:00Z'),
        goneBy: new Date('2026-11-03T00:00:00Z'),
      },
    ]);
  });

  it('adds what the inventory saw of this group, in this Region and account', async () => {
    const item = (
      resource_id: string,
      group: string,
      region: string | null,
      account_id: string,
    ) => ({
      resource_type: 'flow_log',
      resource_id,
      region,
      account_id,
      taken_at: '2026-11-01 00:00:00',
      configuration: JSON.stringify({
        LogGroupName: group,
        LogFormat: `\${start}`,
        CreationTime: '2026-02-01T00:00:00.000Z',
      }),
    });
    await addRows(database, 'inventory_item', [
      item('fl-1', '/vpc', 'us-east-1', '123456789012'),
      item('fl-2', '/vpc', null, '123456789012'),
      item('fl-3', '/vpc', 'eu-west-1', '123456789012'),
      item('fl-4', '/other', 'us-east-1', '123456789012'),
      item('fl-5', '/vpc', 'us-east-1', '210987654321'),
      item('fl-new', '/vpc', 'us-east-1', '123456789012'),
    ]);
    const idsOf = async (accountId?: string) =>
      (await withGoneFlowLogs(database.connection, { ...names, accountId }, [current], NOW)).map(
        ({ flowLogId, goneBy }) => [flowLogId, goneBy],
      );
    expect(await idsOf('123456789012')).toEqual([
      ['fl-new', undefined],
      ['fl-1', NOW],
      ['fl-2', NOW],
    ]);
    expect((await idsOf()).map(([id]) => id)).toEqual(['fl-new', 'fl-1', 'fl-2', 'fl-5']);
  });
});

it('interfacePlaces says in which VPC and subnet each interface is', async () => {
  const item = (resource_id: string, configuration: object) => ({
    resource_type: 'network_interface',
    resource_id,
    configuration: JSON.stringify(configuration),
  });
  const places = { SubnetId: 'subnet-1', VpcId: 'vpc-1' };
  await addRows(database, 'inventory_item', [
    item('eni-0a', places),
    item('eni-0a', { ...places, Description: 'later' }),
    item('eni-0b', {}),
  ]);
  expect(await interfacePlaces(database.connection)).toEqual(
    new Map([
      ['eni-0a', ['subnet-1', 'vpc-1']],
      ['eni-0b', []],
    ]),
  );
});
