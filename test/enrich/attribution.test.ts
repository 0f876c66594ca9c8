/**
 * Rule attribution against the oracle: random inventories over a few snapshots, many flows for each.
 */
import fc, { type GeneratorValue } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import { quoteName, TABLES } from '../../src/tables.ts';
import { openTables } from '../catalogue-rows.ts';
import * as fixture from './fixture.ts';
import {
  type InterfaceSeen,
  judge,
  type OracleFlow,
  type RuleSeen,
  type Timeline,
  type World,
} from './oracle.ts';

const WORLDS = 30;
const FLOWS_PER_WORLD = 200;
const MAX_AGE_HOURS = 24;

const GROUPS = ['sg-a', 'sg-b', 'sg-c'];
const ADDRESSES = new Map([
  ['eni-1', ['10.0.1.10', '2001:db8::10']],
  ['eni-2', ['10.0.1.20', '2001:db8::20']],
  ['eni-3', ['10.0.2.30']],
  ['eni-4', ['10.0.1.10', '10.0.9.9']],
]);
const OUTSIDE = ['198.51.100.7', '203.0.113.200', '10.0.1.20', '10.0.2.30', '10.0.9.9'];
const OUTSIDE_6 = ['2001:db8::20', '2001:db8:ffff::1'];
const CIDRS = [
  ...['0.0.0.0/0', '::/0', '10.0.0.0/8', '2001:db8::/32'],
  ...['0.0.0.0/0', '::/0', '10.0.0.0/8', '10.0.1.0/24', '10.0.1.20/32', '198.51.100.0/25'],
  ...['198.51.100.7/32', '203.0.113.128/25', '2001:db8::/32', '2001:db8::/64', '2001:db8::20/128'],
];
const PROTOCOLS = new Map([
  ['-1', null],
  ['tcp', 6],
  ['udp', 17],
  ['icmp', 1],
  ['icmpv6', 58],
  ['50', 50],
]);
const TIMES = [
  ...['2026-10-26 00:00:00', '2026-10-29 18:00:00', '2026-11-01 20:00:00', '2026-11-02 06:00:00'],
  ...['2026-11-02 10:00:00', '2026-11-02 10:05:00', '2026-11-02 12:00:00', '2026-11-03 00:00:00'],
].map(seconds);

/** Evenly from 0 to `max`; left alone, fast-check prefers the ends. */
const unbiased = (max: number): fc.Arbitrary<number> => fc.noBias(fc.integer({ min: 0, max }));

const someGroups = (): fc.Arbitrary<string[]> =>
  fc.oneof(
    { arbitrary: fc.constant<string[]>([]), weight: 1 },
    { arbitrary: fc.noBias(fc.subarray(GROUPS, { minLength: 1 })), weight: 9 },
  );

function seconds(text: string): number {
  return Date.parse(`${text.replace(' ', 'T')}Z`) / 1000;
}

function text(time: number): string {
  return new Date(time * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

const toItem = (id: string, rule: RuleSeen, description: string): fixture.Item =>
  fixture.rule({
    id,
    group: rule.group,
    isEgress: rule.isEgress,
    protocol: [...PROTOCOLS].find(([, number]) => number === rule.protocol)?.[0] ?? '-1',
    description,
    ...(rule.ports ? { ports: rule.ports } : {}),
    ...(rule.cidr ? { cidr: rule.cidr } : {}),
    ...(rule.prefixList ? { prefixList: rule.prefixList } : {}),
    ...(rule.reference ? { reference: rule.reference } : {}),
  });

/** Draws a world, and adds its snapshots to the database as it goes. */
async function drawWorld(g: GeneratorValue, database: Database): Promise<World> {
  const chance = (percent: number): boolean => g(unbiased, 99) < percent;
  const times = (): number[] =>
    g(fc.subarray, TIMES, { minLength: 2, maxLength: 5 }).toSorted((a, b) => a - b);
  const note = (): string => g(fc.constantFrom, 'one', 'two');

  const interfaces: Timeline<InterfaceSeen> = { times: times(), seen: new Map() };
  const interfaceItems = interfaces.times.map((): fixture.Item[] => []);
  const interfaceSeen = new Map<string, (InterfaceSeen | undefined)[]>();
  for (const [id, addresses] of ADDRESSES) {
    let state: InterfaceSeen = { groups: g(someGroups), instance: 'i-1' };
    interfaceSeen.set(
      id,
      interfaces.times.map((_, index) => {
        if (chance(15)) state = { ...state, groups: g(someGroups) };
        if (chance(10)) state = { ...state, instance: g(fc.constantFrom, 'i-1', 'i-2') };
        if (chance(6)) return undefined;
        interfaceItems[index]?.push(
          fixture.networkInterface({ id, addresses, ...state, description: note() }),
        );
        return state;
      }),
    );
  }
  await addAll(database, interfaces.times, interfaceItems, ['network_interface']);

  const groups: Timeline<true> = { times: times(), seen: new Map() };
  const groupSeen = new Map<string, (true | undefined)[]>();
  for (const id of GROUPS)
    groupSeen.set(
      id,
      groups.times.map(() => (chance(95) ? true : undefined)),
    );
  await addAll(
    database,
    groups.times,
    groups.times.map((_, index) =>
      GROUPS.filter((id) => groupSeen.get(id)?.[index]).map((id) =>
        fixture.tagged('security_group', id),
      ),
    ),
    ['security_group'],
  );

  const rules: Timeline<RuleSeen> = { times: times(), seen: new Map() };
  const ruleItems = rules.times.map((): fixture.Item[] => []);
  const ruleSeen = new Map<string, (RuleSeen | undefined)[]>();
  for (let number = 1; number <= 14; number += 1) {
    const id = `sgr-${number}`;
    const draw = (): RuleSeen => {
      const protocol = g(fc.constantFrom, null, 6, 6, 6, ...PROTOCOLS.values());
      const isIcmp = protocol === 1 || protocol === 58;
      const portsOf = isIcmp ? [null, [8, 0]] : [null, [22, 22], [440, 450], [1024, 65_535]];
      const hasPorts = isIcmp || protocol === 6 || protocol === 17;
      const peer = g(unbiased, 9);
      return {
        group: g(fc.constantFrom, ...GROUPS),
        isEgress: chance(30),
        protocol,
        ports: hasPorts ? (g(fc.constantFrom, ...portsOf) as [number, number] | null) : null,
        ...(peer < 6 ? { cidr: g(fc.constantFrom, ...CIDRS) } : {}),
        ...(peer === 6 || peer === 7
          ? { prefixList: g(fc.constantFrom, 'pl-1', 'pl-1', 'pl-1', 'pl-2') }
          : {}),
        ...(peer > 7 ? { reference: g(fc.constantFrom, ...GROUPS, ...GROUPS, 'sg-x') } : {}),
      };
    };
    let state = draw();
    ruleSeen.set(
      id,
      rules.times.map((_, index) => {
        if (chance(5)) state = draw();
        if (chance(12)) return undefined;
        ruleItems[index]?.push(toItem(id, state, note()));
        return state;
      }),
    );
  }
  await addAll(database, rules.times, ruleItems, ['security_group_rule']);

  const list: Timeline<true> = { times: times(), seen: new Map() };
  const listSeen = new Map<string, (true | undefined)[]>();
  for (const cidr of ['198.51.100.0/24', '10.0.2.0/24', '2001:db8::/48']) {
    listSeen.set(
      cidr,
      list.times.map(() => (chance(75) ? true : undefined)),
    );
  }
  await addAll(
    database,
    list.times,
    list.times.map((_, index) =>
      [...listSeen]
        .filter(([, seen]) => seen[index])
        .map(([cidr]) => fixture.prefixEntry('pl-1', cidr)),
    ),
    ['prefix_list_entry'],
    fixture.entrySeries('pl-1'),
  );
  return {
    maxAge: MAX_AGE_HOURS * 3600,
    addresses: ADDRESSES,
    interfaces: { ...interfaces, seen: interfaceSeen },
    groups: { ...groups, seen: groupSeen },
    rules: { ...rules, seen: ruleSeen },
    entries: new Map([['pl-1', { ...list, seen: listSeen }]]),
  };
}

async function addAll(
  database: Database,
  times: readonly number[],
  items: readonly fixture.Item[][],
  types: readonly string[],
  series = fixture.SERIES,
): Promise<void> {
  for (const [index, time] of times.entries()) {
    await fixture.addSnapshot(database, text(time), items[index] ?? [], { types, series });
  }
}

function drawFlow(g: GeneratorValue): OracleFlow {
  const chance = (percent: number): boolean => g(unbiased, 99) < percent;
  const interfaceId = g(fc.constantFrom, 'eni-1', 'eni-2');
  const isIpv6 = chance(30);
  const own = ADDRESSES.get(interfaceId)?.[isIpv6 ? 1 : 0] ?? '';
  const peers = (isIpv6 ? OUTSIDE_6 : OUTSIDE).filter((address) => address !== own);
  const peer = g(fc.constantFrom, ...peers);
  const isEgress = chance(30);
  const start = chance(60)
    ? g(fc.constantFrom, ...TIMES.slice(3, 7)) +
      g(fc.constantFrom, -3600, -61, -60, -1, 0, 30, 60, 61, 299)
    : seconds('2026-11-02 00:00:00') + g(unbiased, 86_399);
  const protocol = g(fc.constantFrom, 6, 6, 6, 17, 1, 58, 50);
  const hasPorts = protocol === 6 || protocol === 17;
  return {
    interfaceId,
    source: isEgress ? own : peer,
    destination: isEgress ? peer : own,
    sourcePort: hasPorts ? g(fc.constantFrom, 50_000, 33_000, 2000, 443) : 0,
    destinationPort: chance(5)
      ? null
      : hasPorts
        ? g(fc.constantFrom, 22, 443, 445, 1024, 40_000)
        : 0,
    protocol,
    flags: protocol === 6 ? g(fc.constantFrom, null, 0, 1, 2, 3, 4, 6, 18, 19) : null,
    direction: chance(50) ? null : isEgress ? 'egress' : 'ingress',
    isAccepted: chance(95),
    start,
    end: start + g(fc.constantFrom, 0, 1, 59, 60, 300, 600),
  };
}

const toRow = (flow: OracleFlow, index: number): fixture.Row =>
  fixture.flow(index, {
    interface_id: flow.interfaceId,
    srcaddr: flow.source,
    dstaddr: flow.destination,
    srcport: flow.sourcePort,
    dstport: flow.destinationPort,
    protocol: flow.protocol,
    tcp_flags: flow.flags,
    flow_direction: flow.direction,
    action: flow.isAccepted ? 'ACCEPT' : 'REJECT',
    start_at: text(flow.start),
    end_at: text(flow.end),
  });

let database: Database;
beforeAll(async () => {
  database = await openTables(['ingest']);
});
afterAll(() => database.close());

test(`the verdicts on ${WORLDS * FLOWS_PER_WORLD} flows are those of the oracle`, async () => {
  const counts = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (g) => {
      for (const table of TABLES.filter(({ layer }) => layer === 'ingest')) {
        await database.connection.run(`truncate ${quoteName(table.name)}`);
      }
      const world = await drawWorld(g, database);
      const flows = Array.from({ length: FLOWS_PER_WORLD }, () => drawFlow(g));
      await fixture.addRows(database, 'source_object', [fixture.flowObject('o')]);
      await fixture.addRows(database, 'flow', flows.map(toRow));
      await fixture.runSteps(database, { maxAgeHours: MAX_AGE_HOURS });
      const rows = await fixture.read(
        database,
        `select as_of_verdict as "asOf", rule_verdict as verdict, rule_ids as "ruleIds"
         from flow_enriched order by line_number`,
      );
      expect(rows).toHaveLength(flows.length);
      for (const [index, flow] of flows.entries()) {
        const expected = judge(world, flow);
        const told = { ...flow, start: text(flow.start), end: text(flow.end) };
        expect({ ...told, ...rows[index] }).toEqual({ ...told, ...expected });
        counts.set(expected.verdict, (counts.get(expected.verdict) ?? 0) + 1);
      }
    }),
    { numRuns: WORLDS, endOnFailure: true },
  );
  // The worlds are worth something only if every verdict comes up.
  const verdicts = [
    'permitted',
    'response',
    'tracked_or_changed',
    'undecidable',
    'no_security_group',
  ];
  for (const verdict of [...verdicts, 'no_metadata', 'unexplained', 'not_applicable']) {
    expect([verdict, (counts.get(verdict) ?? 0) > 10]).toEqual([verdict, true]);
  }
}, 120_000);
