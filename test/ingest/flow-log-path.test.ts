import { describe, expect, it } from 'vitest';
import {
  hintsOfPath,
  isOtherService,
  isOutsidePeriod,
  isPastPeriod,
  readFlowLogPath,
  readFolderLevel,
} from '../../src/ingest/flow-log-path.ts';

const FILE =
  '123456789012_vpcflowlogs_eu-west-1_fl-0123456789abcdef0_20260203T1620Z_1a2b3c4d.log.gz';
const PLAIN = 'AWSLogs/123456789012/vpcflowlogs/eu-west-1';
const HIVE = 'AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=eu-west-1';
const FIREWALL = 'AWSLogs/123456789012/network-firewall/alert/eu-west-1/edge-1';
const FIREWALL_FILE =
  '123456789012_network-firewall_alert_eu-west-1_edge-1_202602031620_1a2b3c4d.log.gz';
const at = (text: string): Date => new Date(text);
const february = { start: at('2026-02-01T00:00Z'), end: at('2026-03-01T00:00Z') };

const ofFile = {
  accountId: '123456789012',
  region: 'eu-west-1',
  flowLogId: 'fl-0123456789abcdef0',
  fileTime: at('2026-02-03T16:20Z'),
};
const ofFirewall = {
  accountId: '123456789012',
  region: 'eu-west-1',
  fileTime: at('2026-02-03T16:20Z'),
};
const day = { start: at('2026-02-03T00:00Z'), end: at('2026-02-04T00:00Z') };
const hour = { start: at('2026-02-03T16:00Z'), end: at('2026-02-03T17:00Z') };

describe('readFlowLogPath', () => {
  it.each([
    [`${PLAIN}/2026/02/03/${FILE}`, { ...ofFile, dateFolder: day }],
    [`org/team/prefix/${PLAIN}/2026/02/03/${FILE}`, { ...ofFile, dateFolder: day }],
    [`${PLAIN}/2026/02/03/16/${FILE}`, { ...ofFile, dateFolder: hour }],
    [`${HIVE}/year=2026/month=02/day=03/${FILE}`, { ...ofFile, dateFolder: day }],
    [`x/${HIVE}/year=2026/month=02/day=03/hour=16/${FILE}`, { ...ofFile, dateFolder: hour }],
    [
      `AWSLogs/aws-account-id=123456789012/service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=02/day=03/${FILE}`,
      { ...ofFile, dateFolder: day },
    ],
    [
      `AWSLogs/o-a1b2c3d4e5/123456789012/vpcflowlogs/eu-west-1/2026/02/03/${FILE}`,
      { ...ofFile, dateFolder: day },
    ],
    [`AWSLogs/old/${PLAIN}/2026/02/03/${FILE}`, { ...ofFile, dateFolder: day }],
    [FILE, ofFile],
    [
      `${PLAIN}/2026/02/03/renamed.log`,
      { accountId: '123456789012', region: 'eu-west-1', dateFolder: day },
    ],
    [
      'AWSLogs/123456789012/CloudTrail/eu-west-1/2026/02/03/trail.json.gz',
      { accountId: '123456789012', region: 'eu-west-1', dateFolder: day },
    ],
  ])('reads %s', (path, expected) => {
    expect(readFlowLogPath(path)).toEqual(expected);
  });

  it.each([
    ['logs/ips/2026/02/03/eve.json'],
    ['AWSLogs/123456789012/Config/eu-west-1/2026/2/3/ConfigHistory/history.json.gz'],
    ['awslogs/123456789012/vpcflowlogs/eu-west-1/2026/02/03/a.log'],
    [''],
  ])('says nothing of %j', (path) => {
    expect(readFlowLogPath(path)).toEqual({});
  });

  it.each([['2026/02/30'], ['2026/2/3'], ['2026/13/01'], ['2026/02'], ['latest/02/03']])(
    'takes %s for no date',
    (folder) => {
      expect(readFlowLogPath(`${PLAIN}/${folder}/a.log`)).toEqual({
        accountId: '123456789012',
        region: 'eu-west-1',
      });
    },
  );

  it.each([
    [`${FIREWALL}/2026/02/03/16/${FIREWALL_FILE}`, { ...ofFirewall, dateFolder: hour }],
    [`a/b/${FIREWALL}/2026/02/03/${FIREWALL_FILE}`, { ...ofFirewall, dateFolder: day }],
    [FIREWALL_FILE, ofFirewall],
    // The time as the guide writes it, which no real key was seen to have.
    [FIREWALL_FILE.replace('202602031620', '20260203T1620Z'), ofFirewall],
    [
      `${FIREWALL}/2026/02/03/renamed.log.gz`,
      { accountId: '123456789012', region: 'eu-west-1', dateFolder: day },
    ],
    [`${FIREWALL}/latest/x.log.gz`, { accountId: '123456789012', region: 'eu-west-1' }],
  ])('reads the tree of Network Firewall: %s', (path, expected) => {
    expect(readFlowLogPath(path)).toEqual(expected);
  });

  it('gives hints without dates', () => {
    expect(hintsOfPath(readFlowLogPath(`${PLAIN}/2026/02/03/${FILE}`))).toEqual({
      accountId: '123456789012',
      region: 'eu-west-1',
      flowLogId: 'fl-0123456789abcdef0',
    });
    expect(hintsOfPath({})).toEqual({});
  });
});

describe('isOutsidePeriod', () => {
  it.each([
    ['2026/01/30', true],
    ['2026/01/31', false],
    ['2026/02/28', false],
    ['2026/03/01', false],
    ['2026/03/02', true],
  ])('keeps a day on either side: %s', (folder, expected) => {
    const path = readFlowLogPath(`${PLAIN}/${folder}/a.log`);
    expect(isOutsidePeriod(path, february)).toBe(expected);
  });

  it.each([
    ['20260130T2350Z', true],
    ['20260130T2355Z', true],
    ['20260131T0000Z', false],
    ['20260301T2355Z', false],
    ['20260302T0000Z', true],
  ])('goes by the name of the file where there is no folder: %s', (time, expected) => {
    const path = readFlowLogPath(FILE.replace('20260203T1620Z', time));
    expect(isOutsidePeriod(path, february)).toBe(expected);
  });

  it.each([
    ['2026/01/30/23', true],
    ['2026/01/31/00', false],
    ['2026/03/01/23', false],
    ['2026/03/02/00', true],
  ])('skips by the hours of Network Firewall: %s', (folder, expected) => {
    const path = readFlowLogPath(`${FIREWALL}/${folder}/a.log.gz`);
    expect(isOutsidePeriod(path, february)).toBe(expected);
  });

  it('keeps what says no date', () => {
    expect(isOutsidePeriod({}, february)).toBe(false);
  });

  it('knows what comes after the period', () => {
    const past = (folder: string): boolean =>
      isPastPeriod(readFlowLogPath(`${PLAIN}/${folder}/a.log`), february);
    expect([past('2026/01/01'), past('2026/03/01'), past('2026/03/02')]).toEqual([
      false,
      false,
      true,
    ]);
  });
});

describe('readFolderLevel', () => {
  it.each([
    ['', { kind: 'above' }],
    ['logs/AWSLog', { kind: 'above' }],
    ['logs/AWSLogs/', { kind: 'tree' }],
    ['AWSLogs/o-a1b2c3d4e5/', { kind: 'tree' }],
    ['AWSLogs/123456789012/vpc', { kind: 'tree' }],
    ['AWSLogs/123456789012/vpcflowlogs/', { kind: 'tree' }],
    [`${PLAIN}/20`, { kind: 'tree' }],
    ['AWSLogs/123456789012/network-firewall/', { kind: 'tree' }],
    ['AWSLogs/123456789012/network-firewall/alert/eu-west-1/', { kind: 'tree' }],
    [`${FIREWALL}/20`, { kind: 'tree' }],
    [`${FIREWALL}/2025/`, { kind: 'dates', isOutside: true, firstKey: `${FIREWALL}/2026/01/31` }],
    [`${FIREWALL}/2026/`, { kind: 'dates', isOutside: false, firstKey: `${FIREWALL}/2026/01/31` }],
    ['AWSLogs/123456789012/Config/', { kind: 'other' }],
    [`${PLAIN}/copies/`, { kind: 'other' }],
    [`${PLAIN}/2025/`, { kind: 'dates', isOutside: true, firstKey: `${PLAIN}/2026/01/31` }],
    [`${PLAIN}/2026/`, { kind: 'dates', isOutside: false, firstKey: `${PLAIN}/2026/01/31` }],
    [`${PLAIN}/2026/02/0`, { kind: 'dates', isOutside: false, firstKey: `${PLAIN}/2026/01/31` }],
    [
      `a/${HIVE}/year=2026/`,
      { kind: 'dates', isOutside: false, firstKey: `a/${HIVE}/year=2026/month=01/day=31` },
    ],
  ])('places %j', (prefix, expected) => {
    expect(readFolderLevel(prefix, february)).toEqual(expected);
  });

  it('enters the year before if the period opens on its last day or the next', () => {
    const january = { start: at('2026-01-01T00:00Z'), end: at('2026-02-01T00:00Z') };
    expect(readFolderLevel(`${PLAIN}/2025/`, january)).toEqual({
      kind: 'dates',
      isOutside: false,
      firstKey: `${PLAIN}/2025/12/31`,
    });
  });
});

describe('isOtherService', () => {
  const owner = '123456789012';

  it.each([
    [`logs/AWSLogs/${owner}/CloudTrail/us-east-1/2026/11/02/x.json.gz`, true],
    [`AWSLogs/o-abcdefghij/${owner}/Config/`, true],
    [`AWSLogs/${owner}/network-firewall/flow/us-east-1/edge/2026/11/02/00/x.log.gz`, true],
    [`AWSLogs/aws-account-id=${owner}/aws-service=elasticloadbalancing/x.log.gz`, true],
    [`AWSLogs/${owner}/vpcflowlogs/us-east-1/2026/11/02/x.log.gz`, false],
    [`AWSLogs/aws-account-id=${owner}/aws-service=vpcflowlogs/`, false],
    [`AWSLogs/aws-account-id=${owner}/service=vpcflowlogs/`, false],
    [`AWSLogs/${owner}/`, false],
    [`AWSLogs/${owner}/notes.txt`, false],
    ['AWSLogs/backup/x.log.gz', false],
    ['CloudTrail/x.json.gz', false],
  ])('%s: %s', (path, expected) => {
    expect(isOtherService(path)).toBe(expected);
  });

  it.each([
    [`logs/AWSLogs/${owner}/CloudTrail/us-east-1/2026/11/02/x.json.gz`, false],
    [`AWSLogs/o-abcdefghij/${owner}/CloudTrail/`, false],
    [`AWSLogs/${owner}/CloudTrail-Digest/us-east-1/2026/11/02/x.json.gz`, true],
    [`AWSLogs/${owner}/CloudTrail-Insight/us-east-1/2026/11/02/x.json.gz`, true],
    [`AWSLogs/${owner}/vpcflowlogs/us-east-1/2026/11/02/x.log.gz`, true],
    [`AWSLogs/${owner}/`, false],
  ])('to those who read CloudTrail, %s: %s', (path, expected) => {
    expect(isOtherService(path, 'CloudTrail')).toBe(expected);
  });
});
