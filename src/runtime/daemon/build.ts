import type { IsoDate } from '#base/dates.ts';
import type { CondvestError } from '#base/errors.ts';
import { plural } from '#base/plural.ts';
import type { VerifyReport } from '#batch/verify/verify.ts';
import type { RunStep } from '#ports/runs.ts';
import type { AppContext } from '../app.ts';
import type { SimulatedMarketSettings } from '../home-folder/simulated-market.ts';
import type { RunContext } from '../runs/recorded-run.ts';
import type { RunService } from '../runs/run-service.ts';
import type { StepProgress } from '../runs/step-recorder.ts';
import { fetchTask } from '../tasks/fetch-tasks.ts';
import { consolidateTask, importTask, resampleTask, verifyTask } from '../tasks/tasks.ts';

/** First build of a lake, recorded as a run of kind `build` so that it can be watched like any other. */

export const BUILD_KIND = 'build';

/**
 * Where the bars come from: a simulated market, the vendor's history from a session on, or bars already in the lake.
 */
export type BuildOrigin =
  | { readonly kind: 'simulated'; readonly market: SimulatedMarketSettings }
  | { readonly kind: 'vendor'; readonly from: IsoDate }
  | { readonly kind: 'present' };

export interface BuildRequest {
  readonly origin: BuildOrigin;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: RunStep) => void) | undefined;
  readonly onProgress?: ((step: string, done: number, total: number, detail: string) => void) | undefined;
}

export interface BuildReport {
  readonly verified: VerifyReport;
  /** Why some sessions could not be fetched although others were. The pipeline retries them. */
  readonly trouble: CondvestError | undefined;
}

/** Returns the steps of a build, in order. */
export function buildSteps(origin: BuildOrigin): readonly string[] {
  const filling = { simulated: ['simulating', 'importing'], vendor: ['fetching'], present: [] }[origin.kind];
  return [...filling, 'resampling', 'merging', 'verifying'];
}

/** Returns why a verification counts as a failure, or null. */
export function describeFindings({ findingCount }: VerifyReport): string | null {
  return findingCount === 0 ? null : `Verification found ${plural(findingCount, 'problem')}`;
}

/**
 * Starts a build. `report` rejects with the error that stopped it; what was written until then stays and is continued
 * later.
 */
export async function startBuild(
  app: AppContext,
  service: RunService,
  request: BuildRequest,
): Promise<{ readonly id: string; readonly report: Promise<BuildReport> }> {
  const { origin, signal, onStep } = request;
  let report: BuildReport | undefined;
  const { id, ended } = await service.record({ kind: BUILD_KIND, input: origin, signal, onStep }, async (context) => {
    report = await build(app, context, request);
    return { error: describeFindings(report.verified) };
  });
  const finished = async (): Promise<BuildReport> => {
    await ended;
    if (report === undefined) throw new Error('a build that ended has a report');
    return report;
  };
  return { id, report: finished() };
}

async function build(app: AppContext, context: RunContext, request: BuildRequest): Promise<BuildReport> {
  const { recorder, signal } = context;
  const { origin, onProgress } = request;
  const step = async <T>(name: string, work: (say: Say) => Promise<T>, detail: (result: T) => string): Promise<T> => {
    signal.throwIfAborted();
    return recorder.step(
      name,
      (progress) => work(sayer(name, progress, onProgress)),
      (result) => ({ detail: detail(result) }),
    );
  };
  let trouble: CondvestError | undefined;
  if (origin.kind === 'simulated') {
    const { market } = origin;
    const to = app.calendar.lastClosedSession(app.clock.nowMs());
    const files = await step(
      'simulating',
      (say) => app.writeMarketFiles(market, to, say),
      ({ rows, sessions }) => `${counted(rows)} bars of ${counted(sessions)} sessions, ${market.from} to ${to}`,
    );
    await step(
      'importing',
      (say) => importTask(app, { files: files.paths, source: 'simulated', onStep: (name) => say(0, 1, name) }),
      ({ changed, datasets }) =>
        changed
          ? datasets.map((part) => `${counted(part.inserted + part.replaced)} ${part.dataset}`).join(', ')
          : 'nothing new',
    );
  }
  if (origin.kind === 'vendor') trouble = await fetchHistory(app, context, origin.from, step);
  await step(
    'resampling',
    async (say) => {
      const { bars } = await resampleTask(app, {}, ({ year, done, total }) => say(done, total, String(year)));
      const failed = bars.intervals.find((part) => part.error !== undefined)?.error;
      if (failed !== undefined) throw failed;
      return bars.intervals;
    },
    (intervals) => {
      const windows = intervals.reduce((sum, part) => sum + part.windows, 0);
      const lengths = intervals.map(({ interval }) => interval).join(', ');
      return windows === 0 ? 'up to date' : `${counted(windows)} windows of ${lengths} sessions`;
    },
  );
  await step(
    'merging',
    () => consolidateTask(app, { mode: 'incremental', maxWorkers: 2 }),
    ({ merged, filesBefore, filesAfter }) =>
      merged.length === 0
        ? 'nothing due'
        : `${counted(filesBefore)} files into ${counted(filesAfter)}, rows proved equal`,
  );
  const verified = await step(
    'verifying',
    (say) => verifyTask(app, { deep: false }, ({ table, done, total }) => say(done, total, table)),
    ({ findingCount, tables }) => {
      const rows = tables.reduce((sum, table) => sum + table.rows, 0);
      const checked = `${counted(tables.length)} tables, ${counted(rows)} rows`;
      return findingCount === 0 ? `no problems in ${checked}` : `${counted(findingCount)} problems in ${checked}`;
    },
  );
  return { verified, trouble };
}

type Say = (done: number, total: number, detail: string) => void;
type Step = <T>(name: string, work: (say: Say) => Promise<T>, detail: (result: T) => string) => Promise<T>;

/** Fetches bars from the vendor, newest session first. Returns the failure of some sessions if others succeeded. */
async function fetchHistory(
  app: AppContext,
  { signal }: RunContext,
  from: IsoDate,
  step: Step,
): Promise<CondvestError | undefined> {
  const report = await step(
    'fetching',
    async (say) => {
      const fetched = await fetchTask(app, {
        from,
        signal,
        onReference: () => say(0, 1, 'listings, splits and dividends'),
        onProgress: ({ done, total, session, leftMs }) => say(done, total, `${session}, ${formatLeft(leftMs)} left`),
      });
      const error = failureOf(fetched.bars.sessions);
      if (error !== undefined && fetched.bars.inserted === 0) throw error;
      return fetched;
    },
    ({ bars, source }) =>
      `${counted(bars.sessions.length)} sessions from ${source}: ${counted(bars.inserted + bars.replaced)} bars written`,
  );
  return failureOf(report.bars.sessions) ?? report.referenceError;
}

function failureOf(sessions: readonly { readonly error?: CondvestError }[]): CondvestError | undefined {
  // The newest session was fetched first; errors of later ones may only repeat that it failed.
  return sessions.findLast(({ error }) => error !== undefined)?.error;
}

function sayer(name: string, progress: StepProgress, onProgress: BuildRequest['onProgress']): Say {
  return (done, total, detail) => {
    onProgress?.(name, done, total, detail);
    progress(total > 1 ? `${counted(done)} of ${counted(total)}: ${detail}` : detail);
  };
}

function counted(count: number): string {
  return count.toLocaleString('en-US');
}

function formatLeft(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 1 ? 'less than a minute' : minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
