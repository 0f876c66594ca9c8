import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NotifiedEvent } from '../../src/notify/events.ts';
import { notify } from '../../src/notify/notify.ts';
import { MAX_WAITING } from '../../src/notify/outbox.ts';
import { EVENT_KINDS, type Notification } from '../../src/notify-schema.ts';
import { createRedactor } from '../../src/secrets.ts';
import { type HttpDouble, startHttpDouble } from '../http-double.ts';

let lake = '';
let double: HttpDouble;
let status = 200;

beforeEach(async () => {
  lake = mkdtempSync(join(tmpdir(), 'flowproof-notify-'));
  status = 200;
  double = await startHttpDouble(({ path }) => ({ status: path === '/broken' ? 403 : status }));
});

afterEach(async () => {
  await double.close();
  rmSync(lake, { recursive: true });
});

const ENVIRONMENT = { HOOK_SECRET: 'a-secret-of-the-tests', HOOK_URL: '' };

function hook(path: string, on: Notification['on'] = [...EVENT_KINDS]): Notification {
  return { webhook: `${double.endpoint}${path}`, secret_env: 'HOOK_SECRET', on };
}

function event(index: number, changes: Partial<NotifiedEvent> = {}): NotifiedEvent {
  return {
    id: String(index).padStart(32, '0'),
    kind: 'lost_data',
    at: new Date(Date.UTC(2026, 10, 20, 10, 0, index)).toISOString(),
    title: `event ${index}`,
    lines: [],
    run: { command: 'run', run_id: null, exit_code: 3 },
    ...changes,
  };
}

type More = {
  isLakeBusy?: boolean;
  isStopped?: boolean;
  environment?: NodeJS.ProcessEnv;
  onKept?: () => Promise<void>;
};

async function tell(
  notifications: readonly Notification[],
  events: readonly NotifiedEvent[],
  more: More = {},
) {
  const { environment = ENVIRONMENT } = more;
  return notify({
    lake,
    notifications,
    events,
    owner: 'Example Shop',
    isLakeBusy: more.isLakeBusy ?? false,
    isStopped: more.isStopped ?? false,
    onKept: more.onKept ?? (async () => {}),
    redact: createRedactor(Object.keys(ENVIRONMENT), environment),
    environment,
    sleep: async () => {},
  });
}

const outbox = (): string[] => {
  const folder = join(lake, '.flowproof', 'outbox');
  return readdirSync(folder).sort();
};

const told = (): string[] =>
  double.requests.map(({ path, body }) => `${path} ${JSON.parse(body).subject.split(': ')[1]}`);

describe('notify', () => {
  test('tells each channel what it asked for, and keeps nothing', async () => {
    const channels = [hook('/all'), hook('/failed', ['failed_run'])];
    const events = [event(1), event(2, { kind: 'failed_run' })];
    const result = await tell(channels, events);
    expect(result).toEqual({ sentCount: 3, waitingCount: 0, droppedCount: 0, warnings: [] });
    expect(told().sort()).toEqual(['/all event 1', '/all event 2', '/failed event 2']);
    expect(outbox()).toEqual([]);
  });

  test('what cannot be sent waits for the next run, and goes only where it has not been', async () => {
    const channels = [hook('/good'), hook('/broken')];
    const first = await tell(channels, [event(1)]);
    expect(first).toMatchObject({ sentCount: 1, waitingCount: 1 });
    expect(first.warnings).toEqual([
      expect.stringMatching(
        /^notifications\[1\] \(webhook 127\.0\.0\.1:\d+\): 1 notification not sent, the next run tries again: HTTP 403$/,
      ),
    ]);
    expect(outbox()).toEqual([`2026-11-20T10-00-01-000Z-${'1'.padStart(32, '0')}.json`]);
    const file = join(lake, '.flowproof', 'outbox', outbox()[0] ?? '');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain(ENVIRONMENT.HOOK_SECRET);
    double.requests.length = 0;
    const again = await tell(channels, [event(2)]);
    expect(again).toMatchObject({ sentCount: 1, waitingCount: 2 });
    expect(told()).toEqual(['/broken event 1', '/good event 2']);
    expect(outbox()).toHaveLength(2);
  });

  test('a channel that comes back gets everything that waited, oldest first', async () => {
    status = 403;
    await tell([hook('/hook')], [event(2), event(1)]);
    expect(double.requests).toHaveLength(1);
    status = 200;
    double.requests.length = 0;
    expect(await tell([hook('/hook')], [event(3)])).toMatchObject({
      sentCount: 3,
      waitingCount: 0,
    });
    expect(told()).toEqual(['/hook event 1', '/hook event 2', '/hook event 3']);
  });

  test('is bounded: the oldest is given up, and that is said', async () => {
    status = 403;
    const events = Array.from({ length: MAX_WAITING + 2 }, (_, index) => event(index));
    const result = await tell([hook('/hook')], events);
    expect(result).toMatchObject({ waitingCount: MAX_WAITING, droppedCount: 2 });
    expect(result.warnings[0]).toBe(
      `more than ${MAX_WAITING} notifications waited: 2 were given up`,
    );
    expect(outbox()).toHaveLength(MAX_WAITING);
    expect(outbox()[0]).toContain('2'.padStart(32, '0'));
  });

  test('the same event waits once', async () => {
    status = 403;
    await tell([hook('/hook')], [event(1)]);
    await tell([hook('/hook')], [event(1)]);
    expect(outbox()).toHaveLength(1);
  });

  test('what waits for a channel that is no longer configured is let go', async () => {
    status = 403;
    await tell([hook('/hook')], [event(1)]);
    expect(await tell([], [])).toMatchObject({ waitingCount: 0, warnings: [] });
    expect(outbox()).toEqual([]);
  });

  test('a file that somebody broke is taken away', async () => {
    status = 403;
    await tell([hook('/hook')], [event(1)]);
    writeFileSync(join(lake, '.flowproof', 'outbox', outbox()[0] ?? ''), '{');
    expect(await tell([hook('/hook')], [])).toMatchObject({ waitingCount: 0 });
    expect(outbox()).toEqual([]);
  });

  test('while another run has the lake, what waited is left to it', async () => {
    status = 403;
    await tell([hook('/hook')], [event(1)]);
    status = 200;
    double.requests.length = 0;
    const result = await tell([hook('/hook')], [event(2)], { isLakeBusy: true });
    expect(result.sentCount).toBe(1);
    expect(told()).toEqual(['/hook event 2']);
    expect(outbox()).toHaveLength(1);
  });

  test('a run that is to stop sends nothing, and loses nothing', async () => {
    const stopped = await tell([hook('/hook')], [event(1)], { isStopped: true });
    expect(stopped).toEqual({ sentCount: 0, waitingCount: 1, droppedCount: 0, warnings: [] });
    expect(double.requests).toEqual([]);
    expect(await tell([hook('/hook')], [])).toMatchObject({ sentCount: 1, waitingCount: 0 });
  });

  test('is told before it is remembered, and sent where nothing can be kept', async () => {
    const steps: string[] = [];
    writeFileSync(join(lake, '.flowproof'), 'in the way');
    const result = await tell([hook('/hook')], [event(1)], {
      onKept: async () => {
        steps.push(`remembered, ${double.requests.length} sent`);
        throw new Error('no room');
      },
    });
    expect(steps).toEqual(['remembered, 0 sent']);
    expect(result.sentCount).toBe(1);
    expect(result.warnings).toEqual([
      expect.stringMatching(/^a notification could not be kept: /),
      'what was told is not remembered: no room',
    ]);
  });

  test('secrets are in variables, which a warning names and never shows', async () => {
    const url = `${double.endpoint}/broken?token=hidden-token`;
    const entry: Notification = {
      webhook: 'env:HOOK_URL',
      secret_env: 'HOOK_SECRET',
      on: ['lost_data'],
    };
    const absent = await tell([entry], [event(1)], { environment: { HOOK_SECRET: 'x' } });
    expect(absent.warnings[0]).toContain('the environment variable HOOK_URL is not set');
    const environment = { ...ENVIRONMENT, HOOK_URL: url };
    const title = `${url} ${ENVIRONMENT.HOOK_SECRET}`;
    const result = await tell([entry], [event(2, { title })], { environment });
    expect(result.warnings[0]).toBe(
      'notifications[0] (webhook): 2 notifications not sent, the next run tries again: HTTP 403',
    );
    const [{ body = '' } = {}] = double.requests.slice(-1);
    expect(body).not.toMatch(/hidden-token|a-secret/);
    for (const name of outbox()) {
      expect(readFileSync(join(lake, '.flowproof', 'outbox', name), 'utf8')).not.toMatch(
        /hidden-token|a-secret/,
      );
    }
  });
});
