import type { SqlRequest } from '#serving/http/sql-runner.ts';

/**
 * What the server and the process that runs a statement say to each other. The server writes a `SqlJob` as one line of JSON to
 * standard input and leaves it open: its end means that nobody waits any more. The process writes the bytes of the answer to
 * standard output and lines of `SqlReport` to descriptor 3: `begun` once, then `done` or `failed` as the last.
 */
export interface SqlJob extends SqlRequest {
  /** A file of this statement's own, for a Parquet answer before it is sent. */
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
