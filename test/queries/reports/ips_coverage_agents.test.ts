/** The report where agents were listed: what lists say of each instance, and of those they do not name. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../src/database.ts';
import {
  insertRows,
  makeAgentInterfaces,
  openEmptyTables,
  type ResultRow,
  type Row,
  runReport,
} from '../fixture.ts';

const LISTED = '2026-10-01 12:00:00';
const DAY_BEFORE = '2026-09-30 12:00:00';

const scope = (name: string, own: Row = {}): Row => ({
  scope_name: 'cde',
  network_interface_id: `eni-${name}`,
  instance_id: `i-${name}`,
  instance_name: name,
  owner_kind: 'ec2_instance',
  addresses: [],
  valid_from: '2026-09-01 00:00:00',
  ...own,
});

let position = 0;

/** An entry of the list taken at noon: an agent that prevents, and was in contact a minute before. */
function agent(own: Row): Row {
  position += 1;
  return {
    product: 'deep_security',
    series: 'list',
    has_agent: true,
    ips_mode: 'prevent',
    ips_status: 'active',
    rule_count: 50,
    last_contact_at: '2026-10-01 11:59:00',
    rules_updated_at: '2026-09-29 00:00:00',
    reported_at: LISTED,
    time_source: 'stated',
    object_id: 'list',
    line_number: position,
    ...own,
  };
}

const list = (own: Row = {}): Row => ({
  product: 'deep_security',
  series: 'list',
  is_complete: true,
  agent_count: 1,
  reported_at: LISTED,
  time_source: 'stated',
  object_id: 'list',
  ...own,
});

const event = (name: string, own: Row = {}): Row => ({
  event_id: `e-${name}`,
  product: 'deep_security',
  module: 'integrity',
  event_at: '2026-10-01 06:00:00',
  disposition: 'logged',
  instance_id: `i-${name}`,
  ...own,
});

async function reportOf(tables: Readonly<Record<string, readonly Row[]>>) {
  const database: Database = await openEmptyTables();
  try {
    for (const [table, rows] of Object.entries(tables)) {
      await insertRows(database, table, [...rows]);
    }
    await makeAgentInterfaces(database);
    const rows = await runReport(database, 'ips_coverage');
    return new Map(rows.map((row) => [String(row.network_interface_id).slice(4), row]));
  } finally {
    database.close();
  }
}

describe('with one complete list', () => {
  let rows: ReadonlyMap<string, ResultRow>;

  beforeAll(async () => {
    rows = await reportOf({
      scope_interface: [
        ...['on', 'on-with-event', 'detect', 'off', 'stopped', 'no-rules', 'unknown'].map((name) =>
          scope(name),
        ),
        ...['stale', 'not-quite-stale', 'old-but-current', 'outdated', 'ageless'].map((name) =>
          scope(name),
        ),
        ...['offline', 'offline-now-back', 'never', 'bare', 'absent', 'absent-with-event'].map(
          (name) => scope(name),
        ),
        // In the list by its address, which another instance had before.
        scope('addressed', { addresses: ['10.0.1.5'], absent_at: '2026-10-01 09:00:00' }),
        scope('addressed-before', { addresses: ['10.0.1.5'], valid_to: '2026-10-01 10:00:00' }),
        scope('Named'),
        scope('titled'),
        scope('born-later', { valid_from: '2026-10-01 12:00:01' }),
        scope('gone-before', { valid_to: '2026-10-01 12:00:00' }),
        scope('nat', { instance_id: null, instance_name: null, owner_kind: 'nat_gateway' }),
        scope('twice'),
      ],
      ips_event: [
        event('on-with-event'),
        event('offline-now-back', { event_at: '2026-10-01 11:00:00' }),
        event('absent-with-event'),
      ],
      ips_agent: [
        agent({ instance_id: 'i-on' }),
        agent({ instance_id: 'i-on-with-event' }),
        agent({ instance_id: 'i-detect', ips_mode: 'detect' }),
        agent({ instance_id: 'i-off', ips_mode: 'off', ips_status: 'inactive' }),
        agent({ instance_id: 'i-stopped', ips_status: 'error' }),
        agent({ instance_id: 'i-no-rules', rule_count: 0 }),
        agent({ instance_id: 'i-unknown', ips_mode: null, ips_status: null, rule_count: null }),
        agent({ instance_id: 'i-offline', last_contact_at: '2026-09-30 11:59:59' }),
        agent({ instance_id: 'i-offline-now-back', last_contact_at: '2026-09-30 11:59:59' }),
        agent({ instance_id: 'i-never', last_contact_at: null, agent_status: 'inactive' }),
        agent({
          instance_id: 'i-bare',
          has_agent: false,
          ips_mode: 'off',
          ips_status: 'inactive',
          last_contact_at: null,
        }),
        agent({ instance_id: 'i-stale', rules_updated_at: '2026-09-17 11:59:59' }),
        agent({ instance_id: 'i-not-quite-stale', rules_updated_at: '2026-09-17 12:00:00' }),
        agent({
          instance_id: 'i-old-but-current',
          rules_updated_at: '2026-01-01 00:00:00',
          update_status: 'Up-To-Date',
        }),
        agent({ instance_id: 'i-outdated', update_status: 'Out-of-Date' }),
        agent({ instance_id: 'i-ageless', rules_updated_at: null }),
        agent({ host_address: '10.0.1.5' }),
        agent({ host_name: 'NAMED' }),
        agent({ host_name: 'ip-10-0-1-7', host_address: '192.0.2.7', display_name: 'Titled' }),
        agent({ instance_id: 'i-elsewhere' }),
        // An agent that was installed anew: its old entry is still in the list.
        agent({ instance_id: 'i-twice', ips_mode: 'off', last_contact_at: DAY_BEFORE }),
        agent({ instance_id: 'i-twice' }),
      ],
      ips_agent_list: [list()],
    });
  });

  it.each([
    ['on', 'partial', 'IPS_AGENT_SILENT', 'prevent'],
    ['on-with-event', 'supports', null, 'prevent'],
    ['detect', 'partial', 'IPS_DETECT_MODE', 'detect'],
    ['off', 'not_evidenced', 'IPS_OFF', 'off'],
    ['stopped', 'not_evidenced', 'IPS_OFF', 'off'],
    ['no-rules', 'not_evidenced', 'IPS_OFF', 'off'],
    ['unknown', 'partial', 'IPS_AGENT_SILENT', null],
    ['offline', 'not_evidenced', 'IPS_NO_CONTACT', 'prevent'],
    ['offline-now-back', 'supports', null, 'prevent'],
    ['never', 'not_evidenced', 'IPS_NO_CONTACT', 'prevent'],
    ['bare', 'not_evidenced', 'IPS_NO_AGENT', null],
    ['absent', 'not_evidenced', 'IPS_NO_AGENT', null],
    ['absent-with-event', 'partial', 'IPS_MODULE_SILENT', null],
    ['stale', 'partial', 'IPS_STALE_RULES', 'prevent'],
    ['not-quite-stale', 'partial', 'IPS_AGENT_SILENT', 'prevent'],
    ['old-but-current', 'partial', 'IPS_AGENT_SILENT', 'prevent'],
    ['outdated', 'partial', 'IPS_STALE_RULES', 'prevent'],
    ['ageless', 'partial', 'IPS_AGENT_SILENT', 'prevent'],
    ['addressed', 'partial', 'IPS_AGENT_SILENT', 'prevent'],
    ['addressed-before', 'not_evidenced', 'IPS_NO_EVENT', null],
    ['Named', 'partial', 'IPS_AGENT_SILENT', 'prevent'],
    ['titled', 'partial', 'IPS_AGENT_SILENT', 'prevent'],
    ['born-later', 'not_evidenced', 'IPS_NO_EVENT', null],
    ['gone-before', 'not_evidenced', 'IPS_NO_EVENT', null],
    ['nat', 'not_evidenced', 'IPS_UNCOVERED_ENI', null],
    ['twice', 'partial', 'IPS_AGENT_SILENT', 'prevent'],
  ])('%s is %s: %s', (name, status, gapCode, mode) => {
    const row = rows.get(name);
    expect([row?.status, row?.gap_code, row?.prevention_mode]).toEqual([status, gapCode, mode]);
    expect(row?.remedy === null).toBe(gapCode === null);
  });

  it('names product, contact, age of rules and list', () => {
    expect(rows.get('on')).toMatchObject({
      products: 'deep_security',
      last_contact_at: '2026-10-01 11:59:00',
      rules_updated_at: '2026-09-29 00:00:00',
      agents_reported_at: LISTED,
    });
    expect(rows.get('offline-now-back')?.last_contact_at).toBe('2026-10-01 11:00:00');
    expect(rows.get('bare')).toMatchObject({ products: null, agents_reported_at: LISTED });
    expect(rows.get('absent')).toMatchObject({ products: null, agents_reported_at: LISTED });
    expect(rows.get('born-later')?.agents_reported_at).toBeNull();
  });

  it('says what is so', () => {
    expect(rows.get('absent')?.why).toBe(
      'The complete list of agents names neither the id nor an address or name of this instance, and no event of it was read.',
    );
    expect(rows.get('bare')?.why).toBe('The list of agents knows this host, and no agent on it.');
    expect(rows.get('on-with-event')?.why).toBe(
      'The agent is listed with intrusion prevention set to prevent, and reported events; none was of an attack.',
    );
    expect(rows.get('unknown')?.why).toContain('nothing says that its intrusion prevention is on');
  });
});

describe('with several lists', () => {
  const codeOf = async (
    tables: Readonly<Record<string, readonly Row[]>>,
    scopes: readonly Row[] = [scope('a')],
  ) => (await reportOf({ scope_interface: scopes, ...tables })).get('a');

  it('takes the newest of a manager, at the edges of the period too', async () => {
    const early = '2026-10-01 00:00:00';
    const late = '2026-10-01 23:59:59';
    const after = '2026-10-02 00:00:00';
    const row = await codeOf({
      ips_agent: [
        agent({ instance_id: 'i-a', ips_mode: 'off', reported_at: early, object_id: 'l1' }),
        agent({ instance_id: 'i-a', last_contact_at: late, reported_at: late, object_id: 'l2' }),
        agent({ instance_id: 'i-a', ips_mode: 'off', reported_at: after, object_id: 'l3' }),
      ],
      ips_agent_list: [early, late, after].map((at) => list({ reported_at: at })),
    });
    expect(row).toMatchObject({ gap_code: 'IPS_AGENT_SILENT', agents_reported_at: late });
  });

  it('knows that an agent is gone which a later list does not name', async () => {
    const lists = [list({ reported_at: '2026-10-01 06:00:00' }), list()];
    const agents = [agent({ instance_id: 'i-a', reported_at: '2026-10-01 06:00:00' })];
    expect(await codeOf({ ips_agent: agents, ips_agent_list: lists })).toMatchObject({
      gap_code: 'IPS_NO_AGENT',
      products: null,
    });
    // A later list that is not complete says nothing of what it does not name.
    const partial = [list({ reported_at: '2026-10-01 06:00:00' }), list({ is_complete: false })];
    expect(await codeOf({ ips_agent: agents, ips_agent_list: partial })).toMatchObject({
      gap_code: 'IPS_AGENT_SILENT',
    });
  });

  it('takes the last list in the life of an instance', async () => {
    const row = await codeOf(
      {
        ips_agent: [agent({ instance_id: 'i-a', reported_at: '2026-10-01 06:00:00' })],
        ips_agent_list: [list({ reported_at: '2026-10-01 06:00:00' }), list()],
      },
      [scope('a', { valid_to: '2026-10-01 09:00:00' })],
    );
    expect(row).toMatchObject({
      gap_code: 'IPS_AGENT_SILENT',
      agents_reported_at: '2026-10-01 06:00:00',
    });
  });

  it('needs one manager of several to name the instance', async () => {
    const other = { series: 'other', object_id: 'other' };
    const lists = [list(), list({ ...other, reported_at: '2026-10-01 18:00:00' })];
    expect(
      await codeOf({ ips_agent: [agent({ instance_id: 'i-a' })], ips_agent_list: lists }),
    ).toMatchObject({ gap_code: 'IPS_AGENT_SILENT', prevention_mode: 'prevent' });
    expect(
      await codeOf({
        ips_agent: [
          agent({ instance_id: 'i-a', has_agent: false, last_contact_at: null }),
          agent({
            instance_id: 'i-a',
            ips_mode: 'detect',
            reported_at: '2026-10-01 18:00:00',
            ...other,
          }),
        ],
        ips_agent_list: lists,
      }),
    ).toMatchObject({ gap_code: 'IPS_DETECT_MODE' });
  });

  it('does not take a list that is not complete, or is of another time, for proof', async () => {
    for (const own of [
      { is_complete: false },
      { is_complete: null },
      { reported_at: '2026-09-30 23:59:59' },
      { reported_at: '2026-10-02 00:00:00' },
    ]) {
      expect(await codeOf({ ips_agent_list: [list(own)] })).toMatchObject({
        gap_code: 'IPS_NO_EVENT',
        agents_reported_at: null,
      });
    }
  });

  it('says where the time of a list is that of its file', async () => {
    const row = await codeOf({ ips_agent_list: [list({ time_source: 'modified_at' })] });
    expect(row?.gap_code).toBe('IPS_NO_AGENT');
    expect(row?.why).toMatch(/ When agents were listed is known from the time of the file only\.$/);
  });
});

describe('with a sensor', () => {
  it('takes its newest report, and no list to say that it is there', async () => {
    const report = (at: string, rules: number): Row =>
      agent({
        product: 'suricata',
        series: null,
        object_id: 'eve',
        host_name: 'web-1',
        ips_mode: null,
        ips_status: null,
        rule_count: rules,
        last_contact_at: at,
        reported_at: at,
        time_source: 'record',
      });
    const rows = await reportOf({
      scope_interface: [scope('web-1'), scope('web-2')],
      ips_agent: [report('2026-10-01 08:00:00', 0), report('2026-10-01 09:00:00', 41_000)],
      ips_event: [
        event('web-1', {
          product: 'suricata',
          module: 'heartbeat',
          instance_id: null,
          host_name: 'web-1',
        }),
      ],
      // The manager of the other product knows nothing of it.
      ips_agent_list: [list()],
    });
    expect(rows.get('web-1')).toMatchObject({
      products: 'suricata',
      gap_code: 'IPS_MODULE_SILENT',
      last_contact_at: '2026-10-01 09:00:00',
    });
    expect(rows.get('web-2')?.gap_code).toBe('IPS_NO_AGENT');
  });
});
