/** What the doctor found, as text for people and as JSON for programs. Names in it may be hostile. */
import { visibleText } from '../text-table.ts';
import type { Check, Verdict } from './check.ts';
import type { DoctorResult } from './doctor.ts';
import type { FlowLogFinding } from './flow-log-check.ts';

const WORDS: Readonly<Record<Verdict, string>> = {
  ok: 'ok',
  warning: 'warning',
  problem: 'PROBLEM',
  not_checked: 'not checked',
};

const WORD_WIDTH = 13;

export function doctorText({ checks, flowLogs }: DoctorResult): string {
  const lines = checks.flatMap(checkLines);
  const details = flowLogs.flatMap(detailLines);
  return `${[...lines, ...details, '', summaryOf(checks)].join('\n')}\n`;
}

function checkLines({ check, subject, verdict, found, fix, statements }: Check): string[] {
  const indent = ' '.repeat(WORD_WIDTH);
  const name = subject === '' ? check : `${check} ${visibleText(subject)}`;
  const [first = '', ...rest] = found.split('\n').map(visibleText);
  return [
    `${WORDS[verdict].padEnd(WORD_WIDTH)}${name}: ${first}`,
    ...rest.map((line) => indent + line),
    ...(fix ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `${indent}→ ${visibleText(line)}`),
    ...(statements ?? []).map((one) => `${indent}  ${visibleText(JSON.stringify(one))}`),
  ];
}

/** The six details, each in a line. */
function detailLines({ flow_log_id: id, details, known_by: knownBy }: FlowLogFinding): string[] {
  if (details.length === 0) return [];
  const basis = knownBy.includes('header') ? ', by the header of its newest object' : '';
  return [
    '',
    `The six details of 10.2.2 in ${visibleText(id)}${basis}`,
    ...details.map(({ element, status, reason, missing_fields: fields }) => {
      const missing = fields.length === 0 ? '' : `; missing fields: ${fields.join(', ')}`;
      return `  ${element.padEnd(20)} ${status.padEnd(9)} ${visibleText(reason)}${missing}`;
    }),
  ];
}

function summaryOf(checks: readonly Check[]): string {
  const count = (verdict: Verdict): number =>
    checks.filter((check) => check.verdict === verdict).length;
  const some = (number: number, what: string): string =>
    `${number} ${what}${number === 1 ? '' : 's'}`;
  return `${some(count('problem'), 'problem')}, ${some(count('warning'), 'warning')}, ${count('ok')} ok, ${count('not_checked')} not checked`;
}

/** Keys are added to it, and none is renamed or removed. */
export function doctorJson({ config, checks, flowLogs, exitCode }: DoctorResult): string {
  const result = {
    config,
    exit_code: exitCode,
    checks: checks.map(({ check, subject, verdict, found, fix, statements }) => ({
      check,
      subject,
      verdict,
      found,
      fix: fix ?? null,
      statements: statements ?? [],
    })),
    flow_logs: flowLogs,
  };
  return `${JSON.stringify(result, null, 2)}\n`;
}
