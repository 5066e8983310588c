import type { IsoDate } from '#base/dates.ts';
import type { CondvestError } from '#base/errors.ts';
import { plural } from '#base/plural.ts';
import type { VerifyReport } from '#batch/verify/verify.ts';
import type { RunStep } from '#ports/operations.ts';
import type { AppContext } from '../app.ts';
import type { SimulatedMarketSettings } from '../home-folder/simulated-market.ts';
import type { RunContext } from '../runs/recorded-run.ts';
import type { RunDesk } from '../runs/run-service.ts';
import type { StepProgress } from '../runs/step-recorder.ts';
import { fetchTask } from '../tasks/fetch-tasks.ts';
import { consolidateTask, importTask, resampleTask, verifyTask } from '../tasks/tasks.ts';

/** The first filling of a lake, recorded as a run of kind `build`, so that it can be watched like any other. */

export const BUILD_KIND = 'build';

/** Where the bars come from: a simulated market, the vendor from a session on, or what is in the lake already. */
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
  /** Why sessions could not be fetched, where others could: the pipeline goes on with them. */
  readonly trouble: CondvestError | undefined;
}

/** The steps of a build, in their order. */
export function buildSteps(origin: BuildOrigin): readonly string[] {
  const filling = { simulated: ['simulating', 'importing'], vendor: ['fetching'], present: [] }[origin.kind];
  return [...filling, 'resampling', 'merging', 'verifying'];
}

/** Starts to fill a lake. `report` rejects with what stopped it; what was written up to then stays, and is gone on with. */
export async function startBuild(
  app: AppContext,
  desk: RunDesk,
  request: BuildRequest,
): Promise<{ readonly id: string; readonly report: Promise<BuildReport> }> {
  const { origin, signal, onStep } = request;
  let report: BuildReport | undefined;
  const { id, ended } = await desk.record({ kind: BUILD_KIND, input: origin, signal, onStep }, async (context) => {
    report = await build(app, context, request);
    const { findingCount } = report.verified;
    return { error: findingCount === 0 ? null : `Verification found ${plural(findingCount, 'problem')}` };
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
        ? 'nothing is due'
        : `${counted(filesBefore)} files into ${counted(filesAfter)}, proved equal`,
  );
  const verified = await step(
    'verifying',
    (say) => verifyTask(app, { deep: false }, ({ table, done, total }) => say(done, total, table)),
    ({ findingCount, tables }) => {
      const rows = tables.reduce((sum, table) => sum + table.rows, 0);
      const looked = `${counted(tables.length)} tables, ${counted(rows)} rows`;
      return findingCount === 0 ? `all is well: ${looked}` : `${counted(findingCount)} findings in ${looked}`;
    },
  );
  return { verified, trouble };
}

type Say = (done: number, total: number, detail: string) => void;
type Step = <T>(name: string, work: (say: Say) => Promise<T>, detail: (result: T) => string) => Promise<T>;

/** Bars from the vendor, the newest first. What fails while others succeed is left to the pipeline. */
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
        onProgress: ({ done, total, session, leftMs }) => say(done, total, `${session}, ${lasting(leftMs)} left`),
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
  // The newest was asked for first: what came of the others may only say that it failed before.
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

function lasting(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 1 ? 'less than a minute' : minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
