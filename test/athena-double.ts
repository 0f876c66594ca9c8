/** Amazon Athena for tests: statements are answered by a function, in the wire format of its API (JSON 1.1). */
import type { Answering, DoubleAnswer } from './http-double.ts';

export type AthenaAnswer = {
  columns: readonly (readonly [name: string, type: string])[];
  /** Cells as Athena tells them; null is left out of the row. */
  rows?: readonly (readonly (string | null)[])[];
  /** What it says when it is asked, in turn; the last one from then on. SUCCEEDED if absent. */
  states?: readonly { state: string; bytes?: number; reason?: string }[];
  /** DDL has no row of names. */
  isDdl?: boolean;
};

const ROWS_OF_A_PAGE = 3;

export type AthenaAccount = {
  answering: Answering;
  /** Bodies of StartQueryExecution, in their order. */
  started: Record<string, unknown>[];
  /** Ids of statements that were stopped. */
  stopped: string[];
};

export function athenaAccount(answerTo: (statement: string) => AthenaAnswer): AthenaAccount {
  const started: Record<string, unknown>[] = [];
  const stopped: string[] = [];
  const asked = new Map<string, number>();
  const answering: Answering = ({ headers, body }) => {
    const input = JSON.parse(body) as Record<string, string>;
    const id = input.QueryExecutionId ?? '';
    const statement = (): string => String(started[Number(id.slice(2))]?.QueryString);
    switch (headers['x-amz-target']) {
      case 'AmazonAthena.StartQueryExecution':
        started.push(input);
        return answer({ QueryExecutionId: `q-${started.length - 1}` });
      case 'AmazonAthena.StopQueryExecution':
        stopped.push(id);
        return answer({});
      case 'AmazonAthena.GetQueryExecution': {
        const states = answerTo(statement()).states ?? [{ state: 'SUCCEEDED' }];
        const count = asked.get(id) ?? 0;
        asked.set(id, count + 1);
        const now = states[Math.min(count, states.length - 1)];
        return answer({
          QueryExecution: {
            QueryExecutionId: id,
            Status: { State: now?.state, StateChangeReason: now?.reason },
            Statistics: { DataScannedInBytes: now?.bytes ?? 0 },
          },
        });
      }
      case 'AmazonAthena.GetQueryResults':
        return answer(resultPage(answerTo(statement()), Number(input.NextToken ?? 0)));
      default:
        throw new Error(`no answer to ${headers['x-amz-target']}`);
    }
  };
  return { answering, started, stopped };
}

function resultPage({ columns, rows = [], isDdl }: AthenaAnswer, from: number): unknown {
  const names = columns.map(([name]) => name);
  const all = isDdl ? rows : [names, ...rows];
  const next = from + ROWS_OF_A_PAGE;
  return {
    ResultSet: {
      ResultSetMetadata: { ColumnInfo: columns.map(([Name, Type]) => ({ Name, Type })) },
      Rows: all.slice(from, next).map((row) => ({
        Data: row.map((cell) => (cell === null ? {} : { VarCharValue: cell })),
      })),
    },
    ...(next < all.length ? { NextToken: String(next) } : {}),
  };
}

function answer(output: unknown): DoubleAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify(output),
  };
}

export function athenaFault(type: string, message: string): DoubleAnswer {
  return { ...answer({ __type: type, message }), status: 400 };
}
