import { describe, expect, it } from 'vitest';
import { DEFAULT_FORMAT } from '../../src/flow-log-fields.ts';
import { parseLogFormat } from '../../src/ingest/log-format.ts';

/** A LogFormat as AWS writes it. */
const written = (names: readonly string[]): string => names.map((name) => `\${${name}}`).join(' ');

describe('parseLogFormat', () => {
  it('gives the names in the order of the format', () => {
    expect(parseLogFormat(written(['end', 'start', 'tcp-flags']), 'test')).toEqual([
      'end',
      'start',
      'tcp-flags',
    ]);
    expect(parseLogFormat(written(DEFAULT_FORMAT), 'test')).toEqual(DEFAULT_FORMAT);
  });

  it('takes a header line and any white space', () => {
    expect(parseLogFormat(' version\taccount-id \n interface-id ', 'test')).toEqual([
      'version',
      'account-id',
      'interface-id',
    ]);
  });

  it('keeps names that it does not know', () => {
    expect(parseLogFormat(written(['version', 'from-version-12']), 'test')).toEqual([
      'version',
      'from-version-12',
    ]);
  });

  it.each([
    ['', 'the log format names no field'],
    ['  ', 'the log format names no field'],
    [
      `${written(['version'])} \${} $start`,
      `the log format holds what is no field: "\${}", "$start"`,
    ],
    [`\${version}\${start}`, `the log format holds what is no field: "\${version}\${start}"`],
    ['version,start', 'the log format holds what is no field: "version,start"'],
    [written(['start', 'end', 'start']), 'the log format names a field twice: start'],
  ])('refuses %j', (format, problem) => {
    expect(() => parseLogFormat(format, 'flow_logs[0].format')).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        place: 'flow_logs[0].format',
        problem,
        remedy: expect.stringMatching(/^(Write|Keep) /),
      }),
    );
  });
});
