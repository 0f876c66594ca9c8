import { describe, expect, it } from 'vitest';
import { trinoEngine } from '../../src/engines/trino.ts';

type Answer = { status?: number; body: unknown };

/** A coordinator that gives these answers in turn, and keeps what it was asked. */
function coordinator(...answers: Answer[]) {
  const asked: { url: string; body: unknown; headers: unknown }[] = [];
  const double = async (url: unknown, request: RequestInit = {}): Promise<Response> => {
    asked.push({ url: String(url), body: request.body, headers: request.headers });
    const { status = 200, body } = answers.shift() ?? { status: 500, body: 'no more answers' };
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });
  };
  const engine = trinoEngine({
    ...{ url: 'http://trino.example.com:8080', catalog: 'lake', schema: 'flowproof' },
    user: 'auditor',
    fetch: double as typeof fetch,
  });
  return { asked, engine };
}

const NEXT = 'http://trino.example.com:8080/v1/statement/executing/1';
const type = (rawType: string, ...items: string[]) => ({
  rawType,
  arguments: items.map((item) => ({ kind: 'TYPE', value: { rawType: item, arguments: [] } })),
});

describe('a statement on Trino', () => {
  it('is sent with catalog, schema and UTC, and its pages are one result', async () => {
    const columns = [
      { name: 'a', typeSignature: type('bigint') },
      { name: 'b', typeSignature: type('timestamp') },
      { name: 'c', typeSignature: type('array', 'varchar') },
      { name: 'd', typeSignature: type('map', 'varchar', 'varchar') },
      { name: 'e', typeSignature: type('varbinary') },
    ];
    const row = [
      '9007199254740993',
      '2026-11-02 06:00:00.5',
      ['x', null],
      { q: '2', p: '1' },
      'AQ==',
    ];
    const { asked, engine } = coordinator(
      { status: 503, body: 'starting' },
      { body: { nextUri: NEXT } },
      { body: { nextUri: NEXT, columns, data: [row] } },
      { body: { columns, data: [[1, null, [], null, null]] } },
    );
    const result = await engine.run('select $a', { a: "it's" });
    expect(result).toEqual({
      columns: ['a', 'b', 'c', 'd', 'e'],
      types: ['number', 'time', 'other', 'other', 'other'],
      rows: [
        [
          '9007199254740993',
          '2026-11-02 06:00:00.500000',
          ['x', null],
          [
            ['p', '1'],
            ['q', '2'],
          ],
          '01',
        ],
        [1, null, [], null, null],
      ],
    });
    expect(asked[1]).toMatchObject({
      url: 'http://trino.example.com:8080/v1/statement',
      body: "select 'it''s'",
      headers: { 'X-Trino-Catalog': 'lake', 'X-Trino-Time-Zone': 'UTC' },
    });
    expect(asked.slice(2).map(({ url }) => url)).toEqual([NEXT, NEXT]);
  });

  it.each<[string, Answer[], RegExp]>([
    [
      'an error of Trino',
      [{ body: { error: { errorName: 'SYNTAX_ERROR', message: 'line 1:8' } } }],
      /SYNTAX_ERROR: line 1:8/,
    ],
    ['a refusal', [{ status: 401, body: 'Unauthorized' }], /HTTP 401: Unauthorized/],
    ['no answer of Trino', [{ body: '<html>' }], /no answer of Trino/],
    [
      'a next page elsewhere',
      [{ body: { nextUri: 'http://198.51.100.7/v1/statement' } }],
      /goes on at another server \(http:\/\/198\.51\.100\.7\)/,
    ],
  ])('fails with %s', async (_, answers, message) => {
    const { asked, engine } = coordinator(...answers);
    const failed = expect(engine.run('select 1')).rejects;
    await failed.toMatchObject({ code: 'ENGINE_FAILED', message: expect.stringMatching(message) });
    expect(asked).toHaveLength(1);
  });
});
