import { describe, expect, it } from 'vitest';
import { suricataEve } from '../../../src/ingest/formats/suricata-eve.ts';
import { addSensorReport } from '../../../src/ingest/formats/suricata-stats.ts';
import { createMemorySink, readContent } from '../../memory-sink.ts';

const STATS = {
  timestamp: '2026-11-18T06:13:41.532140+0000',
  event_type: 'stats',
  host: 'web-1',
  stats: {
    uptime: 3600,
    decoder: { pkts: 1 },
    detect: {
      engines: [
        {
          id: 0,
          last_reload: '2026-11-17T01:00:00.000000+0000',
          rules_loaded: 41_000,
          rules_failed: 2,
        },
      ],
    },
  },
};

function reportOf(event: unknown) {
  const sink = createMemorySink();
  addSensorReport(event, 7, sink);
  expect(sink.accountedLines()).toBe(0);
  return sink.rows[0];
}

const at = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n;

it('says that the sensor runs, since when, and its rules', () => {
  expect(reportOf(STATS)).toMatchObject({
    table: 'ips_agent',
    isExtra: true,
    row: {
      product: 'suricata',
      format: 'suricata_eve',
      host_name: 'web-1',
      agent_status: 'active',
      ips_mode: undefined,
      rule_count: 41_000,
      failed_rule_count: 2,
      has_agent: true,
      started_at: at('2026-11-18T05:13:41Z') + 532_140n,
      last_contact_at: at('2026-11-18T06:13:41Z') + 532_140n,
      rules_updated_at: at('2026-11-17T01:00:00Z'),
      reported_at: at('2026-11-18T06:13:41Z') + 532_140n,
      time_source: 'record',
      line_number: 7,
    },
  });
});

describe('a record', () => {
  const withStats = (stats: object) => reportOf({ ...STATS, stats })?.row;

  it('of a sensor in the path of the traffic is of one that can prevent', () => {
    expect(withStats({ ips: { accepted: 5, blocked: 0 } })?.ips_mode).toBe('prevent');
    expect(withStats({ ips: { accepted: 0, blocked: 0 } })?.ips_mode).toBeUndefined();
  });

  it('of several engines has their rules together, and the oldest time', () => {
    const engine = (last_reload: string, rules_loaded: number) => ({ last_reload, rules_loaded });
    const engines = [
      engine('2026-11-17T01:00:00Z', 5),
      engine('2026-11-10T01:00:00Z', 7),
      engine('soon', 0),
      null,
    ];
    expect(withStats({ detect: { engines } })).toMatchObject({
      rule_count: 12,
      failed_rule_count: undefined,
      rules_updated_at: at('2026-11-10T01:00:00Z'),
    });
  });

  it.each([
    ['without engines', {}],
    ['with engines that are none', { detect: { engines: 'x' }, uptime: -1, ips: [] }],
    ['with a detect that is none', { detect: [] }],
  ])('%s says that the sensor runs, and no more', (_, stats) => {
    expect(withStats(stats)).toMatchObject({
      has_agent: true,
      rule_count: undefined,
      rules_updated_at: undefined,
      started_at: undefined,
      ips_mode: undefined,
    });
  });

  it.each([
    ['another event', { ...STATS, event_type: 'alert' }],
    ['no stats', { ...STATS, stats: undefined }],
    ['no time', { ...STATS, timestamp: 'soon' }],
    ['no object', 'stats'],
    ['nothing', undefined],
  ])('with %s is no report', (_, event) => {
    expect(reportOf(event)).toBeUndefined();
  });
});

it('is an event all the same, and one line', async () => {
  const alert = { timestamp: STATS.timestamp, event_type: 'alert', alert: { signature: 'stats' } };
  const content = [STATS, alert, STATS].map((event) => JSON.stringify(event)).join('\n');
  const { sink, result } = await readContent(suricataEve, content);
  expect(sink.rows.map(({ table, row, isExtra }) => [table, row.line_number, isExtra])).toEqual([
    ['ips_event', 1, false],
    ['ips_agent', 1, true],
    ['ips_event', 2, false],
    ['ips_event', 3, false],
    ['ips_agent', 3, true],
  ]);
  expect(result).toEqual({ lineCount: 3 });
  expect(sink.accountedLines()).toBe(3);
});
