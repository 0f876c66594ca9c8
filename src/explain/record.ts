/** The record that is asked for, by its id; and what to say where there is none. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { FlowproofError } from '../errors.ts';
import { findFlowLogField } from '../flow-log-fields.ts';
import { visibleText } from '../text-table.ts';
import { ask, cutTo, type PlainRow } from './ask.ts';
import type { ExplainedRecord } from './explanation.ts';

export type FoundRecord = { shown: ExplainedRecord; flowDate: string };

type Place = { objectId: string; lineNumber: bigint };

/** Reads a record. Throws USAGE if the id is none, FLOW_UNKNOWN if the lake has no such record. */
export async function readRecord(
  connection: DuckDBConnection,
  flowId: string,
): Promise<FoundRecord> {
  const place = parseFlowId(flowId);
  const [row] = await ask(connection, 'record', valuesOf(place));
  if (row === undefined) throw await unknownFlow(connection, place);
  return {
    shown: {
      ...(cutTo('record', row) as ExplainedRecord),
      fields: fieldsOf(row),
      extra: (row.extra ?? {}) as ExplainedRecord['extra'],
    },
    flowDate: String(row.flow_date).slice(0, 10),
  };
}

function parseFlowId(flowId: string): Place {
  const match = /^([^\s:]{1,64}):([1-9]\d{0,15})$/.exec(flowId);
  if (!match?.[1] || !match[2]) {
    throw new FlowproofError('USAGE', {
      place: 'flowproof explain',
      problem: `"${visibleText(flowId.slice(0, 100))}" is no flow id`,
      remedy: `Give the id of an object and a line, such as 1df778edd8be0f97:1. ${listing()}`,
    });
  }
  return { objectId: match[1], lineNumber: BigInt(match[2]) };
}

function valuesOf({ objectId, lineNumber }: Place): { object_id: string; line_number: bigint } {
  return { object_id: objectId, line_number: lineNumber };
}

/** The fields that the object has, in its order, by AWS's names. */
function fieldsOf(row: PlainRow): ExplainedRecord['fields'] {
  const names = Array.isArray(row.fields) ? row.fields.map(String) : [];
  return Object.fromEntries(
    names.flatMap((name) => {
      const field = findFlowLogField(name);
      return field ? [[field.name, row[field.column] as string | number | null]] : [];
    }),
  );
}

/** How to list ids: of one object, or of any. */
function listing(objectId?: string): string {
  const where = objectId === undefined ? '' : ` where object_id = '${visibleText(objectId)}'`;
  return `List ids: flowproof query "select flow_id, srcaddr, dstaddr from flow${where} limit 10"`;
}

/** Says what stands in the place of a record that is not there. */
async function unknownFlow(connection: DuckDBConnection, place: Place): Promise<FlowproofError> {
  const { objectId, lineNumber } = place;
  const [row] = await ask(connection, 'whereabouts', valuesOf(place));
  const say = (problem: string, remedy: string): FlowproofError =>
    new FlowproofError('FLOW_UNKNOWN', {
      place: visibleText(`${objectId}:${lineNumber}`),
      problem: visibleText(problem),
      remedy,
    });
  if (row === undefined) {
    return say(
      `the lake has no object ${objectId}`,
      `What was not read yet, flowproof ingest reads. ${listing()}`,
    );
  }
  if (row.superseding_object_id !== null) {
    const later = String(row.superseding_object_id);
    return say(`${row.uri} was replaced by later content, object ${later}`, listing(later));
  }
  const line = `line ${lineNumber} of ${row.uri}`;
  if (row.rejected_reason !== null) {
    return say(
      `${line} could not be read: ${row.rejected_reason}`,
      `Look at it: flowproof query "select decode(record_bytes) from rejected_record where object_id = '${objectId}' and line_number = ${lineNumber}"`,
    );
  }
  if (row.log_status !== null) {
    return say(
      `${line} is a ${row.log_status} record, which describes an interval and no flow`,
      'Such records are in flow_status: flowproof query "select * from flow_status limit 10"',
    );
  }
  if (row.gone_text !== null) {
    return say(
      `the raw rows of ${row.gone_text} have left the lake, as the retention of the configuration says, and ${line} may be one of them`,
      row.is_archived
        ? `Bring the day back: flowproof retain --restore ${row.gone_date}`
        : `What was removed and when: flowproof query "select * from retention_action where log_date = '${row.gone_date}'". The line itself is in the original, if that is kept.`,
    );
  }
  return say(
    `${line} is no flow (of kind ${row.kind}, ${row.status}, with ${row.line_count} lines)`,
    listing(objectId),
  );
}
