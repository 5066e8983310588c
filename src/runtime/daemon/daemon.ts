import type { InstantMs } from '#base/dates.ts';
import { CondvestError, UsageError } from '#base/errors.ts';
import type { RunStep } from '#ports/runs.ts';
import type { AppContext } from '../app.ts';
import { isFromVendor } from '../config/source-choice.ts';
import type { PipelineRunReport } from '../runs/pipeline.ts';
import type { RunService } from '../runs/run-service.ts';
import { statusTask } from '../tasks/fetch-tasks.ts';
import { hasBars } from '../tasks/has-bars.ts';
import { vacuumTask } from '../tasks/tasks.ts';
import { BUILD_KIND, type BuildOrigin, type BuildReport, describeFindings } from './build.ts';
import { unfilledFrom } from './history.ts';
import { isVacuumDue, nextRun, runAfter, type ScheduledRun } from './schedule.ts';

/** Callbacks supplied by the process that hosts the daemon. */
export interface DaemonHost {
  /** Builds the lake with `startBuild` and shows the progress. */
  readonly build: (origin: BuildOrigin) => Promise<BuildReport>;
  readonly onNext: (next: ScheduledRun) => void;
  readonly onStep: (step: RunStep) => void;
  readonly onRun: (report: PipelineRunReport) => void;
  /** Called for a failure that the next run retries. */
  readonly onTrouble: (error: CondvestError) => void;
}

/** The daemon of one lake: its context, the service that records its runs, its host, and the signal that stops it. */
export interface Daemon {
  readonly app: AppContext;
  readonly service: RunService;
  readonly host: DaemonHost;
  readonly signal: AbortSignal;
}

export interface PreviousRun {
  readonly startedMs: InstantMs;
  readonly isComplete: boolean;
}

/** Longest sleep between two looks at the clock, so that a laptop waking up is noticed within a minute. */
const TICK_MS = 30_000;
/** Consecutive runs that catch up after a long outage. */
const CATCH_UP_MAX = 100;
/** Interval between deliveries of due notices while no run is in progress. */
const DELIVER_MS = 5 * 60_000;
/** Error code of an unreachable operational store. */
const STORE_UNAVAILABLE = 'operations-unavailable';
/** Error code while another process holds the work lease. */
const BUSY = 'pipeline-busy';
/**
 * Retries while the lease is held: together longer than its time to live, so that a crashed holder's lease expires
 * meanwhile.
 */
const BUSY_RETRY_MS = 5000;
const BUSY_ATTEMPTS_MAX = 26;
const VACUUM_KIND = 'vacuum';
/** Runs searched for the last vacuum: several months. */
const RUNS_SEARCHED = 1000;

/**
 * Runs the pipeline on the exchange's schedule until `signal` is aborted: after each close, and again when a session
 * has settled. Consolidation is a step of every run; vacuum runs weekly. Missed runs are caught up after sleep or
 * downtime. `previous` is the run before this call, if there was one.
 */
export async function runSchedule(daemon: Daemon, previous?: PreviousRun): Promise<void> {
  const { service, host, signal } = daemon;
  const { calendar, clock } = daemon.app;
  let next = previous === undefined ? nextRun(calendar, clock.nowMs()) : await scheduleAfter(daemon, previous);
  let deliveredMs = clock.nowMs();
  let seenMs = clock.nowMs();
  host.onNext(next);
  while (!signal.aborted) {
    const nowMs = clock.nowMs();
    // The clock was set back: a run scheduled by the fast clock would be late by as much.
    if (nowMs < seenMs) {
      next = runAfter(calendar, { startedMs: nowMs, endedMs: nowMs, again: next.reason === 'again' });
      deliveredMs = nowMs;
      host.onNext(next);
    }
    seenMs = nowMs;
    const waitMs = next.atMs - nowMs;
    if (waitMs > 0) {
      try {
        await clock.sleep(Math.min(waitMs, TICK_MS), signal);
      } catch (cause) {
        if (signal.aborted) return;
        throw cause;
      }
      if (clock.nowMs() - deliveredMs >= DELIVER_MS) {
        deliveredMs = clock.nowMs();
        await guarded(quiet(host), () => service.deliverNotices());
      }
      continue;
    }
    const isComplete = await runOnce(daemon);
    if (signal.aborted) return;
    next = await scheduleAfter(daemon, { startedMs: nowMs, isComplete });
    host.onNext(next);
  }
}

/** Builds the lake. Returns whether it is complete and correct. */
export async function backfill(host: DaemonHost, origin: BuildOrigin): Promise<boolean> {
  const { verified, trouble } = await host.build(origin);
  return verified.findingCount === 0 && trouble === undefined;
}

/**
 * Builds an empty lake and returns whether it is complete. A wrong configuration (such as a wrong key) or an unusable
 * home folder is thrown. An unavailable source or store raises a notice, and `runSchedule` retries what is missing.
 */
export async function initialBackfill(daemon: Daemon, origin: BuildOrigin): Promise<boolean> {
  const { service, host, signal } = daemon;
  try {
    const isComplete = await withLeaseRetry(daemon, () => backfill(host, origin));
    await service.notifyOfRun(BUILD_KIND, null);
    return isComplete;
  } catch (cause) {
    if (signal.aborted || !(cause instanceof CondvestError) || !mayPass(cause)) throw cause;
    host.onTrouble(cause);
    if (cause.code === STORE_UNAVAILABLE) await guarded(host, () => service.outage.away(cause));
    else await service.notifyOfRun(BUILD_KIND, cause.message);
    return false;
  }
}

/** Returns whether the failure may pass, or be fixed elsewhere, while this process keeps running. */
function mayPass(cause: CondvestError): boolean {
  return !(cause instanceof UsageError) && cause.kind !== 'corrupt' && cause.code !== BUSY;
}

/** Runs the pipeline until nothing more can be done now. Returns whether everything succeeded. */
export async function runOnce(daemon: Daemon): Promise<boolean> {
  const { app, service, host, signal } = daemon;
  const isBackfilled = await guarded(host, () => resumeBackfill(daemon));
  // A run in an empty lake would start the simulated market today, and its history would never be built.
  const isEmpty = async (): Promise<boolean> => (await unbuiltMarket(app)) !== undefined;
  if (isBackfilled === undefined && (await guarded(quiet(host), isEmpty)) === true) return false;
  let leftBefore = Number.POSITIVE_INFINITY;
  for (let runs = 0; runs < CATCH_UP_MAX; runs += 1) {
    const report = await guarded(host, async () => {
      try {
        const request = { input: {}, signal, onStep: host.onStep };
        const started = await withLeaseRetry(daemon, () => service.start(request));
        const ended = await started.report;
        await service.outage.back();
        return ended;
      } catch (cause) {
        if (cause instanceof CondvestError && cause.code === STORE_UNAVAILABLE) await service.outage.away(cause);
        throw cause;
      }
    });
    if (report === undefined) return false;
    host.onRun(report);
    if (report.run.state !== 'succeeded') return false;
    if (signal.aborted) return true;
    // Without progress, another run now would only request the same sessions again.
    if (report.left > 0 && report.left < leftBefore) {
      leftBefore = report.left;
      continue;
    }
    // This run completed a build that had failed: the history is there, and everything derived from it.
    if (isBackfilled === true) await service.notifyOfRun(BUILD_KIND, null);
    await guarded(host, () => vacuumIfDue(daemon));
    return isBackfilled === true;
  }
  return false;
}

/** Resumes a backfill that an earlier process or attempt did not finish. Returns whether the history is complete. */
async function resumeBackfill(daemon: Daemon): Promise<boolean> {
  const { app, service, host, signal } = daemon;
  const origin = (await unbuiltMarket(app)) ?? (await unbuiltHistory(app));
  if (origin === undefined) return true;
  const { trouble } = await service.notifying(
    BUILD_KIND,
    signal,
    () => withLeaseRetry(daemon, () => host.build(origin)),
    ({ verified }) => describeFindings(verified),
  );
  return trouble === undefined;
}

async function unbuiltHistory(app: AppContext): Promise<BuildOrigin | undefined> {
  const from = await unfilledFrom(app);
  return from === undefined ? undefined : { kind: 'vendor', from };
}

/** Returns the simulated market of a home whose lake is still empty. */
async function unbuiltMarket(app: AppContext): Promise<BuildOrigin | undefined> {
  if (isFromVendor(app.config) || (await hasBars(app))) return undefined;
  const market = await app.simulatedMarket();
  return market === undefined ? undefined : { kind: 'simulated', market };
}

/**
 * Retries while another process holds the work lease, for example one whose server was killed and that is about to stop
 * at its next safe point. Gives up once the lease of a crashed process would have expired.
 */
async function withLeaseRetry<T>({ app, host, signal }: Daemon, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (cause) {
      const isBusy = cause instanceof CondvestError && cause.code === BUSY;
      if (!isBusy || attempt >= BUSY_ATTEMPTS_MAX) throw cause;
      if (attempt === 1) host.onTrouble(cause);
      await app.clock.sleep(BUSY_RETRY_MS, signal);
    }
  }
}

async function vacuumIfDue({ app, service, signal }: Daemon): Promise<void> {
  const { calendar, clock } = app;
  const runs = await app.runs.latest(RUNS_SEARCHED);
  const last = runs.find(({ kind, state }) => (kind === VACUUM_KIND || kind === BUILD_KIND) && state === 'succeeded');
  if (!isVacuumDue(calendar, last?.startedMs, clock.nowMs())) return;
  await service.notifying(VACUUM_KIND, signal, async () => {
    const { ended } = await service.record({ kind: VACUUM_KIND, input: {}, signal }, async ({ recorder }) => {
      await recorder.step(
        'vacuum',
        () => vacuumTask(app, {}),
        ({ files }) => ({ detail: `${files} files deleted` }),
      );
      return { error: null };
    });
    await ended;
  });
}

/**
 * Schedules the next run: soon, if the newest session is incomplete or a run failed; otherwise by the exchange's
 * schedule.
 */
async function scheduleAfter({ app, host }: Daemon, { startedMs, isComplete }: PreviousRun): Promise<ScheduledRun> {
  const { calendar, clock } = app;
  const endedMs = clock.nowMs();
  const session = calendar.lastClosedSession(endedMs);
  const isIncomplete = async (): Promise<boolean> => {
    const { work } = await statusTask(app);
    return work.some((one) => one.session === session && endedMs < calendar.settlesAtMs(session));
  };
  const again = !isComplete || (await guarded(host, isIncomplete)) !== false;
  return runAfter(calendar, { startedMs, endedMs, again });
}

function quiet(host: DaemonHost): DaemonHost {
  return { ...host, onTrouble: () => undefined };
}

/** Reports an expected failure and returns undefined. A bug is thrown and ends the process. */
async function guarded<T>(host: DaemonHost, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof CondvestError)) throw cause;
    host.onTrouble(cause);
    return undefined;
  }
}
