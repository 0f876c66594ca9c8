/** Which instance an agent or its event may be of, by address or name and time. */
import { expect, test } from 'vitest';
import * as fixture from './fixture.ts';

const at = (hour: string): string => `${fixture.DAY} ${hour}:00`;

/** Hosts as `instance: name address`, seen together at an hour. */
type Sight = readonly [hour: string, ...hosts: readonly [string, string, string][]];

async function instancesOf(sights: readonly Sight[], kind: string, key: string, hour: string) {
  const rows = await fixture.enrichAndRead(
    async (database) => {
      for (const [taken, ...hosts] of sights) {
        const items = hosts.flatMap(([id, name, address]) => [
          fixture.networkInterface({ id: `eni-${id}`, addresses: [address], instance: `i-${id}` }),
          fixture.tagged('instance', `i-${id}`, { Name: name }),
        ]);
        const types = ['network_interface', 'instance'];
        await fixture.addSnapshot(database, at(taken), items, { types });
      }
    },
    `select distinct instance_id from agent_interface
     where key_kind = '${kind}' and host_key = '${key}' and possible_from <= timestamp '${at(hour)}'
       and (possible_until is null or possible_until > timestamp '${at(hour)}')
     order by instance_id`,
    { maxAgeHours: 2 },
  );
  return rows.map((row) => row.instance_id);
}

const OLD = ['old', 'web-1', '10.0.1.5'] as const;
const NEW = ['new', 'Web-1', '10.0.1.5'] as const;
const REPLACED: readonly Sight[] = [
  ['08:00', [...OLD]],
  ['10:00', [...OLD]],
  ['12:00', [...NEW]],
];

test.each<[string, string, string[]]>([
  ['before any snapshot', '07:59', []],
  ['when it was first seen', '08:00', ['i-old']],
  ['before it was last seen', '09:59', ['i-old']],
  ['between the two', '11:00', ['i-new', 'i-old']],
  ['when the next was first seen', '12:00', ['i-new']],
  ['within the age that the newest snapshot is taken to hold', '13:59', ['i-new']],
  ['after it', '14:00', []],
])('an address that went from one instance to another: %s', async (_, hour, instances) => {
  expect(await instancesOf(REPLACED, 'address', '10.0.1.5', hour)).toEqual(instances);
});

test.each<[string, string, string[]]>([
  ['of the first', '09:00', ['i-old']],
  ['of either, which tells nothing', '11:00', []],
  ['of the second', '12:00', ['i-new']],
])('a name that went from one instance to another: %s', async (_, hour, instances) => {
  expect(await instancesOf(REPLACED, 'host_name', 'web-1', hour)).toEqual(instances);
});

test('a name that two instances have tells nothing until one of them is gone', async () => {
  const twins: readonly Sight[] = [
    ['08:00', ['a', 'twin', '10.0.1.6'], ['b', 'twin', '10.0.1.7']],
    ['10:00', ['b', 'twin', '10.0.1.7']],
  ];
  expect(await instancesOf(twins, 'host_name', 'twin', '09:00')).toEqual([]);
  expect(await instancesOf(twins, 'host_name', 'twin', '10:00')).toEqual(['i-b']);
  expect(await instancesOf(twins, 'instance_id', 'i-a', '09:00')).toEqual(['i-a']);
});
