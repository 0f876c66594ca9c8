import { expect, it } from 'vitest';
import { BEFORE, inScope, openControlTables } from '../edge-rows.ts';
import { insertRows, pick, type Row, runReport } from '../fixture.ts';

function state(interfaceId: string, hasCheck: boolean | null, own: Row = {}): Row {
  return {
    network_interface_id: interfaceId,
    has_source_check: hasCheck,
    valid_from: BEFORE,
    ...own,
  };
}

it('lists interfaces in scope whose check is off or not known', async () => {
  const database = await openControlTables();
  await insertRows(database, 'scope_interface', [
    inScope('eni-off', { owner_kind: 'ec2_instance' }),
    inScope('eni-nat', { owner_kind: 'nat_gateway' }),
    inScope('eni-null', { owner_kind: 'ec2_instance' }),
    inScope('eni-on', { owner_kind: 'ec2_instance' }),
    inScope('eni-before', { owner_kind: 'ec2_instance' }),
  ]);
  await insertRows(database, 'network_interface', [
    state('eni-off', true, { valid_to: '2026-10-01 06:00:00' }),
    state('eni-off', false, { valid_from: '2026-10-01 06:00:00', valid_to: '2026-10-01 09:00:00' }),
    state('eni-off', true, { valid_from: '2026-10-01 09:00:00' }),
    state('eni-nat', false),
    state('eni-null', null),
    state('eni-on', true),
    // It was off until the period began; and one that is off in no scope.
    state('eni-before', false, { valid_to: '2026-10-01 00:00:00' }),
    state('eni-before', true, { valid_from: '2026-10-01 00:00:00' }),
    state('eni-elsewhere', false),
  ]);
  const rows = await runReport(database, 'source_check_off');
  database.close();
  expect(
    pick(rows, 'network_interface_id', 'off_from_at', 'off_until_at', 'status', 'gap_code').map(
      (row) => Object.values(row).join(' | '),
    ),
  ).toEqual([
    'eni-nat | 2026-10-01 00:00:00 | 2026-10-02 00:00:00 | supports | NSC_SOURCE_CHECK_OFF_BY_AWS',
    'eni-null |  |  | not_evidenced | NSC_SOURCE_CHECK_UNKNOWN',
    'eni-off | 2026-10-01 06:00:00 | 2026-10-01 09:00:00 | contradicts | NSC_SOURCE_CHECK_OFF',
  ]);
});
