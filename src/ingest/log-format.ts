/** The `LogFormat` of a flow log: what says which field stands where in a record without a header. */
import { FlowproofError } from '../errors.ts';

const TOKEN = /^(?:\$\{([a-z][a-z0-9_-]*)\}|([a-z][a-z0-9_-]*))$/;

const EXAMPLE = `Write it as DescribeFlowLogs gives it, such as "\${version} \${account-id} \${start}"`;

/**
 * The field names of a `LogFormat`, in order. Accepts AWS's own spelling (`${version} ${account-id}`)
 * and that of a header line (`version account-id`). Names that flowproof does not know are kept: a
 * later version of flow logs adds fields. `place` is shown in errors.
 *
 * Throws FlowproofError CONFIG_INVALID for an empty text, for anything that is no field name (all of
 * them at once) and for a name that stands twice, as one of the two would hide the other.
 */
export function parseLogFormat(format: string, place: string): string[] {
  const tokens = format.split(/\s+/).filter((token) => token !== '');
  if (tokens.length === 0) {
    throw new FlowproofError('CONFIG_INVALID', {
      place,
      problem: 'the log format names no field',
      remedy: `${EXAMPLE}.`,
    });
  }
  const fields: string[] = [];
  const wrong: string[] = [];
  for (const token of tokens) {
    const match = TOKEN.exec(token);
    const name = match?.[1] ?? match?.[2];
    if (name === undefined) wrong.push(token);
    else fields.push(name);
  }
  if (wrong.length > 0) {
    throw new FlowproofError('CONFIG_INVALID', {
      place,
      problem: `the log format holds what is no field: ${wrong.map((token) => JSON.stringify(token)).join(', ')}`,
      remedy: `${EXAMPLE}: names in \${ }, blanks between them.`,
    });
  }
  const twice = [...new Set(fields.filter((field, index) => fields.indexOf(field) !== index))];
  if (twice.length > 0) {
    throw new FlowproofError('CONFIG_INVALID', {
      place,
      problem: `the log format names a field twice: ${twice.join(', ')}`,
      remedy: 'Keep one of the two.',
    });
  }
  return fields;
}
