import { afterEach, describe, expect, test, vi } from 'vitest';
import { checkEngine } from '../../src/setup/engine-check.ts';
import { type HttpDouble, startHttpDouble } from '../http-double.ts';

let double: HttpDouble | undefined;
afterEach(async () => {
  vi.unstubAllEnvs();
  await double?.close();
  double = undefined;
});

const column = (name: string, rawType: string) => ({ name, typeSignature: { rawType } });

/** A coordinator that answers every statement at once. */
async function trino(keys: Record<string, string> = {}) {
  double = await startHttpDouble(({ body }) => ({
    status: 200,
    body: JSON.stringify(
      body.startsWith('select 1')
        ? { columns: [column('one', 'integer')], data: [[1]] }
        : { columns: [column('node_version', 'varchar')], data: [['470']] },
    ),
  }));
  const settings = { catalog: 'lake', schema: 'flowproof', user: 'auditor', ...keys };
  return { engine: 'trino' as const, lake: 'lake', trino: { url: double.endpoint, ...settings } };
}

describe('the doctor on an engine', () => {
  test('says nothing of DuckDB', async () => {
    expect(await checkEngine({ engine: 'duckdb', lake: 'lake' })).toEqual([]);
  });

  test('says that it answers, as who asks', async () => {
    vi.stubEnv('TRINO_PASSWORD', 'open sesame');
    const config = await trino({ password_env: 'TRINO_PASSWORD' });
    expect(await checkEngine(config)).toEqual([
      {
        check: 'engine',
        subject: `${double?.endpoint} lake`,
        verdict: 'ok',
        found:
          'Trino 470 answers; tables go to flowproof, and to flowproof_work while a run enriches',
      },
    ]);
    const basic = Buffer.from('auditor:open sesame').toString('base64');
    expect(double?.requests.map(({ headers }) => headers.authorization)).toEqual([
      `Basic ${basic}`,
      `Basic ${basic}`,
    ]);
  });

  test('says what to do where a password is not there', async () => {
    vi.stubEnv('TRINO_PASSWORD', undefined);
    const [check] = await checkEngine(await trino({ password_env: 'TRINO_PASSWORD' }));
    expect(check).toMatchObject({
      verdict: 'problem',
      found: 'trino.password_env: the environment variable TRINO_PASSWORD is not set',
      fix: expect.stringContaining('Set it for the process that runs flowproof'),
    });
    expect(double?.requests).toEqual([]);
  });

  test('says that nobody answers', async () => {
    const config = await trino();
    await double?.close();
    double = undefined;
    const [check] = await checkEngine(config);
    expect(check).toMatchObject({ verdict: 'problem', fix: expect.stringMatching(/./) });
  });
});
