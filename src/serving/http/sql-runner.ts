/**
 * Runs a statement that somebody typed where it can do no harm: in a process of its own that has no secrets, may read
 * the named files and no others, reaches no network, and is killed when it needs more memory or time than it was given.
 */
export interface SqlRunner {
  /**
   * Resolves when the first bytes of the answer are there. Throws `query-invalid`, `query-not-a-query` or
   * `query-too-large` (memory, rows); the same errors break the bytes off where they come later. Aborting kills the
   * process.
   */
  run(request: SqlRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

export interface SqlRequest {
  readonly statement: string;
  readonly format: ExportFormat;
  /** The tables that it may read, each with the text of its SELECT. */
  readonly views: readonly SqlView[];
  /** The only files that these read, by their path on this machine. */
  readonly files: readonly string[];
  readonly limits: {
    readonly rows: number;
    /** Memory limit of the statement. */
    readonly bytes: number;
  };
}

export interface SqlView {
  /** `bronze.daily_bars`. */
  readonly name: readonly [schema: string, view: string];
  readonly select: string;
}

export const EXPORT_FORMATS = ['csv', 'ndjson', 'parquet', 'arrow'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
