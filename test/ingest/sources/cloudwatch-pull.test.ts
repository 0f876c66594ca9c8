import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pullEvents } from '../../../src/ingest/sources/cloudwatch-pull.ts';
import {
  DOUBLE_CREDENTIALS,
  type HttpDouble,
  logGroup,
  startHttpDouble,
} from '../../http-double.ts';

const GROUP = '/vpc/flow-logs';
const at = (text: string): number => Date.parse(text);

let folder = '';
let server: HttpDouble | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowproof-pull-'));
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

describe('slices of a pull', () => {
  const many = Array.from({ length: 500 }, (_, index) => ({
    eventId: `e${index}`,
    timestamp: at('2026-02-01T00:00Z') + index ** 2 * 300,
    ingestionTime: at('2026-02-02T00:00Z'),
    logStreamName: 'eni-0a1b2c3d-all',
    message: `record ${index}`,
  }));

  const pullMany = async (held: typeof many, maxEvents: number) => {
    server = await startHttpDouble(logGroup(GROUP, many, { pageSize: 7 }));
    const asked: number[] = [];
    const path = join(folder, 'pull');
    const group = {
      client: new CloudWatchLogsClient({
        region: 'eu-west-1',
        endpoint: server.endpoint,
        credentials: DOUBLE_CREDENTIALS,
        maxAttempts: 1,
      }),
      logGroup: GROUP,
      place: `cloudwatch-logs://eu-west-1${GROUP}`,
      sleep: async () => {},
      pace: async () => {},
      sliceWidth: 86_400_000,
    };
    const [isKept] = await pullEvents({
      group,
      from: new Date('2026-02-01T00:00Z'),
      until: new Date('2026-02-02T00:00Z'),
      seen: {
        idsBetween: async (from, until, limit) => {
          const inside = held.filter((e) => e.timestamp >= +from && e.timestamp < +until);
          if (inside.length > limit) return undefined;
          asked.push(inside.length);
          return new Set(inside.map(({ eventId }) => eventId));
        },
      },
      paths: [path],
      fileOf: () => 0,
      trailerOf: (_, eventCount) => JSON.stringify({ eventCount }),
      isKeptEmpty: false,
      maxEvents,
    });
    const lines = isKept ? (await readFile(path, 'utf8')).trimEnd().split('\n') : [];
    return { ids: lines.slice(0, -1).map((line) => JSON.parse(line).eventId), lines, asked };
  };

  it('hold no more events than allowed, and lose and double none', async () => {
    const { ids, lines, asked } = await pullMany([], 20);
    expect(ids).toEqual(many.map(({ eventId }) => eventId));
    expect(lines.at(-1)).toBe('{"eventCount":500}');
    expect(asked.length).toBeGreaterThan(500 / 20);
  });

  it('are small enough for the ids that the lake holds as well', async () => {
    const held = many.filter((_, index) => index % 5 !== 0);
    const { ids, asked } = await pullMany(held, 20);
    expect(ids).toEqual(many.filter((_, index) => index % 5 === 0).map(({ eventId }) => eventId));
    expect(Math.max(...asked)).toBeLessThanOrEqual(20);
  });

  it('end at a millisecond, which is taken whole', async () => {
    const { ids } = await pullMany([], 1);
    expect(ids).toHaveLength(500);
  });
});
