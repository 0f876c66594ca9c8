/** Secrets reach no error, log, lake or pack, whatever quotes them. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase, readRows } from '../../src/database.ts';
import { FlowproofError, messageOf } from '../../src/errors.ts';
import { createLakeViews } from '../../src/lake.ts';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { withoutSecrets } from '../../src/secrets.ts';
import { TABLES } from '../../src/tables.ts';
import { type HttpDouble, startHttpDouble } from '../http-double.ts';

describe('withoutSecrets', () => {
  test.each([
    [
      'https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F2026&X-Amz-Signature=abc123&X-Amz-Expires=60',
      'https://b.s3.amazonaws.com/k?X-Amz-Credential=[redacted]&X-Amz-Signature=[redacted]&X-Amz-Expires=60',
    ],
    [
      'GET /?X-Amz-Security-Token=Fwo%2Bx/y== failed',
      'GET /?X-Amz-Security-Token=[redacted] failed',
    ],
    ['https://user:pa55word@example.com/hook failed', 'https://[redacted]@example.com/hook failed'],
    ['{"Authorization":"Bearer abc.def.ghi"}', '{"Authorization":"[redacted]"}'],
    [
      'authorization: AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=y\nnext',
      'authorization: [redacted]\nnext',
    ],
    ['sent Bearer abcdefgh12345678 to it', 'sent Bearer [redacted] to it'],
    ['aws_secret_access_key = wJalrXUtnFEMI', 'aws_secret_access_key = [redacted]'],
    ['{"SecretAccessKey": "wJalr/XUtn", "a": 1}', '{"SecretAccessKey": "[redacted]", "a": 1}'],
    ['<SessionToken>FwoGZXIvYXdz</SessionToken>', '<SessionToken>[redacted]</SessionToken>'],
    ['key AKIAIOSFODNN7EXAMPLE is unknown', 'key AKIA[redacted] is unknown'],
    ['-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\nrest', '[redacted]\nrest'],
  ])('%j', (text, safe) => {
    expect(withoutSecrets(text, {})).toBe(safe);
  });

  test.each([
    's3://bucket/AWSLogs/123456789012/ failed with AccessDenied (HTTP 403)',
    'arn:aws:iam::123456789012:role/flowproof with external id audit-1',
    'the token is missing; the password policy is weak; Basic things; Bearer of news',
    'sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  ])('leaves %j', (text) => {
    expect(withoutSecrets(text, {})).toBe(text);
  });

  test('what the environment holds, as it is and in an address', () => {
    const environment = {
      AWS_SECRET_ACCESS_KEY: 'abc/def+ghi=',
      MY_API_KEY: 'short',
      HOME: '/home/flowproof',
      AWS_SHARED_CREDENTIALS_FILE: '/home/flowproof/credentials',
    };
    expect(
      withoutSecrets(
        'abc/def+ghi= abc%2Fdef%2Bghi%3D short /home/flowproof/credentials',
        environment,
      ),
    ).toBe('[redacted] [redacted] short /home/flowproof/credentials');
  });

  test('errors and what was thrown', () => {
    const error = new FlowproofError('USAGE', {
      place: 'https://a:b@example.com/x',
      problem: 'Authorization: Bearer abcdefgh',
      remedy: 'Correct it.',
    });
    expect(error.message).toBe(
      'https://[redacted]@example.com/x: Authorization: [redacted]\n  Correct it.',
    );
    expect(messageOf(new Error('session_token=abcdef'))).toBe('session_token=[redacted]');
  });
});

const SECRETS = {
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7PLANTED',
  AWS_SECRET_ACCESS_KEY: 'planted/Secret+Access/Key0123456789abcdef',
  AWS_SESSION_TOKEN: 'PlantedSessionToken//8wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZ',
};
const KEY_FILE = 'PlantedKeyFileContent0123456789';
/** What must be nowhere. The signature is not planted: the double says which ones it was sent. */
const planted = [
  ...Object.values(SECRETS),
  KEY_FILE,
  ...Object.values(SECRETS).map(encodeURIComponent),
];

const PROGRAM = join(PACKAGE_ROOT, 'dist', 'cli.js');

describe('a run whose calls fail', () => {
  let root = '';
  let double: HttpDouble;
  let printed = '';
  let code = 0;

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'flowproof-secrets-'));
    mkdirSync(join(root, 'logs'));
    writeFileSync(
      join(root, 'logs', 'a.log'),
      'version interface-id start end\n2 eni-1 1793620800 1793620860\n',
    );
    writeFileSync(
      join(root, 'flowproof.yaml'),
      `lake: lake
output: evidence
sources:
  flow_logs:
    - files: [logs/*]
    - cloudwatch_logs: /vpc/flow-logs
      region: us-east-1
      format: \${version} \${interface-id} \${start} \${end}
  inventory:
    - ec2: [us-east-1]
scope:
  - name: cde
    match: { account: ["123456789012"] }
period: { start: 2026-11-02, end: 2026-11-03 }
`,
    );
    // A server that says in its answer all that it was sent, as proxies do.
    double = await startHttpDouble(({ headers }) => {
      const quoted = JSON.stringify({ ...headers, secret: SECRETS.AWS_SECRET_ACCESS_KEY });
      return headers['x-amz-target'] === undefined
        ? {
            status: 403,
            headers: { 'content-type': 'text/xml' },
            body: `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>${quoted.replaceAll('<', '&lt;')}</Message></Error></Errors></Response>`,
          }
        : {
            status: 403,
            headers: { 'content-type': 'application/x-amz-json-1.1' },
            body: JSON.stringify({ __type: 'AccessDeniedException', message: quoted }),
          };
    });
    const run = (...args: string[]): Promise<void> =>
      new Promise((done) => {
        const env = {
          ...{ PATH: process.env.PATH, HOME: root, TMPDIR: join(root, 'tmp') },
          ...SECRETS,
          ...{ AWS_ENDPOINT_URL: double.endpoint, AWS_EC2_METADATA_DISABLED: 'true' },
        };
        execFile(
          process.execPath,
          [PROGRAM, ...args],
          { cwd: root, env },
          (error, stdout, stderr) => {
            printed += stdout + stderr;
            code = error === null ? 0 : Number(error.code);
            done();
          },
        );
      });
    mkdirSync(join(root, 'tmp'));
    await run('run', '--debug');
    await run('status', '--debug');
    await run('query', '--debug', 'select * from rejected_record');
    writeFileSync(
      join(root, 'key.pem'),
      `-----BEGIN PRIVATE KEY-----\n${KEY_FILE}\n-----END PRIVATE KEY-----\n`,
    );
    const config = readFileSync(join(root, 'flowproof.yaml'), 'utf8');
    writeFileSync(join(root, 'signed.yaml'), `${config}signature: { key_file: key.pem }\n`);
    await run('report', '--debug', '--config', 'signed.yaml');
    rmSync(join(root, 'key.pem'));
  }, 120_000);

  afterAll(async () => {
    await double.close();
    rmSync(root, { recursive: true });
  });

  test('did send and get back what is secret', () => {
    const tokens = double.requests.map(({ headers }) => headers['x-amz-security-token']);
    expect(tokens).toContain(SECRETS.AWS_SESSION_TOKEN);
    expect(printed).toMatch(/UnauthorizedOperation|AccessDeniedException/);
    expect(printed).toContain('[redacted]');
    expect(code).not.toBe(0);
    expect(printed).toMatch(/SIGNING_KEY_UNUSABLE/);
  });

  const signatures = (): string[] =>
    double.requests.flatMap(
      ({ headers }) => /Signature=([0-9a-f]{64})/.exec(headers.authorization ?? '')?.[1] ?? [],
    );

  test('prints none of it, with --debug too', () => {
    expect(signatures().length).toBeGreaterThan(0);
    for (const secret of [...planted, ...signatures()]) expect(printed).not.toContain(secret);
  });

  test('keeps none of it in any file', () => {
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      const content = readFileSync(join(file.parentPath, file.name), 'latin1');
      for (const secret of [...planted, ...signatures()]) {
        expect(content.includes(secret), `${file.name} has ${secret}`).toBe(false);
      }
    }
  });

  test('keeps none of it in any table', async () => {
    const database = await openDatabase();
    await createLakeViews(database.connection, join(root, 'lake'));
    for (const { name, layer } of TABLES) {
      if (layer !== 'ingest') continue;
      const rows = await readRows<{ text: string }>(
        database.connection,
        `select cast(columns(*)::varchar as varchar) as text from (select to_json(t)::varchar from ${name} as t)`,
      );
      const all = rows.map(({ text }) => text).join('\n');
      for (const secret of [...planted, ...signatures()]) expect(all.includes(secret)).toBe(false);
    }
    database.close();
  });
});
