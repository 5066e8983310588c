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
  | {
      readonly type: 'failed';
      readonly code: string;
      readonly message: string;
      readonly found?: string | undefined;
      readonly allowed?: string | undefined;
      readonly action?: string | undefined;
    };

export const REPORT_DESCRIPTOR = 3;
