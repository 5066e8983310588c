import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { GapsReport, LakeStatus, QualityReport } from '#lake/reports.ts';
import type { Notice, Run, RunStep } from '#ports/operations.ts';

/**
 * View of the other layers' work for the server. The composition root provides it, since the layers do not know each
 * other. Reports are plain data; instants are epoch milliseconds.
 */
export interface Upkeep {
  /** The prices are simulated: every view says so. */
  isSimulated(): Promise<boolean>;
  status(): Promise<UpkeepStatus>;
  /** Returns the build in progress while there is nothing to serve yet; undefined when it is done. */
  building(): Building | undefined;
  gaps(request: { readonly symbol?: string | undefined; readonly limit: number }): Promise<GapsReport>;
  quality(request: {
    readonly from?: IsoDate | undefined;
    readonly to?: IsoDate | undefined;
    readonly limit: number;
  }): Promise<QualityReport>;
  runs(limit: number): Promise<readonly Run[]>;
  /** A run with its steps; undefined where there is none of that id. */
  run(id: string): Promise<{ readonly run: Run; readonly steps: readonly RunStep[] } | undefined>;
  notices(request: { readonly openOnly: boolean; readonly limit: number }): Promise<readonly Notice[]>;
  /** Begins a run and returns its id; `pipeline-busy` where one goes on. Undefined: this server runs none. */
  readonly startRun: ((request: { readonly session?: IsoDate | undefined }) => Promise<string>) | undefined;
  /** Calls the listener for each event until the returned function is called. Listeners must not block. */
  listen(listener: (event: UpkeepEvent) => void): () => void;
  /** The next run of the schedule; undefined where this server keeps none. */
  nextRun(): { readonly atMs: InstantMs; readonly reason: string; readonly session: IsoDate } | undefined;
}

export type UpkeepEvent =
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

export interface UpkeepStatus extends LakeStatus {
  /** Where days come from: `massive`, `simulated`, `flat-files`, or null where nothing is fetched. */
  readonly source: string | null;
}
