import { describe, expect, it } from 'vitest';
import { failCall, fileNameOf, withRetries } from '../../../src/ingest/sources/aws-call.ts';

describe('withRetries', () => {
  it.each(['ECONNRESET', 'EPIPE', 'ETIMEDOUT'])('tries again after %s', async (code) => {
    let calls = 0;
    const call = async (): Promise<string> => {
      calls += 1;
      if (calls < 3) throw Object.assign(new Error('broken'), { code });
      return 'done';
    };
    expect(await withRetries(call, async () => {})).toBe('done');
    expect(calls).toBe(3);
  });

  it('does not repeat a mistake', async () => {
    let calls = 0;
    const call = async (): Promise<never> => {
      calls += 1;
      throw new TypeError('mistake');
    };
    await expect(withRetries(call, async () => {})).rejects.toThrow('mistake');
    expect(calls).toBe(1);
  });
});

describe('failCall', () => {
  const call = { place: 'log group /vpc/flow', operation: 'FilterLogEvents', needs: 'logs:X' };
  const failure = (name: string, httpStatusCode: number): Error =>
    Object.assign(new Error('no'), { name, $metadata: { httpStatusCode } });

  it.each([
    [
      failure('AccessDeniedException', 400),
      'FilterLogEvents failed with AccessDeniedException (HTTP 400): no',
      'The identity that runs flowproof needs logs:X.',
    ],
    [
      failure('ResourceNotFoundException', 400),
      'FilterLogEvents failed with ResourceNotFoundException (HTTP 400): no',
      'Correct the name of the log group, or `region`. The identity that runs flowproof needs logs:X.',
    ],
    [
      failure('ThrottlingException', 400),
      'FilterLogEvents failed with ThrottlingException (HTTP 400): no',
      'It failed 5 times; run again later. The identity that runs flowproof needs logs:X.',
    ],
    [
      Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
      'FilterLogEvents failed with ECONNREFUSED: refused',
      'It failed 5 times; run again later. The identity that runs flowproof needs logs:X.',
    ],
    [
      'text',
      'FilterLogEvents failed with Error: text',
      'The identity that runs flowproof needs logs:X.',
    ],
  ])('explains %s', (thrown, problem, remedy) => {
    expect(() => failCall(thrown, call)).toThrow(
      expect.objectContaining({ code: 'SOURCE_UNREACHABLE', place: call.place, problem, remedy }),
    );
  });
});

describe('fileNameOf', () => {
  it('differs by URI and by version, and holds nothing of either', () => {
    const names = [
      fileNameOf('s3://a/../../b', '"1"'),
      fileNameOf('s3://a/../../b', '"2"'),
      fileNameOf('s3://a/../../c', '"1"'),
    ];
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}$/);
  });
});
