import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { GapsReport, LakeStatus, QualityReport } from '#lake/reports.ts';
import type { Notice } from '#ports/notices.ts';
import type { Run, RunStep } from '#ports/runs.ts';

/**
 * View of the other layers' work for the server. The composition root provides it, since the layers do not know each
 * other. Reports are plain data; instants are epoch milliseconds.
 */
export interface Operations {
  /** Returns whether prices are simulated, which every page then shows. */
  isSimulated(): Promise<boolean>;
  status(): Promise<OperationsStatus>;
  /** Returns the progress of the first build; undefined once the lake can be served. */
  building(): Building | undefined;
  gaps(request: { readonly symbol?: string | undefined; readonly limit: number }): Promise<GapsReport>;
  quality(request: {
    readonly from?: IsoDate | undefined;
    readonly to?: IsoDate | undefined;
    readonly limit: number;
  }): Promise<QualityReport>;
  runs(limit: number): Promise<readonly Run[]>;
  /** Returns a run with its steps; undefined for an unknown id. */
  run(id: string): Promise<{ readonly run: Run; readonly steps: readonly RunStep[] } | undefined>;
  notices(request: { readonly openOnly: boolean; readonly limit: number }): Promise<readonly Notice[]>;
  /**
   * Starts a run and returns its id. Throws `pipeline-busy` while one is in progress. Undefined if this server cannot
   * start runs.
   */
  readonly startRun: ((request: { readonly session?: IsoDate | undefined }) => Promise<string>) | undefined;
  /** Adds a listener, which must not block, for events from now on. Returns a function that removes it. */
  listen(listener: (event: OperationsEvent) => void): () => void;
  /** Returns the next scheduled run; undefined if this server runs no schedule. */
  nextRun(): { readonly atMs: InstantMs; readonly reason: string; readonly session: IsoDate } | undefined;
}

export type OperationsEvent =
  | { readonly type: 'run'; readonly run: Run }
  | { readonly type: 'step'; readonly step: RunStep }
  | { readonly type: 'building'; readonly building: Building | undefined }
  | { readonly type: 'notice'; readonly notice: Notice };

export interface Building {
  readonly startedMs: InstantMs;
  readonly steps: readonly {
    readonly name: string;
    readonly state: 'waiting' | 'running' | 'done' | 'failed';
    readonly done: number;
    readonly total: number;
    readonly detail: string;
  }[];
  readonly error: string | null;
}

export interface OperationsStatus extends LakeStatus {
  /** Where days come from: `massive`, `simulated`, `flat-files`, or null where nothing is fetched. */
  readonly source: string | null;
}
