import type { ErrorParts } from '#base/errors.ts';
import type { SqlRequest } from '#serving/http/sql-runner.ts';

/**
 * Protocol between the server and the process that runs a statement. The server writes a `SqlJob` as one line of JSON
 * to standard input and keeps it open; closing it cancels the job. The process writes the result to standard output and
 * `SqlReport` lines to descriptor 3: `begun` once, then `done` or `failed`.
 */
export interface SqlJob extends SqlRequest {
  /** Scratch file of this statement, for a Parquet result before it is sent. */
  readonly scratchPath: string;
}

export type SqlReport =
  | { readonly type: 'begun' }
  | { readonly type: 'done' }
  | ({ readonly type: 'failed' } & Omit<ErrorParts, 'kind' | 'cause'>);

export const REPORT_DESCRIPTOR = 3;
